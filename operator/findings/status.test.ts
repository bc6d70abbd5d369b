import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findingSchema } from '../../crds/schema/finding.ts';
import { findingPhases, quietEvidenceLevels, ranks, suspendedReasons } from '../../crds/schema/vocabulary.ts';
import type { EvidenceEvent, FindingRecord } from '../../domain/findings/record.ts';
import { aspectsOf, recordOf, statusOf } from './status.ts';

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
});

const listening = fc.oneof(
  fc.constant({ listening: true } as const),
  fc.record({ listening: fc.constant(false as const), reason: fc.constantFrom(...suspendedReasons), message: text }),
);

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
      observedRuns: count,
      listening,
      stored: fc.record({
        observedBefore: count,
        runningSince: maybe(time),
        suspended: maybe(fc.record({ reason: fc.constantFrom(...suspendedReasons), message: text })),
        observedRuns: count,
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
