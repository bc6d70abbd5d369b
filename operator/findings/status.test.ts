import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingSchema } from '../../crds/schema/finding.ts';
import { findingPhases, quietEvidenceLevels, ranks, suspendedReasons } from '../../crds/schema/vocabulary.ts';
import type { Hearing } from '../../domain/findings/hearing.ts';
import type { Listening } from '../../domain/findings/quiet-clock.ts';
import type { EvidenceEvent, FindingRecord } from '../../domain/findings/record.ts';
import { aspectsOf } from './aspects.ts';
import { storedQuietOf } from './quiet-status.ts';
import { recordOf } from './record-of-status.ts';
import { statusOf } from './status.ts';
import { only, setUp } from './testing/world.ts';

/** Of any length and any characters, and often longer than anything may be. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 5000 }))
    .map(([some, times]) => some.repeat(times)),
  fc.constantFrom('T1059', 'T1552.005', 'TA0002', 'T1', 'mitre', 'Job', 'CronJob', 'Node'),
);
const texts = fc.array(text, { maxLength: 120 });
/** In milliseconds, and what is no time at all. */
const time = fc.oneof(
  fc.date({ noInvalidDate: false }).map((date) => date.getTime()),
  fc.double(),
  fc.constant(8.64e15),
);
const count = fc.oneof(fc.integer(), fc.double(), fc.maxSafeNat());
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const phase = fc.constantFrom(...findingPhases);

const evidence: fc.Arbitrary<EvidenceEvent> = fc.record({
  id: maybe(text),
  at: time,
  agent: maybe(text),
  rule: maybe(text),
  node: maybe(text),
  pod: maybe(text),
  executable: maybe(text),
  arguments: maybe(text),
  parent: maybe(text),
  user: maybe(text),
  file: maybe(text),
  destination: maybe(text),
  message: maybe(text),
  agentType: maybe(text),
  policy: maybe(text),
  process: maybe(text),
  tags: texts,
  podAge: maybe(count),
  version: maybe(text),
  countedBy: maybe(text),
});

const listening = fc.oneof(
  fc.constant({ listening: true } as const),
  fc.record({ listening: fc.constant(false as const), reason: fc.constantFrom(...suspendedReasons), message: text }),
);

const hearing = fc.record({
  heard: count,
  of: count,
  missing: fc.array(fc.record({ agent: text, nodes: fc.oneof(texts, fc.constant('All' as const)) }), { maxLength: 20 }),
});

const records: fc.Arbitrary<FindingRecord> = fc.record({
  subject: fc.record({ kind: text, namespace: maybe(text), name: text, container: maybe(text) }),
  uid: maybe(text),
  behaviour: text,
  severity: fc.constantFrom(...ranks),
  policies: texts,
  quietTerms: fc.record({
    period: count,
    evidence: maybe(fc.constantFrom(...quietEvidenceLevels)),
    nodes: fc.double(),
    runs: count,
  }),
  tactics: texts,
  techniques: texts,
  state: fc.record({
    phase,
    count,
    firstSeen: time,
    lastSeen: time,
    fixedAt: maybe(time),
    resolvedAt: maybe(time),
    resolution: maybe(fc.constantFrom('Verified' as const, 'Gone' as const)),
    reopened: count,
    quiet: fc.record({
      observed: count,
      unproven: count,
      observedRuns: count,
      listening,
      hearing: maybe(hearing),
      stored: fc.record({
        observedBefore: count,
        runningSince: maybe(time),
        suspended: maybe(fc.record({ reason: fc.constantFrom(...suspendedReasons), message: text })),
        observedRuns: count,
        hearing: maybe(hearing),
      }),
      differsFor: count,
      isBroken: fc.boolean(),
    }),
  }),
  image: maybe(text),
  imageDigest: maybe(fc.record({ pod: text, digest: maybe(fc.constant(`sha256:${'ab'.repeat(32)}`)) })),
  imageChange: maybe(fc.record({ from: text, to: fc.array(text, { maxLength: 5 }), pods: count, since: time })),
  team: maybe(text),
  pods: texts,
  podsSeen: count,
  nodes: texts,
  agents: texts,
  rules: texts,
  declaredRules: texts,
  evidence: fc.array(evidence, { maxLength: 15 }),
  history: fc.array(
    fc.record({
      time,
      actor: text,
      from: maybe(phase),
      to: phase,
      reason: fc.constantFrom('BehaviourSeen' as const, 'SubjectGone' as const),
      message: text,
    }),
    { maxLength: 120 },
  ),
  journal: fc.array(fc.tuple(text, count), { maxLength: 20 }).map((places) => new Map(places)),
});

test('whatever is known of a finding, what is written of it is what the API takes, or the journal would wait for it for ever', () => {
  const details = fc.record({ services: texts });
  fc.assert(
    fc.property(records, details, fc.constantFrom(...quietEvidenceLevels), (record, about, level) => {
      const now = Date.UTC(2026, 10, 22);
      const status = statusOf(record, about, level, now);
      const conditions = aspectsOf(record).map((aspect) => ({
        ...aspect,
        observedGeneration: 1,
        lastTransitionTime: new Date(now).toISOString(),
      }));
      const written = findingSchema.safeParse({
        apiVersion: 'workloadprotection.dev/v1alpha1',
        kind: 'Finding',
        metadata: { name: 'finding', namespace: 'shop' },
        status: JSON.parse(JSON.stringify({ ...status, conditions })) as object,
      });
      expect(written.error?.issues ?? []).toEqual([]);
      // And the next leader goes on with it.
      if (written.data !== undefined) expect(() => recordOf(written.data, record.quietTerms, now)).not.toThrow();
    }),
    { numRuns: 300 },
  );
});

describe('of what is missing', () => {
  const findingOf = () => {
    const world = setUp();
    world.post();
    return only(world.book()).finding;
  };
  const written = (hearing: Hearing | undefined, listening: Listening) => {
    const { record } = findingOf();
    const quiet = { ...record.state.quiet, listening, hearing };
    const status = statusOf({ ...record, state: { ...record.state, quiet } }, { services: [] }, 'Delivered', 0);
    return { quiet: status.quiet, read: storedQuietOf(status.quiet).hearing };
  };
  const unproven = { listening: false, reason: 'DeliveryUnproven', message: 'x' } as const;
  const lossy: Hearing = { heard: 1, of: 3, missing: [{ agent: 'falco', nodes: ['a', 'b'] }] };

  test.each<[string, Hearing, Listening]>([
    ['some nodes', lossy, unproven],
    ['some nodes, while the clock runs', lossy, { listening: true }],
    ['all nodes', { heard: 0, of: 30, missing: [{ agent: 'falco', nodes: 'All' }] }, unproven],
    ['none, as far as is known', { heard: 1, of: 3, missing: [] }, unproven],
  ])('the next leader reads what was written: %s', (_, hearing, listening) => {
    expect(written(hearing, listening).read).toEqual(hearing);
  });

  test('nothing is said where nothing is, and all nodes hear', () => {
    const { quiet } = written({ heard: 3, of: 3, missing: [] }, { listening: true });
    expect([quiet?.missing, quiet?.heard]).toEqual([undefined, undefined]);
  });

  test('more names than there is room for are all nodes, and never fewer', () => {
    const nodes = Array.from({ length: 21 }, (_, index) => `node-${index}`);
    const { read } = written({ heard: 0, of: 21, missing: [{ agent: 'falco', nodes }] }, unproven);
    expect(read?.missing).toEqual([{ agent: 'falco', nodes: 'All' }]);
  });

  test('who has not looked says nothing, and all is in doubt', () => {
    expect(written(undefined, unproven).read).toBeUndefined();
  });
});
