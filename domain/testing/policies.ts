// Policies for tests: each selects everything and asks for nothing in particular, until the test says more.
import type { PostureRule } from '../findings/types.ts';
import type { AssetSelector, Exemption, Labels, LabelSelector, NodeMarks, Policy, Requirement } from '../types.ts';

export const minutes = 60_000;

export const labelled = (matchLabels: Labels): LabelSelector => ({ matchLabels, matchExpressions: [] });

export const selecting = (overrides: Partial<AssetSelector> = {}): AssetSelector => ({
  namespace: undefined,
  pod: undefined,
  node: undefined,
  ...overrides,
});

export const requiring = (overrides: Partial<Requirement> = {}): Requirement => ({
  agents: [],
  evidence: 'Running',
  policies: [],
  mitre: [],
  telemetryMaxAge: undefined,
  maxDropRatio: undefined,
  ...overrides,
});

export const aPolicy = (overrides: Partial<Policy> = {}): Policy => ({
  name: 'everything',
  selector: selecting(),
  criticality: 'Medium',
  require: requiring(),
  gracePeriod: 5 * minutes,
  exemptions: [],
  admission: admitting(),
  nodes: marking(),
  posture: [],
  ...overrides,
});

/** One that says nothing but which behaviour counts. */
export const counting = (overrides: Partial<PostureRule> = {}): PostureRule => ({
  behaviour: 'CompilerInContainer',
  match: [],
  severity: undefined,
  quietPeriod: 24 * 60 * minutes,
  quietEvidence: undefined,
  quietNodes: 1,
  quietRuns: 3,
  minimumPodAge: undefined,
  minimumVersion: undefined,
  exclude: [],
  ...overrides,
});

export const marking = (
  overrides: Partial<NodeMarks['startupTaint']> & { readonly condition?: boolean } = {},
): NodeMarks => {
  const { condition = false, ...startupTaint } = overrides;
  return {
    condition,
    startupTaint: { enabled: false, timeLimit: 10 * minutes, onTimeLimit: 'Remove', ...startupTaint },
  };
};

export const admitting = (overrides: Partial<Policy['admission']> = {}): Policy['admission'] => ({
  mode: 'Off',
  when: 'AllNodes',
  kinds: [],
  refuses: ['Pod'],
  breakGlass: 'Allowed',
  ...overrides,
});

export const anExemption = (overrides: Partial<Exemption> = {}): Exemption => ({
  name: 'lab',
  selector: selecting(),
  reason: 'A laboratory',
  expiresAt: 1_000_000,
  ...overrides,
});
