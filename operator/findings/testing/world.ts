// A leader's book over a small cluster, with a clock that stands until it is told how much has passed.
import { findingSchema, type Finding } from '../../../crds/schema/finding.ts';
import { caseStampAnnotation, writeStamp } from '../../../domain/findings/case-stamp.ts';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import type { Transition } from '../../../domain/findings/life-cycle.ts';
import type { CgroupAnswer } from '../../../domain/findings/node-standing.ts';
import type { Listening } from '../../../domain/findings/quiet-clock.ts';
import type { JournalPlace } from '../../../domain/findings/record.ts';
import type { PostureRule, SecurityEvent } from '../../../domain/findings/types.ts';
import type { AgentDefinition } from '../../../domain/types.ts';
import { aFalco } from '../../../domain/testing/agents.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aContainer, aPod, aShape } from '../../../domain/testing/pods.ts';
import { aPolicy } from '../../../domain/testing/policies.ts';
import type { NodeFacts } from '../../../domain/types.ts';
import { createFindingBook, type FindingBook } from '../book/book.ts';
import type { EventOutcome } from '../book/event-outcome.ts';
import { createDeliveryBook } from '../deliveries.ts';
import { createListeners } from '../ears.ts';
import { createEndedPods } from '../ended-pods.ts';
import type { ReadObject } from '../object-reader.ts';
import { createRecentPods } from '../recent-pods.ts';
import { aspectsOf } from '../aspects.ts';
import { statusOf } from '../status.ts';

export const hour = 3_600_000;
export const start = Date.UTC(2026, 10, 22);
const ours = 'workload-protection';

export const falcoPod = (ready = true, node = 'node-1') =>
  aPod({
    namespace: 'falco',
    name: node.replace('node', 'falco'),
    node,
    owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
    ready,
    shape: aShape({
      labels: { 'app.kubernetes.io/name': 'falco' },
      containers: [aContainer({ name: 'falco', image: 'docker.io/falcosecurity/falco:0.44.1' })],
    }),
  });

export const shopPod = (name: string, node = 'node-1') =>
  aPod({ name, node, owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-1' }, createdAt: start - hour });

/** A node with Falco and two replicas of one Deployment, and a leader's book over it. */
export const setUp = (
  overrides: {
    readonly posture?: readonly PostureRule[];
    readonly mostPerNamespace?: number;
    readonly cgroups?: (facts: NodeFacts) => CgroupAnswer;
    readonly agent?: Partial<AgentDefinition>;
    /** Up to when nobody else can have led. */
    readonly provenUntil?: () => number;
    /** What is known of a pod beyond the model. */
    readonly peek?: (namespace: string, pod: string) => ReadObject | undefined;
  } = {},
) => {
  const model = createCoverageModel();
  model.setAgents([aFalco(overrides.agent)]);
  model.setPolicies([aPolicy({ posture: overrides.posture ?? [], gracePeriod: 0 })]);
  model.upsertNode(aNode());
  model.upsertOwner({ kind: 'Deployment', namespace: 'shop', name: 'cart', owner: undefined, labels: {} });
  model.upsertOwner({
    kind: 'ReplicaSet',
    namespace: 'shop',
    name: 'cart-1',
    owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
    labels: {},
  });
  for (const pod of [falcoPod(), shopPod('cart-a'), shopPod('cart-b')]) model.upsertPod(pod);
  model.evaluate(start);
  let now = start;
  /** Of the wall clock, which may be set, from the one that never jumps. */
  let offset = 0;
  const wall = (): number => now + offset;
  let position = 0;
  const transitions: Transition[] = [];
  const unattributed: string[] = [];
  const enqueued = new Set<string>();
  const objects = new Map<string, Finding>();
  const awaited = new Set<string>();
  const deliveries = createDeliveryBook({ now: () => now, monotonic: () => now });
  const recent = createRecentPods(model, () => now);
  const ended = createEndedPods(model, () => now);
  const openBook = (aliveUntil?: number): FindingBook => {
    const book = createFindingBook({
      model,
      policies: model.policies,
      pod: recent.find,
      container: () => undefined,
      hold: () => false,
      reader: { peek: (_, namespace, name) => overrides.peek?.(namespace, name) },
      cgroups: overrides.cgroups ?? (() => ({ version: undefined, why: 'nobody asks kubelets' })),
      operatorNamespace: ours,
      mostPerNamespace: overrides.mostPerNamespace ?? 1000,
      readSoon: (node, agent) => void awaited.add(`${node}/${agent}`),
      isTerminating: (namespace) => namespace === 'going',
      enqueue: (key) => enqueued.add(key),
      onTransition: (_, transition) => transitions.push(transition),
      onUnattributed: (_, reason) => unattributed.push(reason),
      aliveUntil: () => aliveUntil,
      proof: { now: () => now, until: () => (overrides.provenUntil ?? (() => Number.POSITIVE_INFINITY))() },
    });
    for (const [key, object] of objects) book.seen(key, object);
    return book;
  };
  let book = openBook();
  const look = (elapsed: number, deaf?: Listening): void => {
    now += elapsed;
    model.evaluate(wall());
    awaited.clear();
    book.look(createListeners(model, deliveries, ended), wall(), elapsed, deaf);
  };
  return {
    model,
    transitions,
    unattributed,
    enqueued,
    objects,
    recent,
    ended,
    deliveries,
    /** Whose answers the last look waits for, as `NODE/AGENT`. */
    awaited,
    look,
    /** Falco on the node is asked, and answers; `matches`: what its rules have counted since it was started. */
    answer: (node = 'node-1', matches?: Readonly<Record<string, number>>): void => {
      const rules = Object.entries(matches ?? {}).map(([rule, count]) => ({ rule, count }));
      const emitted = matches && { matches: rules, since: start - hour, until: now };
      const reading = { at: wall(), version: '0.44.1', issues: [], ...(emitted && { emitted }) };
      model.setTelemetry(node, 'falco', { reading, askedSince: start, failure: undefined });
      deliveries.noteReading(node, 'falco', reading, now);
    },
    now: wall,
    /** Sets the wall clock. */
    setClock: (ms: number): void => void (offset += ms),
    /** Time in which this operator does nothing. */
    lose: (ms: number): void => void (now += ms),
    book: () => book,
    /** `from`: where it lay first, where that is another journal than the one that is worked in. */
    post: (event: Partial<SecurityEvent> = {}, at?: number, from?: JournalPlace): EventOutcome => {
      position = at ?? position + 1;
      return book.take({
        event: { ...gcc, at: wall(), ...event },
        senderNode: undefined,
        receivedAt: wall(),
        place: from ?? { journal: 'a', position },
        position,
      });
    },
    /** Writes everything that is to be written, as an API server would keep it. */
    write: (): void => {
      for (const key of enqueued) {
        const finding = book.get(key);
        if (finding === undefined) continue;
        finding.isQueued = false;
        book.writing(key);
        const { record, evidence, version, identity } = finding;
        const before = objects.get(key);
        const status = statusOf(record, { services: [] }, evidence, wall());
        const conditions = aspectsOf(record).map((aspect) => ({
          ...aspect,
          observedGeneration: 1,
          lastTransitionTime: new Date(wall()).toISOString(),
        }));
        const written = findingSchema.safeParse({
          apiVersion: 'workloadprotection.dev/v1alpha1',
          kind: 'Finding',
          metadata: { ...before?.metadata, ...identity },
          spec: before?.spec ?? {},
          status: JSON.parse(JSON.stringify({ ...status, conditions })) as object,
        });
        if (!written.success) throw new Error(JSON.stringify(written.error.issues));
        objects.set(key, written.data);
        book.wrote(key, version, wall());
      }
      enqueued.clear();
    },
    /** Another leader takes over, with what is written and nothing else. */
    restart: (aliveUntil: number): void => {
      enqueued.clear();
      book = openBook(aliveUntil);
    },
    /** `user`: as the webhook stamps it; undefined while it is away. */
    decide: (key: string, caseFile: object, user?: string): void => {
      const object = objects.get(key);
      const spec = findingSchema.parse({ ...object, spec: { case: caseFile } }).spec;
      const { uid = 'uid-1', generation: before = 1, annotations, ...metadata } = object?.metadata ?? { name: '' };
      const [generation, { phase }] = [before + 1, spec.case];
      const stamp = user === undefined ? {} : { [caseStampAnnotation]: writeStamp({ uid, generation, phase, user }) };
      const decided = {
        ...object,
        metadata: { ...metadata, uid, generation, annotations: { ...annotations, ...stamp } },
        spec,
      } as Finding;
      objects.set(key, decided);
      book.seen(key, decided);
    },
  };
};

export const gcc: SecurityEvent = {
  at: start,
  agentType: 'Falco',
  rule: 'Compiler run in container',
  tags: [],
  tactics: [],
  techniques: [],
  origin: { node: 'node-1', namespace: 'shop', pod: 'cart-a', container: 'app', onHost: false },
  process: { executable: '/usr/bin/gcc', name: 'gcc', arguments: '-DPASSWORD=hunter2hunter2 main.c' },
};

export const only = (book: FindingBook) => {
  const [finding, ...others] = [...book.all()];
  if (finding === undefined || others.length > 0) throw new Error(`${others.length + 1} findings`);
  return { finding, key: finding.key };
};
