// What leaves the cluster of a finding: audit record, OCSF, CloudEvents.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditRecord, digestedRecord } from './audit-record.ts';
import { eventsAfter, findingEvents, snapshotEvent } from './cloud-event.ts';
import { isOverdue, isStanding, teamOf, type FindingObject, type FindingStanding } from './finding-object.ts';
import { ocsfFinding } from './ocsf.ts';
import { aFinding, aVerifiedFinding, now, transition } from './testing/finding.ts';

const context = { exportedAt: '2026-06-02T12:00:00.000Z', cluster: 'north' };

describe('a finding', () => {
  test.each<readonly [string, string | undefined, FindingStanding['phase'], boolean]>([
    ['without a day', undefined, 'Open', false],
    ['on its last day', '2026-06-02', 'Open', false],
    ['the day after', '2026-06-01', 'Open', true],
    ['that is being proven, but late', '2026-06-01', 'Verifying', true],
    ['that is resolved', '2026-06-01', 'Resolved', false],
    ['whose risk is accepted', '2026-06-01', 'RiskAccepted', false],
  ])('%s: due %s in phase %s is overdue: %s', (_, dueDate, phase, expected) => {
    expect(isOverdue(aFinding({ file: { ...(dueDate && { dueDate }) } }, { phase }), now)).toBe(expected);
  });

  test('belongs to the team that people wrote, else to that of the workload', () => {
    expect(teamOf(aFinding())).toBe('payments');
    expect(teamOf(aFinding({ file: { team: 'checkout' } }))).toBe('checkout');
    const unseen: FindingObject = { metadata: { name: 'x' }, spec: { case: { phase: 'New' } } };
    expect([teamOf(unseen), isStanding(unseen)]).toEqual([undefined, false]);
  });
});

describe('the audit record', () => {
  test.each<readonly [string, Partial<FindingStanding>, string]>([
    [
      'verified',
      aVerifiedFinding().status,
      'Verified at 2026-06-02T11:00:00Z: the behaviour stayed away for 24h, counted only while an agent listened at evidence Loaded or better.',
    ],
    [
      'verified by runs',
      {
        phase: 'Resolved',
        resolution: 'Verified',
        resolvedAt: 'T',
        quiet: { required: '24h', requiredRuns: 3, observedRuns: 3, observedBefore: '0s', evidence: 'Running' },
      },
      'Verified at T: the behaviour stayed away for 3 observed runs, counted only while an agent listened at evidence Running or better.',
    ],
    [
      'gone',
      { phase: 'Resolved', resolution: 'Gone', resolvedAt: 'T' },
      'Closed at T, since the workload or node is gone. That proves nothing about the fix.',
    ],
    ['claimed', { phase: 'Verifying', fixedAt: 'T' }, 'A fix was claimed at T and is not proven yet.'],
    ['worked on', { phase: 'Remediating' }, 'Somebody works on it; it is not fixed.'],
    ['open', { phase: 'Open' }, 'It is not fixed.'],
  ])('concludes of what is %s no more than is known', (_, status, expected) => {
    expect(auditRecord(aFinding({}, status), context).outcome.conclusion).toBe(expected);
  });

  test('concludes of an accepted risk why and until when', () => {
    const file = { phase: 'RiskAccepted', riskAcceptedUntil: 'T', riskAcceptedReason: 'a build image' } as const;
    expect(auditRecord(aFinding({ file }, { phase: 'RiskAccepted' }), context).outcome.conclusion).toBe(
      'The risk is accepted until T: a build image.',
    );
  });

  test('has the same digest whenever it is exported, and another once anything is other', () => {
    const digested = (file: object, at = 'T'): string =>
      digestedRecord(auditRecord(aFinding({ file }), { exportedAt: at, cluster: undefined }));
    expect(digested({}, 'yesterday')).toBe(digested({}, 'today'));
    expect(digested({ owner: 'ann' })).not.toBe(digested({ owner: 'bob' }));
    expect(digested({})).not.toContain('exportedAt');
  });

  test('holds no character that a widespread jq writes in another way than RFC 8785, or its digest would seem wrong', () => {
    const notes = [{ text: 'a\u007fb \u2028 é 😀', author: 'ann', time: 'T' }];
    expect(auditRecord(aFinding({ file: { notes } }), context).done.notes).toEqual([
      { text: 'a\ufffdb \u2028 é 😀', author: 'ann', time: 'T' },
    ]);
  });
});

describe('OCSF', () => {
  test.each<readonly [FindingStanding['phase'], number, number]>([
    ['Open', 1, 1],
    ['Remediating', 2, 1],
    ['Verifying', 2, 1],
    ['RiskAccepted', 3, 1],
    ['Resolved', 4, 3],
  ])('%s is status %i, activity %i', (phase, status_id, activity_id) => {
    expect(ocsfFinding(aFinding({}, { phase }), 'north')).toMatchObject({
      class_uid: 2004,
      category_uid: 2,
      type_uid: 200_400 + activity_id,
      activity_id,
      status_id,
    });
  });

  test('has what the class requires, and whatever a SIEM joins by', () => {
    expect(ocsfFinding(aVerifiedFinding(), 'north')).toMatchObject({
      time: Date.parse('2026-06-02T11:00:00Z'),
      severity_id: 4,
      count: 12,
      metadata: { version: '1.4.0', product: { name: 'Workload Protection Operator' }, labels: ['cluster:north'] },
      finding_info: {
        title: 'CompilerInContainer of Deployment/checkout',
        analytic: { uid: 'Compiler run in container', name: 'Compiler run in container', type_id: 1 },
        attacks: [{ technique: { uid: 'T1027' }, sub_technique: { uid: 'T1027.004' } }],
      },
      resources: [{ type: 'Deployment', name: 'checkout', namespace: 'shop' }],
      evidences: [{ process: { cmd_line: 'gcc -o helper helper.c', file: { name: 'gcc' } } }],
      unmapped: {
        owner: 'dana@example.com',
        team: 'payments',
        resolution: 'Verified',
        actor: 'workload-protection-operator',
        reason: 'SilenceObserved',
        image_change: { to: ['registry.example.com/shop/checkout:12.0'] },
      },
    });
  });

  test('tells processes apart, as OCSF demands of each, though agents give them no number', () => {
    const time = '2026-06-02T09:00:00.000Z';
    const finding = aFinding(
      {},
      {
        evidence: [
          { id: 'e-1', time, executable: '/usr/bin/gcc', parent: 'bash' },
          { time, pod: 'checkout-1', arguments: 'gcc' },
        ],
      },
    );
    expect(ocsfFinding(finding, undefined)).toMatchObject({
      evidences: [
        // The parent has no identifier that anybody knows, and stands in the data.
        { process: { uid: 'e-1', name: 'gcc' }, data: { parent: 'bash' } },
        { process: { uid: `checkout-1@${time}`, cmd_line: 'gcc' } },
      ],
    });
    expect(JSON.stringify(ocsfFinding(finding, undefined))).not.toContain('parent_process');
  });

  test('says an update once there is more than the beginning, and nothing that is not known', () => {
    const history = [transition('T', undefined, 'Open', 'A'), transition('T', 'Open', 'Remediating', 'B')];
    expect(ocsfFinding(aFinding({}, { history }), undefined)).toMatchObject({ activity_name: 'Update' });
    const text = JSON.stringify(ocsfFinding(aFinding(), undefined));
    expect(text).not.toMatch(/null|undefined/);
  });
});

describe('CloudEvents', () => {
  test('are one for each transition, with all that the specification requires', () => {
    const events = findingEvents(aVerifiedFinding(), 'north');
    expect(events.map(({ type }) => type)).toEqual([
      'dev.workloadprotection.finding.open.v1',
      'dev.workloadprotection.finding.verifying.v1',
      'dev.workloadprotection.finding.resolved.v1',
    ]);
    expect(events[2]).toMatchObject({
      specversion: '1.0',
      source: '/workload-protection/north/findings/shop/compiler-in-container-checkout-1a2b3c4d',
      subject: 'Deployment/checkout',
      time: '2026-06-02T11:00:00Z',
      datacontenttype: 'application/json',
      data: {
        transition: { from: 'Verifying', to: 'Resolved', actor: 'workload-protection-operator' },
        finding: {
          resolution: 'Verified',
          imageChange: { from: 'registry.example.com/shop/checkout:11.4' },
        },
      },
    });
  });

  test('carry neither notes nor evidence: these stay where rights guard them', () => {
    expect(JSON.stringify(findingEvents(aVerifiedFinding(), ''))).not.toMatch(/gcc/);
  });

  test('of a snapshot carries its digest', () => {
    const taken = { name: 'cluster-1', uid: 'u', of: 'cluster', takenAt: '2026-06-01T00:00:00Z', digest: 'sha256:00' };
    expect(snapshotEvent(taken, '')).toMatchObject({
      id: 'u-taken',
      source: '/workload-protection/coveragereports/cluster-1',
      type: 'dev.workloadprotection.snapshot.taken.v1',
      data: { digest: 'sha256:00', of: 'cluster' },
    });
  });

  const phases = ['Open', 'Remediating', 'Verifying', 'Resolved', 'RiskAccepted'] as const;
  const histories = fc.array(
    fc.record({
      second: fc.integer({ min: 0, max: 3 }),
      from: fc.constantFrom(...phases),
      to: fc.constantFrom(...phases),
    }),
    { maxLength: 30 },
  );

  test('of one finding never share an id, and keep theirs when the history grows', () => {
    fc.assert(
      fc.property(histories, fc.nat(30), (steps, cut) => {
        const history = steps.map(({ second, from, to }) => transition(`2026-06-01T00:00:0${second}Z`, from, to, 'X'));
        const ids = findingEvents(aFinding({}, { history }), '').map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        const earlier = findingEvents(aFinding({}, { history: history.slice(0, cut) }), '').map(({ id }) => id);
        expect(ids.slice(0, cut)).toEqual(earlier);
      }),
    );
  });

  test('after the last that was told come exactly the rest; all, where it is not stored any more', () => {
    fc.assert(
      fc.property(histories, fc.nat(30), (steps, at) => {
        const history = steps.map(({ second, from, to }) => transition(`2026-06-01T00:00:0${second}Z`, from, to, 'X'));
        const events = findingEvents(aFinding({}, { history }), '');
        const last = events[at];
        expect(eventsAfter(events, last?.id)).toEqual(last === undefined ? events : events.slice(at + 1));
        expect(eventsAfter(events, 'long ago')).toEqual(events);
      }),
    );
  });
});
