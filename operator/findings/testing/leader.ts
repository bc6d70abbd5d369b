// A leader that keeps findings, with a clock that is told how much has passed and a writer that remembers what it wrote.
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { falcoEvents } from '../../../agents/falco/event.ts';
import { kubeArmorEvents } from '../../../agents/kubearmor/event.ts';
import { FakeClock } from '../../../kube/testing/fake-clock.ts';
import { silentLog } from '../../../kube/log.ts';
import type { Transport } from '../../../kube/transport.ts';
import { createStatusWriter } from '../../status.ts';
import { createRecordingWriter } from '../../testing/recording-writer.ts';
import { createOurObjects, type OurObjects, type RawObject } from '../../watches.ts';
import { createFindingKeeper } from '../keep.ts';
import { createFindingMetrics } from '../metrics.ts';
import { createUnattributedBook } from '../unattributed.ts';
import type { StandingFindings } from './standing-findings.ts';
import { hour, only, setUp } from './world.ts';

/** A leader that finds one finding of the namespace shop, as another has left it. */
export const leader = async (
  transport: Transport = {} as Transport,
  {
    mayGo = () => true,
    status = {},
    provenUntil = () => Number.POSITIVE_INFINITY,
    stand,
  }: {
    readonly mayGo?: () => boolean;
    readonly status?: object;
    readonly provenUntil?: () => number;
    /** Keeps the findings, instead of only remembering what was written. */
    readonly stand?: (object: RawObject, findings: OurObjects['findings']) => StandingFindings;
  } = {},
) => {
  const world = setUp();
  world.post();
  world.write();
  const { key } = only(world.book());
  const stored = world.objects.get(key);
  const metadata = { ...stored?.metadata, uid: 'uid-1' };
  const object = { ...stored, metadata, status: { ...stored?.status, ...status } } as RawObject;
  const told: (string | undefined)[] = [];
  const ours = createOurObjects();
  ours.findings.upsert(object);
  const recording = createRecordingWriter();
  const standing = stand?.(object, ours.findings);
  const writer = standing === undefined ? recording : { ...recording, ...standing.writer };
  const clock = new FakeClock();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { model } = world;
  const keeper = createFindingKeeper({
    keeper: { model, touch: () => {}, subscribe: () => () => {}, isEvaluated: () => true, run: async () => {} },
    model,
    ours,
    adapters: new Map([
      ['kubearmor', kubeArmorEvents],
      ['falco', falcoEvents],
    ]),
    policies: model.policies,
    pods: world.recent,
    endedPods: world.ended,
    unheard: () => [],
    deliveries: world.deliveries,
    unattributed: createUnattributedBook(() => {}),
    cgroups: () => ({ version: undefined, why: 'nobody asks kubelets' }),
    readSoon: () => {},
    isExported: () => false,
    mayGo,
    transport,
    writer,
    tenure: { provenUntil },
    status: createStatusWriter(writer, () => {}),
    events: { record: ({ reason, regarding }) => void told.push(`${reason} of ${regarding.uid}`) },
    metrics: createFindingMetrics(new Registry()),
    namespace: 'workload-protection',
    teamKeys: [],
    mostPerNamespace: 10,
    retentionMs: hour,
    queueMetrics: {},
    clock,
    log: silentLog,
    signal: stop.signal,
  });
  void keeper.run(stop.signal);
  await clock.advance(0);
  const terminate = (): void => model.upsertNamespace({ name: 'shop', labels: {}, terminating: true });
  const tombstones = (): readonly string[] =>
    recording.writes.flatMap(({ verb, name }) => (verb === 'applyStatus' && name.startsWith('shop-') ? [name] : []));
  return {
    ours,
    writer: recording,
    standing,
    model,
    clock,
    terminate,
    tombstones,
    object,
    keeper,
    deliveries: world.deliveries,
    told,
  };
};

/** What Falco says of a package manager: of another behaviour than the finding that is there. */
export const installs = {
  rule: 'Launch Package Management Process in Container',
  time: '2026-11-22T00:00:00Z',
  priority: 'Error',
  source: 'syscall',
  hostname: 'node-1',
  output_fields: { 'proc.name': 'apk', 'k8s.ns.name': 'shop', 'k8s.pod.name': 'cart-a', 'container.name': 'app' },
};
/** The same of a compiler, which is the behaviour of the finding that is there. */
export const compiles = {
  ...installs,
  rule: 'Compiler run in container',
  output_fields: { ...installs.output_fields, 'proc.name': 'gcc' },
};
/** As it lies in the journal. */
export const installing = { source: 'falco', sender: 'test', node: undefined, at: 1000, items: [installs] } as const;
export const compiling = { ...installing, items: [compiles] } as const;
