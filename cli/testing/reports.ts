// Reports for tests of the formats.
import type { CheckGap, CheckReport, CheckResult } from '../judge/result.ts';

export const aGap = (overrides: Partial<CheckGap> = {}): CheckGap => ({
  state: 'NoAgent',
  reason: 'AgentMissing',
  cause: 'DaemonSet falco/falco does not tolerate the taint dedicated=gpu:NoSchedule',
  remedy: 'Add the toleration',
  policies: ['production'],
  nodes: 2,
  ...overrides,
});

export const aResult = (overrides: Partial<CheckResult> = {}): CheckResult => ({
  checks: 'Placement',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
  file: 'manifests/web.yaml',
  line: 7,
  verdict: 'Unprotected',
  state: 'NoAgent',
  nodes: { total: 2, protected: 0, unprotected: 2, unknown: 0 },
  hypothetical: false,
  policies: [],
  gaps: [aGap()],
  ...overrides,
});

/** One of each verdict. */
export const everyVerdict: readonly CheckResult[] = [
  aResult(),
  aResult({
    name: 'maybe',
    verdict: 'Unknown',
    state: 'Unknown',
    gaps: [aGap({ state: 'Unknown', reason: 'NotYetReported' })],
  }),
  aResult({ name: 'partly', verdict: 'Partly', state: 'Warning', gaps: [aGap({ state: 'Warning' })] }),
  aResult({ name: 'fine', verdict: 'Protected', state: 'Protected', gaps: [] }),
  aResult({ name: 'exempt', verdict: 'Exempt', state: 'Exempt', gaps: [] }),
  aResult({ name: 'agent', kind: 'DaemonSet', verdict: 'Agent', state: 'Protected', gaps: [] }),
];

export const aReport = (overrides: Partial<CheckReport> = {}): CheckReport => ({
  apiVersion: 'cli.workloadprotection.dev/v1alpha1',
  kind: 'CheckReport',
  source: 'files',
  summary: { workloads: 6, protected: 1, partly: 1, unprotected: 1, unknown: 1, exempt: 1, agents: 1 },
  exitCode: 1,
  results: everyVerdict,
  skipped: { ConfigMap: 2 },
  problems: [{ file: 'manifests/bad.yaml', line: 3, message: 'this is no valid YAML' }],
  notes: ['judged by files alone'],
  ...overrides,
});
