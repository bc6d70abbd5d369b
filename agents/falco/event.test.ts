import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { behaviours } from '../../domain/findings/behaviours.ts';
import { object, text } from '../read.ts';
import { fixture } from '../testing/read.ts';
import { findingsOf } from '../testing/findings-of.ts';
import { falcoEvents } from './event.ts';
import { parseRules } from './rules/items.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const itemOf = (file: string, name: string): unknown =>
  object(JSON.parse(fixture('falco', `events-${file}.json`)) as unknown)[name];
const read = (item: unknown) => falcoEvents.eventsOf(item, receivedAt)[0];

const anAlert = (fields: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) => ({
  rule: 'a rule',
  priority: 'Notice',
  source: 'syscall',
  hostname: 'node-1',
  output_fields: fields,
  ...more,
});

describe('an alert of Falco', () => {
  it('is read whole', () => {
    const { message, ...event } = read(itemOf('0.44.1', 'terminal shell')) ?? expect.fail('no event');
    expect(message).toContain('A shell was spawned');
    expect(event).toEqual({
      at: Date.UTC(2026, 7, 1, 10, 0, 0, 123),
      agentType: 'Falco',
      rule: 'Terminal shell in container',
      tags: ['terminal', 'T1059', 'container', 'maturity_stable', 'mitre_execution', 'shell'],
      tactics: ['TA0002'],
      techniques: ['T1059'],
      origin: {
        node: 'node-1',
        namespace: 'shop',
        pod: 'web-6d5f9c7b8d-x2k4p',
        containerId: '3b1f7c9a52d8',
        container: 'web',
        image: 'registry.example.com/shop/web:1.4.2',
        onHost: false,
      },
      process: {
        executable: '/usr/bin/bash',
        name: 'bash',
        arguments: 'bash',
        parentName: 'runc',
        user: 'root',
        terminal: true,
      },
    });
  });

  it('has the id that falcosidekick gave it, and is none of its own where it has no rule', () => {
    expect(read(itemOf('falcosidekick-2.31.1', 'compiler, long values cut'))).toMatchObject({
      id: '7a8f1c1e-52f3-4f3f-9a58-3b6a1c0d9e77',
      rule: 'Compiler Run in Container',
      process: { name: 'gcc' },
    });
    expect(falcoEvents.eventsOf({ output: 'text' }, receivedAt)).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, boolean | undefined]>([
    ['in a container', { 'container.id': '3b1f7c9a52d8' }, false],
    ['on the node', { 'container.id': 'host' }, true],
    ['nobody knows where', { 'container.id': null }, undefined],
    ['nobody knows where', { 'container.id': '<NA>' }, undefined],
    ['nobody knows where', {}, undefined],
  ])('happened %s by %j', (_, fields, onHost) => {
    expect(read(anAlert(fields))?.origin.onHost).toBe(onHost);
  });

  it('about the node itself names no pod, whatever else it has', () => {
    const fields = { 'container.id': 'host', 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-6d5f9c7b8d-x2k4p' };
    expect(read(anAlert(fields))?.origin).toEqual({ node: 'node-1', onHost: true });
  });

  it.each<[unknown, boolean | undefined]>([
    [34816, true],
    ['34816', true],
    [0, false],
    ['0', false],
    [null, undefined],
    ['pts', undefined],
  ])('of a process whose terminal is %j says %s', (tty, terminal) => {
    const event = read(anAlert({ 'proc.name': 'sh', 'proc.tty': tty }));
    expect(event?.process?.terminal).toBe(terminal);
    expect(event?.tags).toEqual(terminal === true ? ['terminal'] : []);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
    ['the server', { 'fd.sip': '169.254.169.254', 'fd.sport': 80 }, '169.254.169.254:80'],
    ['the other side', { 'fd.rip': '169.254.169.254', 'fd.rport': '80' }, '169.254.169.254:80'],
    ['the connection', { 'fd.name': '10.1.2.3:40112->169.254.169.254:80' }, '169.254.169.254:80'],
    ['the connection of IPv6', { 'fd.name': 'fd00::1:40112->fd00:ec2::254:80' }, '[fd00:ec2::254]:80'],
    ['a file', { 'fd.name': '/etc/shadow->x' }, undefined],
  ])('reached what %s tells', (_, fields, destination) => {
    expect(read(anAlert(fields))?.destination).toBe(destination);
  });

  it('of a plugin is about what the plugin watches, not about the node that it runs on', () => {
    const fields = { 'ka.target.resource': 'pods', 'ka.target.namespace': 'shop', 'ka.target.name': 'web' };
    const audit = { source: 'k8s_audit' };
    expect(read(anAlert(fields, audit))?.origin).toEqual({});
    expect(read(anAlert({ ...fields, 'ka.target.subresource': 'exec' }, audit))?.origin).toEqual({
      namespace: 'shop',
      pod: 'web',
      onHost: false,
    });
    expect(read(anAlert({ 'proc.name': 'gcc' }, { source: 'github' }))).not.toHaveProperty('process');
  });

  it('says that the kernel dropped others on its node, and nobody else can say so by a rule of that name', () => {
    const drop = itemOf('0.44.1', 'itself');
    expect(falcoEvents.lossIn?.(drop)).toEqual({ node: 'node-1', duration: 0 });
    expect(falcoEvents.lossIn?.({ ...object(drop), source: 'syscall' })).toBeUndefined();
    expect(falcoEvents.lossIn?.(itemOf('0.44.1', 'threat'))).toBeUndefined();
  });

  it('about Falco itself still tells which node it came from', () => {
    expect(read(itemOf('0.44.1', 'itself'))).toMatchObject({ isInternal: true, origin: { node: 'node-1' } });
  });
});

describe('the sample of posture rules', () => {
  const sample = readFileSync(new URL('../../config/falco/posture-rules.yaml', import.meta.url), 'utf8');
  const rules = parseRules(text(object(object(load(sample)).data)['rules.yaml']));
  const names = JSON.stringify(rules).match(/(?<="name":")[A-Z][^"]+ in Container(?=")/g) ?? [];

  it.each([
    ['Compiler Run in Container', 'CompilerInContainer'],
    ['SSH Server Run in Container', 'SshServerInContainer'],
  ])('has the rule %s, which alone makes the finding %s', (rule, behaviour) => {
    expect(names).toContain(rule);
    expect(behaviours.map(({ name }) => name)).toContain(behaviour);
    const alert = anAlert({ 'container.id': '3b1f7c9a52d8', 'proc.name': 'collect2' }, { rule });
    expect(falcoEvents.eventsOf(alert, receivedAt).map(findingsOf)).toEqual([`shop/Deployment/web/web: ${behaviour}`]);
  });
});
