// Findings as the API server keeps them, for tests of what is told of them.
import type { CaseFile, FindingStanding, StandingFinding } from '../finding-object.ts';

export const now = Date.parse('2026-06-02T12:00:00Z');

export const aStanding = (overrides: Partial<FindingStanding> = {}): FindingStanding => ({
  behaviour: 'CompilerInContainer',
  severity: 'High',
  subject: {
    reference: 'Deployment/checkout',
    kind: 'Deployment',
    name: 'checkout',
    namespace: 'shop',
    container: 'app',
    image: 'registry.example.com/shop/checkout:11.4',
    pods: ['checkout-1', 'checkout-2'],
    podsSeen: 2,
    nodes: ['worker-7'],
    services: ['checkout'],
    team: 'payments',
  },
  phase: 'Open',
  policies: ['production'],
  count: 12,
  firstSeen: '2026-06-01T09:00:00Z',
  lastSeen: '2026-06-02T09:00:00Z',
  reopened: 0,
  quiet: {
    required: '24h',
    observedBefore: '1h',
    runningSince: '2026-06-02T10:00:00Z',
    clearsAt: '2026-06-03T09:00:00Z',
    evidence: 'Loaded',
  },
  evidence: [
    {
      id: 'e-12',
      time: '2026-06-02T09:00:00.000Z',
      agent: 'falco',
      rule: 'Compiler run in container',
      node: 'worker-7',
      pod: 'checkout-1',
      executable: '/usr/bin/gcc',
      arguments: 'gcc -o helper helper.c',
      user: 'root',
    },
  ],
  agents: ['falco'],
  rules: ['Compiler run in container'],
  mitre: { tactics: ['TA0005'], techniques: ['T1027.004'] },
  remediation: { text: 'Build in one stage.', links: ['https://docs.example.com/stages'] },
  history: [
    {
      time: '2026-06-01T09:00:05Z',
      actor: 'workload-protection-operator',
      to: 'Open',
      reason: 'BehaviourSeen',
      message: 'The behaviour was seen for the first time.',
    },
  ],
  ...overrides,
});

export const aFinding = (
  {
    name = 'compiler-in-container-checkout-1a2b3c4d',
    namespace = 'shop',
    file = {},
  }: { readonly name?: string; readonly namespace?: string; readonly file?: Partial<CaseFile> } = {},
  overrides: Partial<FindingStanding> = {},
): StandingFinding => ({
  metadata: { name, namespace, uid: `uid-of-${name}`, creationTimestamp: '2026-06-01T09:00:05Z' },
  spec: { case: { phase: 'New', ...file } },
  status: aStanding(overrides),
});

/** As the worked example ends: found, worked on, fixed, quiet, verified. */
export const aVerifiedFinding = (): StandingFinding =>
  aFinding(
    {
      file: {
        phase: 'Fixed',
        owner: 'dana@example.com',
        team: 'payments',
        dueDate: '2026-06-15',
        remediation: 'two-stage build, image 12.0',
        links: [{ title: 'two-stage build', url: 'https://tracker.example.com/PAY-421' }],
        notes: [
          { text: 'gcc comes with the base image', author: 'dana@example.com', time: '2026-06-01T10:00:00.000Z' },
        ],
      },
    },
    {
      phase: 'Resolved',
      fixedAt: '2026-06-01T10:00:00Z',
      resolvedAt: '2026-06-02T11:00:00Z',
      resolution: 'Verified',
      imageChange: {
        from: 'registry.example.com/shop/checkout:11.4',
        to: ['registry.example.com/shop/checkout:12.0'],
        pods: 2,
        since: '2026-06-01T10:30:00Z',
      },
      quiet: { required: '24h', observedBefore: '24h', evidence: 'Loaded' },
      history: [
        transition('2026-06-01T09:00:05Z', undefined, 'Open', 'BehaviourSeen'),
        transition('2026-06-01T10:00:00Z', 'Open', 'Verifying', 'FixClaimed'),
        transition('2026-06-02T11:00:00Z', 'Verifying', 'Resolved', 'SilenceObserved'),
      ],
    },
  );

type Phase = FindingStanding['phase'];

export const transition = (time: string, from: Phase | undefined, to: Phase, reason: string) => ({
  time,
  actor: 'workload-protection-operator',
  ...(from === undefined ? {} : { from }),
  to,
  reason,
  message: `${reason}.`,
});
