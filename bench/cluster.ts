// The operator beside a real API server with a fleet at the edge of what Kubernetes supports: cold start and memory beside a
// bare watch, change to status, writes at rest, and the size of what is written.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import https from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { bundle } from '../.ci/bundle.ts';
import { startControlPlane, type ControlPlane } from '../e2e/control-plane/start.ts';
import { installProduct } from '../e2e/installation/install.ts';
import { loadIntoEtcd } from './etcd-load.ts';
import { percentile, type Figure } from './figures.ts';
import { fleet, isGpu, nodeName, type FleetSize } from './objects.ts';
import { cpuSecondsOf, memoryOf, type ProcessMemory } from './process-memory.ts';

interface Report {
  readonly metadata: { readonly resourceVersion: string };
  readonly status?: {
    readonly evaluatedAt?: string;
    readonly slices?: number;
    readonly counts?: {
      readonly nodes: { readonly total: number; readonly protected: number };
      readonly pods: { readonly total: number };
    };
  };
}

interface ColdStart extends ProcessMemory {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const reportPath = '/apis/workloadprotection.dev/v1alpha1/coveragereports/cluster';
const slicesPath = '/apis/workloadprotection.dev/v1alpha1/coverageslices';
/** What the chart's share comes to under its memory limit; outside a container V8 would see the whole machine's memory. */
const heap = '--max-old-space-size=358';
const changes = 40;
const restSeconds = 60;

export const benchCluster = async (size: FleetSize, log: (line: string) => void): Promise<readonly Figure[]> => {
  // As the image runs it, since types stripped at run time and a module graph cost memory that no user pays.
  const [program = ''] = await bundle(join(import.meta.dirname, '..', 'dist'));
  const plane = await startControlPlane({ name: 'bench', controllers: false, kwok: false, log });
  try {
    const installation = await installProduct(plane, { programs: { 'workload-protection-operator': program } });
    const began = performance.now();
    let told = 0;
    const loaded = await loadIntoEtcd(plane.etcdUrl, fleet(size), (count) => {
      if (count - told < 20_000) return;
      told = count;
      log(`${count} objects in etcd`);
    });
    log(`${loaded} objects in etcd after ${seconds(began)} s; giving the API server time to take them in`);
    await untilServed(plane);
    const bare = await patiently(() => measureBareWatch(plane), log);
    log(`bare watch: ${JSON.stringify(bare)}`);
    const startedAt = performance.now();
    const operator = await installation.startOperator({ env: { NODE_OPTIONS: heap } });
    operator.exited.then(
      ({ code }) => log(`the operator ended with code ${code ?? 'none'}; its log is ${operator.logFile}`),
      () => {},
    );
    const first = await untilReport(plane, (report) => report.status?.counts?.pods.total === size.pods, 300_000);
    const cold: ColdStart = {
      seconds: seconds(startedAt),
      cpuSeconds: cpuSecondsOf(operator.pid),
      ...memoryOf(operator.pid),
    };
    log(`first complete report: ${JSON.stringify(cold)}`);
    await untilQuiet(plane);
    const settled = memoryOf(operator.pid);
    const delays = await measureChanges(plane, size, log);
    const atRest = await measureRest(plane, operator.metricsUrl);
    const sizes = await measureSizes(plane);
    const after = memoryOf(operator.pid);
    await operator.stop();
    return figures({ size, bare, cold, settled, after, delays, atRest, sizes, first });
  } finally {
    await plane.stop();
  }
};

const seconds = (began: number): number => Math.round((performance.now() - began) / 10) / 100;

const get = async <T>(plane: ControlPlane, path: string): Promise<T | undefined> => {
  const { status, body } = await plane.api.call('GET', path);
  return status === 200 ? (body as T) : undefined;
};

/** Its watch cache takes in what went past it into etcd at a thousand objects a second, and refuses to stream pods until then. */
const untilServed = async (plane: ControlPlane): Promise<void> => {
  const deadline = performance.now() + 600_000;
  for (;;) {
    const first = await firstEvent(plane);
    if (first.type !== 'ERROR') return;
    if (performance.now() > deadline) throw new Error(`the API server does not stream pods: ${JSON.stringify(first)}`);
    await pause(1000);
  }
};

const firstEvent = (plane: ControlPlane): Promise<{ readonly type: string }> =>
  new Promise((resolve, reject) => {
    const query = 'watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const headers = { authorization: `Bearer ${plane.adminToken}` };
    const call = https.get(`${plane.url}/api/v1/pods?${query}`, { ca: plane.ca, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (!text.includes('\n')) return;
        resolve(JSON.parse(text.slice(0, text.indexOf('\n'))) as { readonly type: string });
        call.destroy();
      });
    });
    // After the first line it is we who end it, and a promise settles once.
    call.on('error', reject);
  });

const measureBareWatch = async (plane: ControlPlane): Promise<ColdStart> => {
  const folder = mkdtempSync(join(tmpdir(), 'workload-protection-bench-'));
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, plane.ca);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-watch.ts'), plane.url, caFile], {
    env: { ...process.env, TOKEN: plane.adminToken },
  });
  const began = performance.now();
  try {
    await firstLine(child);
    const elapsed = seconds(began);
    return { seconds: elapsed, cpuSeconds: cpuSecondsOf(child.pid ?? 0), ...memoryOf(child.pid ?? 0) };
  } finally {
    child.stdin.end();
    rmSync(folder, { recursive: true });
  }
};

/** The API server drops a watch whose reader, short of CPU, falls behind; a baseline is one that was not dropped. */
const patiently = async <T>(measure: () => Promise<T>, log: (line: string) => void): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await measure();
    } catch (error) {
      if (attempt === 4) throw error;
      log(`again, since ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
    }
  }
};

const firstLine = (child: ChildProcessWithoutNullStreams): Promise<string> =>
  new Promise((resolve, reject) => {
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    child.once('exit', (code) => reject(new Error(`the bare watch ended with code ${code ?? 'none'}: ${errors}`)));
  });

const untilReport = async (plane: ControlPlane, isReady: (report: Report) => boolean, ms: number): Promise<Report> => {
  const deadline = performance.now() + ms;
  for (;;) {
    const report = await get<Report>(plane, reportPath);
    if (report !== undefined && isReady(report)) return report;
    if (performance.now() > deadline)
      throw new Error(`no such report within ${ms} ms: ${JSON.stringify(report?.status?.counts)}`);
    await pause(20);
  }
};

/** Until no slice has been written for 15 seconds. */
const untilQuiet = async (plane: ControlPlane): Promise<void> => {
  let [version, since] = ['', performance.now()];
  while (performance.now() - since < 15_000) {
    const list = await get<{ items: { metadata: { resourceVersion: string } }[] }>(plane, slicesPath);
    const now = (list?.items ?? []).map(({ metadata }) => metadata.resourceVersion).join();
    if (now !== version) [version, since] = [now, performance.now()];
    await pause(1000);
  }
};

/** An agent's pod goes from ready to not ready, or back, and the report's nodes follow. In milliseconds. */
const measureChanges = async (
  plane: ControlPlane,
  { nodes }: FleetSize,
  log: (line: string) => void,
): Promise<readonly number[]> => {
  const delays: number[] = [];
  const candidates = Array.from({ length: nodes }, (_, index) => index).filter((index) => !isGpu(index));
  for (let change = 0; change < changes; change++) {
    const node = candidates[(change * 97) % candidates.length] ?? 0;
    const before = await get<Report>(plane, reportPath);
    const expected = (before?.status?.counts?.nodes.protected ?? 0) - 1;
    const began = performance.now();
    await setReady(plane, node, false);
    await untilReport(plane, (report) => report.status?.counts?.nodes.protected === expected, 30_000);
    delays.push(performance.now() - began);
    await setReady(plane, node, true);
    await untilReport(plane, (report) => report.status?.counts?.nodes.protected === expected + 1, 30_000);
    // So that changes meet the writer at every point of its cycle.
    await pause((change * 137) % 1100);
  }
  log(`change to status: ${delays.map((delay) => Math.round(delay)).join(' ')} ms`);
  return delays;
};

const setReady = async (plane: ControlPlane, node: number, ready: boolean): Promise<void> => {
  const name = `falco-${nodeName(node).slice('node-'.length)}`;
  const { status, body } = await plane.api.call('PATCH', `/api/v1/namespaces/team-000/pods/${name}/status`, {
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: new Date().toISOString() }],
    },
  });
  if (status !== 200)
    throw new Error(`cannot set ${name} ${ready ? 'ready' : 'not ready'}: ${status} ${JSON.stringify(body)}`);
};

/** Requests that write, within a minute in which nothing happens, by what the operator itself counts. */
const measureRest = async (plane: ControlPlane, metricsUrl: string): Promise<string> => {
  await untilQuiet(plane);
  const before = await writesOf(metricsUrl);
  await pause(restSeconds * 1000);
  const after = await writesOf(metricsUrl);
  const grown = [...after].flatMap(([series, count]) => {
    const growth = count - (before.get(series) ?? 0);
    return growth === 0 ? [] : [`${growth} ${series}`];
  });
  return grown.join(', ') || 'none';
};

const writesOf = async (metricsUrl: string): Promise<ReadonlyMap<string, number>> => {
  const { body } = await request(`${metricsUrl}/metrics`);
  const text = await body.text();
  const series =
    /^workload_protection_kube_request_duration_seconds_count\{verb="(\w+)",resource="([^"]+)",code="\d+"\} (\d+)$/gm;
  const writes = new Map<string, number>();
  for (const [, verb = '', resource = '', count] of text.matchAll(series)) {
    if (/^(?:get|list|watch)$/i.test(verb)) continue;
    const key = `${verb} ${resource}`;
    writes.set(key, (writes.get(key) ?? 0) + Number(count));
  }
  return writes;
};

interface Sizes {
  readonly reportKiB: number;
  readonly slices: number;
  readonly slicesKiB: number;
  readonly largestKiB: number;
}

const measureSizes = async (plane: ControlPlane): Promise<Sizes> => {
  const report = await get<unknown>(plane, reportPath);
  const list = await get<{ items: unknown[] }>(plane, slicesPath);
  const bytes = (list?.items ?? []).map((item) => JSON.stringify(item).length);
  const kibibytes = (count: number): number => Math.round(count / 102.4) / 10;
  return {
    reportKiB: kibibytes(JSON.stringify(report).length),
    slices: bytes.length,
    slicesKiB: kibibytes(bytes.reduce((sum, size) => sum + size, 0)),
    largestKiB: kibibytes(Math.max(...bytes)),
  };
};

interface Measured {
  readonly size: FleetSize;
  readonly bare: ColdStart;
  readonly cold: ColdStart;
  readonly settled: ProcessMemory;
  readonly after: ProcessMemory;
  readonly delays: readonly number[];
  readonly atRest: string;
  readonly sizes: Sizes;
  readonly first: Report;
}

const figures = ({ size, bare, cold, settled, after, delays, atRest, sizes }: Measured): readonly Figure[] => {
  const ratio = cold.seconds / bare.seconds;
  const p99 = percentile(delays, 0.99);
  const resident = Math.max(settled.resident, after.resident);
  return [
    plain('fleet', `${size.nodes} nodes, ${size.pods} pods, ${size.workloads} workloads`),
    plain('bare watch', `${bare.seconds} s, ${bare.cpuSeconds} s of CPU, ${bare.resident} MiB resident`),
    {
      what: 'cold start to first complete report',
      measured: `${cold.seconds} s (${ratio.toFixed(2)} × the bare watch), ${cold.cpuSeconds} s of CPU`,
      budget: 'under 1.3 × the bare watch',
      holds: ratio < 1.3,
    },
    {
      what: "operator's memory",
      measured: `${resident} MiB resident, ${after.peak} MiB at its peak`,
      budget: 'under 300 MiB resident',
      holds: resident < 300,
    },
    {
      what: `change in the cluster → report's status, ${delays.length} changes`,
      measured: `p50 ${Math.round(percentile(delays, 0.5))} ms, p99 ${Math.round(p99)} ms`,
      budget: 'p99 under 2 s',
      holds: p99 < 2000,
    },
    {
      what: `writes in ${restSeconds} s in which nothing changes`,
      measured: atRest,
      budget: 'none but Lease and evaluatedAt',
      holds: atRest.split(', ').every((line) => /lease|coveragereports|none/.test(line)),
    },
    plain('size of the report', `${sizes.reportKiB} KiB`),
    plain('slices', `${sizes.slices}, ${sizes.slicesKiB} KiB in all, the largest ${sizes.largestKiB} KiB`),
  ];
};

const plain = (what: string, measured: string): Figure => ({ what, measured, budget: '', holds: undefined });
