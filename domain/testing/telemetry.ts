// What agents say and what objects declare, for tests: an agent that has loaded one policy with one rule, until the test says more.
import type { AgentPresence } from '../coverage/presence.ts';
import type { Heard } from '../coverage/heard.ts';
import { rulesetOf } from '../telemetry/combine.ts';
import type { Ruleset, RulesetPolicy } from '../telemetry/ruleset.ts';
import type {
  Declarations,
  DeclaredPolicy,
  InstanceTelemetry,
  LoadedPolicy,
  Reading,
  RuleFacts,
} from '../telemetry/types.ts';
import { minutes } from './policies.ts';

export const aRule = (overrides: Partial<RuleFacts> = {}): RuleFacts => ({
  name: 'Terminal shell in container',
  status: 'Loaded',
  tactics: [],
  techniques: ['T1059.004'],
  ...overrides,
});

export const aLoadedPolicy = (overrides: Partial<LoadedPolicy> = {}): LoadedPolicy => ({
  name: 'rules.yaml',
  status: 'Loaded',
  ...overrides,
});

export const aReading = (overrides: Partial<Reading> = {}): Reading => ({ at: 0, issues: [], ...overrides });

/** It was asked long ago, and says this. */
export const saying = (reading: Partial<Reading> = {}, failure?: string): InstanceTelemetry => ({
  reading: aReading(reading),
  askedSince: 0,
  failure,
});

export const silent = (askedSince = 0, failure?: string): InstanceTelemetry => ({
  reading: undefined,
  askedSince,
  failure,
});

export const aDeclaredPolicy = (overrides: Partial<DeclaredPolicy> = {}): DeclaredPolicy => ({
  agent: 'falco',
  name: 'rules.yaml',
  source: 'ConfigMap',
  declaredBy: { kind: 'ConfigMap', namespace: 'security', name: 'falco-rules' },
  ...overrides,
});

export const declaring = (overrides: Partial<Declarations> = {}): Declarations => ({
  policies: [],
  contents: [],
  exclusions: [],
  notes: [],
  ...overrides,
});

/** A policy as it is told of a node. */
export const aLoaded = (overrides: Partial<RulesetPolicy> = {}): RulesetPolicy => ({
  name: 'rules.yaml',
  agent: 'falco',
  status: 'Loaded',
  version: undefined,
  digest: undefined,
  source: undefined,
  type: undefined,
  declaredBy: undefined,
  message: undefined,
  remedy: undefined,
  rules: [aRule()],
  missing: [],
  pods: undefined,
  ...overrides,
});

export const aRuleset = (
  policies: readonly RulesetPolicy[] = [aLoaded()],
  proof: Ruleset['proof'] = 'Complete',
  agent = 'falco',
): Ruleset => rulesetOf(agent, policies, proof);

/** Asked, and fresh. */
export const hearing = (overrides: Partial<Heard> = {}): Heard => ({
  type: 'Falco',
  isConfigured: true,
  isAsked: true,
  askedSince: undefined,
  hasAnswered: true,
  olderThan: 0,
  staleAfter: 3 * minutes,
  failure: undefined,
  issues: [],
  losses: [],
  ...overrides,
});

/** An agent that says what it has loaded. */
export const told = (
  ruleset: Ruleset = aRuleset(),
  overrides: Partial<AgentPresence> = {},
): Partial<AgentPresence> => ({
  evidence: 'Loaded',
  heard: hearing(),
  ruleset,
  restart: 'kubectl -n security rollout restart daemonset/falco',
  ...overrides,
});
