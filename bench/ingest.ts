// Events from HTTPS to findings in the API server: the real operator as a process of its own on one core, beside a plain server that
// parses and forgets. Figures go by CPU time of the process, journal and writes to the API server included, so that a busy machine does
// not blur them.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bundle } from '../.ci/bundle.ts';
import { freePorts } from '../e2e/control-plane/ports.ts';
import { startControlPlane, type ControlPlane } from '../e2e/control-plane/start.ts';
import { installProduct, type ProcessHandle } from '../e2e/installation/install.ts';
import { fetchMetrics } from '../e2e/suites/support/exposition.ts';
import { loadIntoEtcd } from './etcd-load.ts';
import type { Figure } from './figures.ts';
import { postEvents, type EventTarget, type PodName } from './ingest-load.ts';
import { fleet } from './objects.ts';
import { cpuSecondsOf, memoryOf } from './process-memory.ts';

const workloads = 1000;
const batches = [1, 10, 100, 1000] as const;
const secondsEach = 10;
/** Each finding is written some times within it. */
const secondsWide = 30;
/** How memory goes is looked at so often, while events with ids of their own come at a steady rate. */
const memoryRounds = { count: 5, seconds: 30, perSecond: 8000 } as const;
const budgetPerCore = 20_000;
/** Each has a rate of its own, which is not what is measured. */
const senders = Array.from({ length: 16 }, (_, index) => `token-of-the-benchmark-${index}`);
const namespace = 'workload-protection';
const taskset = '/usr/bin/taskset';
/** As in bench/cluster.ts: what the chart's share comes to under its memory limit. */
const heap = '--max-old-space-size=358';

interface Round {
  readonly events: number;
  readonly perSecond: number;
  /** Events a second of CPU time. */
  readonly perCore: number;
  readonly writes: number;
  /** MiB. */
  readonly resident: number;
}

export const benchIngest = async (log: (line: string) => void): Promise<readonly Figure[]> => {
  const baseline = await measureBaseline(log);
  const [program = ''] = await bundle(join(import.meta.dirname, '..', 'dist'));
  const plane = await startControlPlane({ name: 'bench-ingest', controllers: false, kwok: false, log });
  try {
    const [port = 0] = await freePorts(1);
    const installation = await installProduct(plane, {
      programs: { 'workload-protection-operator': program },
      values: { starterPolicy: { enabled: false }, operator: { replicas: 0 }, webhook: { replicas: 0 } },
    });
    await loadIntoEtcd(plane.etcdUrl, fleet({ nodes: 10, pods: workloads + 9, workloads }), () => {});
    await create(plane, `/api/v1/namespaces/${namespace}/secrets`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'workload-protection-ingest-senders' },
      stringData: Object.fromEntries(senders.map((token) => [`${token}.token`, token])),
    });
    await create(plane, '/apis/workloadprotection.dev/v1alpha1/workloadpolicies', {
      apiVersion: 'workloadprotection.dev/v1alpha1',
      kind: 'WorkloadPolicy',
      metadata: { name: 'all' },
      spec: { gracePeriod: '0s', posture: [{ behaviour: 'CompilerInContainer' }] },
    });
    const operator = await installation.startOperator({
      args: ['--leader-elect=false', `--ingest-address=127.0.0.1:${port}`],
      env: { NODE_OPTIONS: heap },
    });
    try {
      await operator.waitUntilReady();
      pin(operator.pid, 0);
      const pods = await podsOf(plane);
      const target = await targetOf(plane, port);
      await untilTaken(target, pods);
      return [...baseline.figures, ...(await measure(operator, target, pods, baseline.perCore, log))];
    } finally {
      await operator.stop();
    }
  } finally {
    await plane.stop();
  }
};

const measure = async (
  operator: ProcessHandle,
  target: EventTarget,
  pods: readonly PodName[],
  limits: ReadonlyMap<number, number>,
  log: (line: string) => void,
): Promise<readonly Figure[]> => {
  const one = pods.slice(0, 1);
  const figures: Figure[] = [];
  const note = (what: string, round: Round): void => log(`${what}: ${JSON.stringify(round)}`);
  // Compiled and with its finding made: the first writes are not what goes on.
  await measureRound(operator, target, one, 100, 4);
  const before = memoryOf(operator.pid).resident;
  for (const batch of batches) {
    const round = await measureRound(operator, target, one, batch, secondsEach);
    note(`batches of ${batch}`, round);
    const limit = limits.get(batch) ?? Number.NaN;
    figures.push({
      what: `events a second of one core, batches of ${batch}, one finding`,
      measured: `${thousands(round.perCore)} (${Math.round((round.perCore / limit) * 100)} % of the plain server), ${perEvent(round)}`,
      budget: batch === 100 ? thousands(budgetPerCore) : '',
      holds: batch === 100 ? round.perCore >= budgetPerCore : undefined,
    });
  }
  await measureRound(operator, target, pods, 100, 2);
  const wide = await measureRound(operator, target, pods, 100, secondsWide);
  note(`${workloads} findings`, wide);
  figures.push({
    what: `the same, batches of 100, ${thousands(workloads)} findings`,
    measured: `${thousands(wide.perCore)}, ${perEvent(wide)}`,
    budget: '',
    holds: undefined,
  });
  const after = memoryOf(operator.pid).resident;
  return [...figures, ...(await measureMemory(operator, target, one, { before, after }, note))];
};

/** Every event has an id, which is remembered for an hour: eight bytes each and some room are what may be added. */
const measureMemory = async (
  operator: ProcessHandle,
  target: EventTarget,
  pods: readonly PodName[],
  { before, after }: { readonly before: number; readonly after: number },
  note: (what: string, round: Round) => void,
): Promise<readonly Figure[]> => {
  const { count, seconds, perSecond } = memoryRounds;
  const resident: number[] = [];
  let events = 0;
  for (let index = 1; index <= count; index++) {
    const round = await measureRound(operator, target, pods, 100, seconds, perSecond);
    note(`memory, ${index} of ${count}`, round);
    events += round.events;
    resident.push(round.resident);
  }
  return [
    {
      what: 'memory with one finding, after the batches, and after those over all findings',
      measured: `${before} MiB, ${after} MiB resident`,
      budget: '',
      holds: undefined,
    },
    {
      what: `memory every ${seconds} s of ${thousands(events)} further events with ids, and at its peak`,
      measured: `${resident.join(', ')}; ${memoryOf(operator.pid).peak} MiB resident`,
      budget: 'flat',
      holds: undefined,
    },
  ];
};

/** From the first event that is sent until the last is written, its place in the journal given back. */
const measureRound = async (
  operator: ProcessHandle,
  target: EventTarget,
  pods: readonly PodName[],
  batch: number,
  seconds: number,
  perSecond?: number,
): Promise<Round> => {
  const [cpu, wrote] = [cpuSecondsOf(operator.pid), await sumOf(operator, 'workload_protection_writes_total')];
  const began = performance.now();
  const events = await postEvents(target, pods, batch, seconds, perSecond);
  const deadline = performance.now() + 120_000;
  while ((await sumOf(operator, 'workload_protection_journal_waiting_events')) > 0) {
    if (performance.now() > deadline) throw new Error(`after ${events} events the journal does not empty`);
    // To be asked for all its metrics costs the operator more than a hundred events.
    await pause(1000);
  }
  return {
    events,
    perSecond: Math.round(events / ((performance.now() - began) / 1000)),
    perCore: Math.round(events / (cpuSecondsOf(operator.pid) - cpu)),
    writes: (await sumOf(operator, 'workload_protection_writes_total')) - wrote,
    resident: memoryOf(operator.pid).resident,
  };
};

const sumOf = async ({ metricsUrl }: ProcessHandle, name: string): Promise<number> => {
  const kind = name.endsWith('_writes_total') ? { kind: 'Finding' } : {};
  return (await fetchMetrics(`${metricsUrl}/metrics`)).sum(name, kind) ?? 0;
};

/** Express with its JSON parser over HTTPS, which answers 202 and keeps nothing. */
const measureBaseline = async (
  log: (line: string) => void,
): Promise<{ readonly figures: readonly Figure[]; readonly perCore: ReadonlyMap<number, number> }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-baseline.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { port, ca } = JSON.parse(line.toString()) as { readonly port: number; readonly ca: string };
    pin(pid, 0);
    const target: EventTarget = { port, ca, servername: 'localhost', tokens: senders };
    const pods = [{ namespace: 'team-000', name: 'service-00000-abcdef12-000000', node: 'node-0000' }];
    const perCore = new Map<number, number>();
    const figures: Figure[] = [];
    await postEvents(target, pods, 100, 2);
    for (const batch of batches) {
      const cpu = cpuSecondsOf(pid);
      const events = await postEvents(target, pods, batch, secondsEach / 2);
      const each = Math.round(events / (cpuSecondsOf(pid) - cpu));
      log(`plain server, batches of ${batch}: ${each} a second of a core`);
      perCore.set(batch, each);
      figures.push({
        what: `a plain server that parses and forgets, batches of ${batch}`,
        measured: thousands(each),
        budget: '',
        holds: undefined,
      });
    }
    return { figures, perCore };
  } finally {
    child.stdin.end();
  }
};

/** All threads of a process onto one core, where the system can pin. */
const pin = (pid: number, core: number): void => {
  if (existsSync(taskset)) execFileSync(taskset, ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
};

const create = async (plane: ControlPlane, path: string, object: object): Promise<void> => {
  const { status, body } = await plane.api.call('POST', path, object);
  if (status !== 201) throw new Error(`POST ${path} was answered by ${status}: ${JSON.stringify(body)}`);
};

/** One pod of each workload. */
const podsOf = async (plane: ControlPlane): Promise<readonly PodName[]> => {
  const { body } = await plane.api.call('GET', '/api/v1/pods');
  const { items } = body as {
    readonly items: readonly {
      readonly metadata: { readonly namespace: string; readonly name: string };
      readonly spec: { readonly nodeName: string };
    }[];
  };
  return items
    .filter(({ metadata }) => metadata.name.startsWith('service-'))
    .map(({ metadata: { namespace: of, name }, spec }) => ({ namespace: of, name, node: spec.nodeName }));
};

const targetOf = async (plane: ControlPlane, port: number): Promise<EventTarget> => {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { status, body } = await plane.api.call(
      'GET',
      `/api/v1/namespaces/${namespace}/configmaps/workload-protection-ingest-ca`,
    );
    if (status === 200) {
      const { data } = body as { readonly data: Readonly<Record<string, string>> };
      return {
        port,
        ca: data['ca.crt'] ?? '',
        servername: `workload-protection-operator.${namespace}.svc`,
        tokens: senders,
      };
    }
    if (performance.now() > deadline) throw new Error('the operator does not publish its authority');
    await pause(200);
  }
};

/** The Secret with the senders is read a moment after the start. */
const untilTaken = async (target: EventTarget, pods: readonly PodName[]): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while ((await postEvents(target, pods, 1, 0.2)) === 0) {
    if (performance.now() > deadline) throw new Error('the operator takes no events');
  }
};

const thousands = (count: number): string => count.toLocaleString('en-US');

const perEvent = ({ events, writes }: Round): string => `${writes} writes for ${thousands(events)} events`;
