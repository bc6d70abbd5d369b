import { describe, expect, it } from 'vitest';
import { Store } from '../../kube/store.ts';
import type { RawObject } from '../watches.ts';
import { followScrapedAgents, usesCredentials } from './settings.ts';

const anAgent = (name: string, telemetry: object, status: object = {}): RawObject =>
  ({
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'ProtectionAgent',
    metadata: { name, uid: name },
    spec: {
      type: 'Falco',
      pods: { namespaces: ['falco'], container: { names: ['falco'] }, images: ['falcosecurity/falco'] },
      telemetry,
    },
    status,
  }) as RawObject;

const store = (...objects: readonly RawObject[]) => {
  const agents = new Store<RawObject>({ keyOf: ({ metadata: { name } }) => ({ namespace: '', name }) });
  for (const object of objects) agents.upsert(object);
  return agents;
};

describe('the settings of scraped agents', () => {
  it('are those of the ProtectionAgent, with what is left out filled in', () => {
    const { all } = followScrapedAgents(store(anAgent('falco', { mode: 'Scrape', port: 8765 })), () => {});
    expect(all()).toEqual([
      {
        agent: 'falco',
        type: 'Falco',
        port: 8765,
        path: '/metrics',
        intervalMs: 60_000,
        staleAfterMs: 180_000,
        tls: undefined,
        token: undefined,
        custom: undefined,
      },
    ]);
  });

  it('name Secrets where there are any', () => {
    const telemetry = {
      mode: 'Scrape',
      port: 8765,
      scheme: 'HTTPS',
      tls: {
        caSecretRef: { name: 'ca', key: 'ca.crt' },
        clientSecretRef: { name: 'client' },
        serverName: 'falco.example',
      },
      authorization: { secretRef: { name: 'token', key: 'token' } },
    };
    const [settings] = followScrapedAgents(store(anAgent('falco', telemetry)), () => {}).all();
    expect(settings).toMatchObject({
      tls: { authority: { name: 'ca', key: 'ca.crt' }, client: 'client', serverName: 'falco.example', insecure: false },
      token: { name: 'token', key: 'token' },
    });
    expect(usesCredentials(settings!)).toBe(true);
    expect(usesCredentials({ ...settings!, token: undefined })).toBe(true);
    expect(usesCredentials({ ...settings!, token: undefined, tls: undefined })).toBe(false);
  });

  it('leave out agents that are not scraped', () => {
    const agents = store(anAgent('pushes', { mode: 'Push' }), anAgent('silent', { mode: 'None' }));
    expect(followScrapedAgents(agents, () => {}).all()).toEqual([]);
  });

  it('keep their identity while they say the same, whatever is written into the status', () => {
    const agents = store(anAgent('falco', { mode: 'Scrape', port: 8765 }));
    let changes = 0;
    const { all } = followScrapedAgents(agents, () => (changes += 1));
    const [before] = all();
    agents.upsert(anAgent('falco', { mode: 'Scrape', port: 8765 }, { nodes: 3 }));
    expect(all()[0]).toBe(before);
    expect(changes).toBe(0);
    agents.upsert(anAgent('falco', { mode: 'Scrape', port: 9999 }));
    expect(all()).toMatchObject([{ port: 9999 }]);
    agents.upsert(anAgent('falco', { mode: 'None' }));
    expect(all()).toEqual([]);
    agents.remove('', 'falco');
    expect(changes).toBe(3);
  });

  it('stay as they were while the object cannot be read', () => {
    const agents = store(anAgent('falco', { mode: 'Scrape', port: 8765 }));
    const { all } = followScrapedAgents(agents, () => {});
    agents.upsert(anAgent('falco', { mode: 'Sometimes' }));
    expect(all()).toMatchObject([{ port: 8765 }]);
  });
});
