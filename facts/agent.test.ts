import { describe, expect, it } from 'vitest';
import { toAgentDefinition } from './agent.ts';

const metadata = { name: 'datadog' };
const pods = { container: { names: ['system-probe'] }, images: ['datadog/agent'] };

describe('toAgentDefinition', () => {
  it('reads an agent as it is written', () => {
    const spec = {
      type: 'Datadog',
      pods: { ...pods, namespaces: ['datadog'], selector: { matchLabels: { app: 'datadog' } }, minimumEvidence: 3 },
      sidecar: { container: { names: ['datadog-agent-injected'] } },
      protection: {
        anyOf: [
          { env: { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' }, container: 'system-probe' },
          { configMap: { nameSuffix: '-config', key: 'a.yaml', yamlPath: 'a.enabled', value: 'true' } },
          { nodeLabel: { key: 'example.com/protection', notValues: ['off'] } },
          { nodeLabel: { key: 'example.com/other' } },
          { containerPresent: 'security-agent' },
        ],
        remedy: 'Set datadog.securityAgent.runtime.enabled to true',
      },
      minVersion: '7.65.0',
      operatingSystems: ['linux', 'windows'],
      runtimeHandlers: ['kata'],
      telemetry: { mode: 'Scrape', port: 8080, interval: '30s', staleAfter: '2m' },
    };
    expect(toAgentDefinition({ metadata, spec })).toStrictEqual({
      ok: true,
      value: {
        name: 'datadog',
        type: 'Datadog',
        namespaces: ['datadog'],
        pods: {
          selector: { matchLabels: { app: 'datadog' }, matchExpressions: [] },
          containerNames: ['system-probe'],
          images: ['datadog/agent'],
          minimumEvidence: 3,
        },
        sidecar: { selector: undefined, containerNames: ['datadog-agent-injected'], images: [], minimumEvidence: 1 },
        protection: [
          { kind: 'env', container: 'system-probe', name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
          { kind: 'configMap', nameSuffix: '-config', key: 'a.yaml', path: 'a.enabled', value: 'true' },
          { kind: 'nodeLabel', key: 'example.com/protection', notValues: ['off'] },
          { kind: 'nodeLabel', key: 'example.com/other', notValues: [] },
          { kind: 'containerPresent', container: 'security-agent' },
        ],
        protectionRemedy: 'Set datadog.securityAgent.runtime.enabled to true',
        minVersion: '7.65.0',
        operatingSystems: ['linux', 'windows'],
        runtimeHandlers: ['kata'],
        telemetry: { mode: 'Scrape', interval: 30_000, staleAfter: 120_000 },
      },
    });
  });

  it.each([
    ['three intervals', 'Falco', { interval: '20s' }, 60_000],
    ['three intervals of the default', 'Falco', {}, 180_000],
    ["fifteen minutes for Datadog's heartbeats", 'Datadog', { interval: '20s' }, 900_000],
    ['what is written, for Datadog too', 'Datadog', { staleAfter: '5m' }, 300_000],
  ])('takes a reading as stale after %s', (_, type, telemetry, staleAfter) => {
    expect(toAgentDefinition({ metadata, spec: { type, pods, telemetry } })).toMatchObject({
      ok: true,
      value: { telemetry: { mode: 'None', staleAfter } },
    });
  });

  it('takes the defaults of its schema', () => {
    expect(toAgentDefinition({ metadata, spec: { type: 'Datadog', pods } })).toMatchObject({
      ok: true,
      value: {
        namespaces: [],
        pods: { selector: undefined, minimumEvidence: 2 },
        sidecar: undefined,
        protection: [],
        minVersion: undefined,
        operatingSystems: ['linux'],
        runtimeHandlers: [],
      },
    });
  });

  it('recognises no pod of an agent that is only ever a sidecar', () => {
    const spec = { type: 'Custom', sidecar: { images: ['example/agent'] } };
    expect(toAgentDefinition({ metadata, spec })).toMatchObject({
      ok: true,
      value: { pods: { selector: undefined, containerNames: [], images: [] } },
    });
  });

  it('lists every path that is wrong', () => {
    const result = toAgentDefinition({ metadata, spec: { type: 'Antivirus', pods: { images: ['UPPER:1'] } } });
    expect(result).toMatchObject({ ok: false, name: 'datadog' });
    const error = result.ok ? '' : result.error;
    expect(error).toContain('spec.type: ');
    expect(error).toContain('spec.pods.images[0]: an image must be a repository');
  });
});
