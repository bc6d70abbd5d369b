// Which agent sees which behaviour, as docs/ingest.md has it in a table: every cell is tried with events as that agent writes them, in a
// container, and on the node, where the same is administration.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { behaviours } from '../domain/findings/behaviours.ts';
import { eventAdapters } from './events.ts';
import { sightOf } from './sights.ts';
import { containerId, findingsOf } from './testing/findings-of.ts';

type Place = 'container' | 'node';

/** What an agent says of a program that was started; with the name of a rule, or with a terminal. */
interface Execution {
  readonly program: string;
  readonly rule?: string;
  readonly terminal?: boolean;
}

/** An agent's own forms; undefined where it has none for that. */
interface Forms {
  readonly source: string;
  readonly executed: (execution: Execution, place: Place) => unknown;
  readonly connected: (place: Place) => unknown;
}

const time = '2026-08-01T10:00:00.123456789Z';
const pod = { namespace: 'shop', name: 'web-6d5f9c7b8d-x2k4p' };
const metadataService = '169.254.169.254';

const falcoAlert = (rule: string, place: Place, fields: object) => ({
  time,
  rule,
  priority: 'Notice',
  source: 'syscall',
  hostname: 'node-1',
  tags: ['maturity_stable'],
  output: 'x',
  output_fields: {
    ...(place === 'node'
      ? { 'container.id': 'host', 'container.name': 'host', 'k8s.ns.name': null, 'k8s.pod.name': null }
      : {
          'container.id': containerId.slice(0, 12),
          'container.name': 'web',
          'k8s.ns.name': pod.namespace,
          'k8s.pod.name': pod.name,
        }),
    ...fields,
  },
});

const tetragonEvent = (kind: string, place: Place, program: string, event: object) => ({
  [kind]: {
    process: {
      binary: `/usr/bin/${program}`,
      arguments: 'x',
      uid: 0,
      ...(place === 'node'
        ? {}
        : {
            docker: containerId.slice(0, 15),
            pod: { ...pod, container: { id: `containerd://${containerId}`, name: 'web' } },
          }),
    },
    parent: { binary: '/usr/bin/bash' },
    ...event,
  },
  node_name: 'node-1',
  time,
});

const datadogLog = (ruleId: string, place: Place, process: object, body: object = {}) => ({
  hostname: 'node-1',
  service: 'web',
  ddtags:
    place === 'node'
      ? 'kube_node:node-1'
      : `pod_name:${pod.name},kube_namespace:${pod.namespace},kube_container_name:web,container_id:${containerId}`,
  message: JSON.stringify({
    agent: { rule_id: ruleId, policy_name: 'default.policy', version: '7.81.1' },
    date: time,
    process,
    ...(place === 'node' ? {} : { container: { id: containerId } }),
    ...body,
  }),
});

const kubeArmorLog = (place: Place, program: string, more: object) => ({
  UpdatedTime: time,
  HostName: 'node-1',
  Type: place === 'node' ? 'HostLog' : 'ContainerLog',
  ...(place === 'node'
    ? {}
    : { NamespaceName: pod.namespace, PodName: pod.name, ContainerID: containerId, ContainerName: 'web' }),
  ProcessName: `/usr/bin/${program}`,
  ParentProcessName: '/usr/bin/bash',
  Source: '/usr/bin/bash',
  Result: 'Passed',
  ...more,
});

const kubescapeAlert = (alertName: string, place: Place, more: object) => ({
  kind: 'RuntimeAlerts',
  apiVersion: 'kubescape.io/v1',
  spec: {
    alerts: [
      {
        alertName,
        timestamp: time,
        infectedPID: 42,
        nodeName: 'node-1',
        ...(place === 'node'
          ? { containerID: 'host' }
          : { podNamespace: pod.namespace, podName: pod.name, containerName: 'web', containerID: containerId }),
        ...more,
      },
    ],
  },
});

const traceeEvent = (name: string, place: Place, program: string, data: readonly object[]) => ({
  timestamp: time,
  name,
  policies: { matched: ['posture'] },
  workload: {
    process: { executable: { path: `/usr/bin/${program}` }, thread: { name: program }, real_user: { id: 0 } },
    ...(place === 'node'
      ? {}
      : {
          container: { id: containerId, name: 'web' },
          k8s: { pod: { name: pod.name }, namespace: { name: pod.namespace } },
        }),
  },
  data,
});

const agents: Readonly<Record<string, Forms>> = {
  Falco: {
    source: 'falco',
    executed: ({ program, rule = 'Some rule', terminal = false }, place) =>
      falcoAlert(rule, place, {
        'proc.name': program,
        'proc.cmdline': `${program} x`,
        'proc.tty': terminal ? 34816 : 0,
      }),
    connected: (place) =>
      falcoAlert('Some rule', place, { 'proc.name': 'web', 'fd.sip': metadataService, 'fd.sport': 80 }),
  },
  Tetragon: {
    source: 'tetragon',
    executed: ({ program, rule, terminal = false }, place) =>
      tetragonEvent(rule === undefined && !terminal ? 'process_exec' : 'process_kprobe', place, program, {
        ...(rule === undefined ? {} : { message: rule }),
        // A TracingPolicy of the user's says so; Tetragon does not.
        ...(terminal ? { policy_name: 'terminals', tags: ['terminal'] } : {}),
      }),
    connected: (place) =>
      tetragonEvent('process_kprobe', place, 'web', {
        function_name: 'tcp_connect',
        policy_name: 'metadata',
        args: [{ sock_arg: { family: 'AF_INET', daddr: metadataService, dport: 80 } }],
      }),
  },
  Datadog: {
    source: 'datadog',
    executed: ({ program, rule = 'some_rule', terminal = false }, place) =>
      datadogLog(rule, place, {
        comm: program,
        executable: { path: `/usr/bin/${program}` },
        ...(terminal ? { tty: 'pts0' } : {}),
      }),
    connected: (place) =>
      datadogLog('some_rule', place, { comm: 'web' }, { network: { destination: { ip: metadataService, port: 80 } } }),
  },
  KubeArmor: {
    source: 'kubearmor',
    executed: ({ program, terminal = false }, place) =>
      kubeArmorLog(place, program, {
        Operation: 'Process',
        Resource: `/usr/bin/${program} x`,
        ...(terminal ? { TTY: 'pts0' } : {}),
      }),
    connected: (place) =>
      kubeArmorLog(place, 'web', {
        Operation: 'Network',
        Resource: `remoteip=${metadataService} port=80 protocol=TCP`,
        Data: 'kprobe=tcp_connect domain=AF_INET',
      }),
  },
  Kubescape: {
    source: 'kubescape',
    executed: ({ program, rule = 'Unexpected process launched' }, place) =>
      kubescapeAlert(rule, place, { arguments: { exec: `/usr/bin/${program}`, args: [program, 'x'] } }),
    connected: (place) =>
      kubescapeAlert('Unexpected egress network traffic', place, { arguments: { ip: metadataService, port: 80 } }),
  },
  Tracee: {
    source: 'tracee',
    executed: ({ program, rule = 'sched_process_exec', terminal = false }, place) =>
      traceeEvent(rule, place, program, [
        { name: 'pathname', value: `/usr/bin/${program}` },
        { name: 'argv', value: [program, 'x'] },
        ...(terminal ? [{ name: 'stdin_path', value: '/dev/pts/0' }] : []),
      ]),
    connected: (place) =>
      traceeEvent('security_socket_connect', place, 'web', [
        { name: 'remote_addr', value: { sa_family: 2, sin_addr: metadataService, sin_port: 80 } },
      ]),
  },
};

/** What images hold, and how it is called there. */
const programs: Readonly<Record<string, readonly string[]>> = {
  CompilerInContainer: ['gcc', 'g++', 'cc1', 'clang', 'make', 'javac', 'rustc'].concat(
    ['gcc-12', 'x86_64-linux-gnu-gcc-12', 'x86_64-linux-gnu-ld.bfd', 'arm-linux-gnueabihf-g++'],
    ['x86_64-alpine-linux-musl-gcc', 'clang-15'],
  ),
  PackageManagerInContainer: ['apt', 'apt-get', 'apk', 'dnf', 'dnf-3', 'microdnf', 'yum', 'pip', 'pip3.12', 'npm'],
  NetworkToolInContainer: ['nc', 'nc.openbsd', 'ncat', 'nmap', 'socat', 'tcpdump'],
  SshServerInContainer: ['sshd', 'sshd-session', 'dropbear'],
};

const outcomeOf = ({ source }: Forms, item: unknown): readonly string[] =>
  (eventAdapters.get(source)?.eventsOf(item, Date.parse(time)) ?? []).map(findingsOf);

const inContainer = (behaviour: string): readonly string[] => [`shop/Deployment/web/web: ${behaviour}`];
/** Tracee does not say which node it is. */
const onNode = ({ source }: Forms): readonly string[] => [
  source === 'tracee' ? 'NothingSaid' : 'Node/node-1: a signal',
];

/** The first table of the section. */
const rows = (heading: string): readonly (readonly string[])[] => {
  const page = readFileSync(new URL('../docs/ingest.md', import.meta.url), 'utf8');
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const [, lines = ''] = /((?:^\|.*\n)+)/m.exec(section) ?? [];
  return lines
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('|---'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
};

const [header = [], ...table] = rows('Which agent sees which behaviour');

describe('the table of behaviours', () => {
  it('has every behaviour that events tell of, and every agent', () => {
    expect(header.slice(1)).toEqual(Object.keys(agents));
    expect(table.map(([name]) => name)).toEqual(
      behaviours.filter(({ match }) => match.length > 0).map(({ name }) => `\`${name}\``),
    );
  });

  const cells = table.flatMap(([behaviour = '', ...row]) =>
    row.map((cell, index) => [behaviour.replaceAll('`', ''), header[index + 1] ?? '', cell] as const),
  );

  it.each(cells)('is right about %s and %s: %s', (behaviour, agent, cell) => {
    const forms = agents[agent];
    if (forms === undefined) throw new Error(`nobody writes the events of ${agent}`);
    const tried = (make: (place: Place) => unknown): void => {
      expect(outcomeOf(forms, make('container'))).toEqual(inContainer(behaviour));
      expect(outcomeOf(forms, make('node'))).toEqual(onNode(forms));
    };
    const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, rule = '']) => rule);
    for (const rule of named) tried((place) => forms.executed({ program: 'web', rule }, place));
    for (const program of cell.includes('program') ? (programs[behaviour] ?? []) : [])
      tried((place) => forms.executed({ program }, place));
    if (cell.includes('terminal')) tried((place) => forms.executed({ program: 'bash', terminal: true }, place));
    if (cell.includes('address')) tried(forms.connected);
    if (cell === '–')
      expect(outcomeOf(forms, forms.executed({ program: 'web' }, 'container'))).toEqual(inContainer('a signal'));
    else expect(named.length > 0 || /program|terminal|address/.test(cell)).toBe(true);
  });

  it.each(cells)('says of %s and %s what is said to whoever waits for it: %s', (behaviour, agent, cell) => {
    const sight = sightOf(agent, behaviour);
    const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, rule = '']) => rule);
    expect(sight?.by === 'nothing').toBe(cell === '–');
    // Of an agent that tells nothing but what a rule has told it.
    if (sight?.by === 'rules') expect(sight.rules).toEqual(named);
    if (['Falco', 'Datadog'].includes(agent) && named.length > 0) expect(sight?.by).toBe('rules');
  });

  it.each([
    ['go build ./...', 'CompilerInContainer'],
    ['/usr/local/go/bin/go run main.go', 'CompilerInContainer'],
    ['go version', 'a signal'],
  ])('takes `%s` for %s', (commandLine, expected) => {
    const alert = falcoAlert('Some rule', 'container', { 'proc.name': 'go', 'proc.cmdline': commandLine });
    expect(eventAdapters.get('falco')?.eventsOf(alert, Date.parse(time)).map(findingsOf)).toEqual(
      inContainer(expected),
    );
  });
});
