import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventAdapters } from '../events.ts';
import { object } from '../read.ts';
import { findingsOf } from '../testing/findings-of.ts';
import { fixture } from '../testing/read.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const happenedAt = Date.UTC(2026, 7, 1, 10, 0, 0, 123);
const itemsOf = (name: string) => object(JSON.parse(fixture('generic', `events-${name}.json`)) as unknown);
const readAll = (item: unknown) => eventAdapters.get('generic')?.eventsOf(item, receivedAt) ?? [];
const read = (item: unknown) => readAll(item)[0];

const origin = {
  node: 'node-1',
  namespace: 'shop',
  pod: 'web-6d5f9c7b8d-x2k4p',
  podUid: '6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f',
  containerId: '3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01',
  container: 'web',
  image: 'registry.example.com/shop/web:1.4.2',
  onHost: false,
};

describe('a generic event', () => {
  it('in the neutral form is taken as it is', () => {
    expect(read(itemsOf('neutral')['metadata service'])).toEqual({
      id: 'h-1',
      at: happenedAt,
      agentType: 'Custom',
      policy: 'hygiene',
      rule: 'metadata',
      tags: ['network'],
      tactics: ['TA0006'],
      techniques: ['T1552.005'],
      origin: { node: 'node-1', namespace: 'shop', pod: 'web-6d5f9c7b8d-x2k4p', container: 'web', onHost: false },
      process: {
        executable: '/usr/bin/curl',
        name: 'curl',
        arguments: 'curl http://169.254.169.254/',
        user: 'app',
        terminal: false,
      },
      destination: '169.254.169.254:80',
    });
  });

  it.each([
    ['169.254.169.254', '169.254.169.254'],
    ['169.254.169.254:80', '169.254.169.254:80'],
    ['fd00:ec2::254', 'fd00:ec2::254'],
    ['[fd00:ec2::254]:80', '[fd00:ec2::254]:80'],
    ['metadata.google.internal:80', 'metadata.google.internal:80'],
  ])('reached %s, written %s', (destination, expected) => {
    expect(read({ rule: 'x', destination })?.destination).toBe(expected);
  });

  it('may have its place in an object of its own', () => {
    expect(read({ rule: 'x', origin: { node: 'n', onHost: true } })?.origin).toEqual({ node: 'n', onHost: true });
  });

  it('that says nothing of what happened is none', () => {
    expect(readAll({ id: 'x', node: 'node-1', namespace: 'shop', pod: 'web' })).toEqual([]);
  });

  it('of OCSF is read whole', () => {
    expect(read(itemsOf('ocsf-1.4.0')['detection finding'])).toEqual({
      id: 'e-1',
      at: happenedAt,
      agentType: 'Custom',
      rule: 'compilers',
      tags: ['posture', 'Posture'],
      tactics: ['TA0005'],
      techniques: ['T1027', 'T1027.004'],
      origin,
      process: { executable: '/usr/bin/gcc', name: 'gcc', arguments: 'gcc main.c', parentName: 'make', user: 'root' },
      message: 'gcc ran in a container',
    });
    expect(read(itemsOf('ocsf-1.4.0')['process activity'])).toMatchObject({
      id: 'e-2',
      origin: { node: 'node-1', podUid: origin.podUid, containerId: origin.containerId, onHost: false },
      process: { name: 'apk', arguments: 'apk add curl' },
    });
  });
});

it('a finding of OCSF that is told of again without an id of its own event is another event', () => {
  const finding = { class_uid: 2004, finding_info: { uid: 'f-1', title: 'x' } };
  const ids = [1785578400123, 1785578400124].map((time) => read({ ...finding, time })?.id);
  expect(ids).toEqual(['f-1 1785578400123', 'f-1 1785578400124']);
});

describe('the example in the documents', () => {
  it('makes the finding that it tells of', () => {
    const page = readFileSync(new URL('../../docs/ingest.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```json\n(.*?)^```/ms.exec(page) ?? [];
    expect(readAll(JSON.parse(example)).map(findingsOf)).toEqual(['shop/Deployment/web/web: CompilerInContainer']);
  });
});

describe('an envelope of CloudEvents', () => {
  const anEnvelope = (more: Readonly<Record<string, unknown>>) => ({
    specversion: '1.0',
    id: 'c-1',
    source: '/x',
    type: 'x',
    time: '2026-08-01T10:00:00.123Z',
    ...more,
  });

  it.each([
    ['falco.rule.output.v1', 'https://falco.org', { rule: 'x', output: 'x' }, 'Falco'],
    ['io.cilium.tetragon.event', '/x', { process_exec: { process: { binary: '/bin/ls' } } }, 'Tetragon'],
    ['alert', 'kubearmor-relay', { Operation: 'Process', Type: 'MatchedPolicy' }, 'KubeArmor'],
    ['alert', '/kubescape/node-agent', { alertName: 'x' }, 'Kubescape'],
    ['tracee.event', '/x', { name: 'x' }, 'Tracee'],
    ['datadog.cws', '/x', { agent: { rule_id: 'x' } }, 'Datadog'],
    ['com.example.event', '/x', { rule: 'x' }, 'Custom'],
    ['com.example.nofalconry', '/x', { rule: 'x' }, 'Custom'],
  ])('of type %s from %s is read as what it holds', (type, source, data, agentType) => {
    expect(readAll(anEnvelope({ type, source, data }))).toMatchObject([
      { id: `${source} c-1`, at: happenedAt, agentType },
    ]);
  });

  it('is read by its type before its source, and OCSF as OCSF whoever is named', () => {
    const tetragon = { process_exec: { process: { binary: '/bin/ls' } } };
    const relayed = { type: 'tetragon.event', source: '/namespaces/falco/relay' };
    expect(readAll(anEnvelope({ ...relayed, data: tetragon }))[0]?.agentType).toBe('Tetragon');
    expect(readAll(anEnvelope({ ...relayed, data: itemsOf('ocsf-1.4.0')['process activity'] }))[0]?.agentType).toBe(
      'Custom',
    );
  });

  it('lends its id to one event, never to several, and to none that has its own', () => {
    const alerts = [{ alertName: 'a' }, { alertName: 'b' }];
    const several = readAll(anEnvelope({ type: 'kubescape', data: { spec: { alerts } } }));
    expect(several.map(({ id }) => id)).toEqual([undefined, undefined]);
    expect(readAll(anEnvelope({ data: { rule: 'x', id: 'own' } }))[0]?.id).toBe('own');
  });

  it('around nothing is nothing', () => {
    expect(readAll(anEnvelope({ data: undefined }))).toEqual([]);
    expect(readAll(anEnvelope({ data: 'text' }))).toEqual([]);
  });
});
