// The agents of a node as the operator has published them. What is there was said in a CoverageSlice; why something is not there is
// found again from the DaemonSets, since a slice names only the gaps that its own policies ask about.
import type { AgentCatalogue } from '../coverage/agents.ts';
import { whyAbsent } from '../coverage/absence.ts';
import { nearnessOf, upgradeOf, type AgentPresence, type Trouble } from '../coverage/presence.ts';
import type { AttackCounts } from '../attack/types.ts';
import { stateOf, type Reason } from '../reason.ts';
import type { Ruleset, RulesetPolicy } from '../telemetry/ruleset.ts';
import type { AgentDefinition, Evidence, NodeFacts, State } from '../types.ts';

/** What a CoverageSlice says of a node. */
export interface NodeReport {
  readonly agents: readonly ReportedAgent[];
  readonly reasons: readonly (Trouble & { readonly agent: string | undefined })[];
  /** What its agents have loaded; left out where nobody tells. Nodes that have loaded the same share it. */
  readonly ruleset?: ReportedRuleset;
}

/** What the agents of some nodes have loaded together. */
export interface ReportedRuleset {
  readonly id: string;
  readonly policies: readonly RulesetPolicy[];
  /** Of all its agents together: rules are told by name only. */
  readonly counts: AttackCounts;
}

export interface ReportedAgent {
  readonly name: string;
  readonly version: string | undefined;
  /** How the node would stand with this agent alone. */
  readonly state: State;
  readonly evidence: Evidence | undefined;
}

/** Undefined where nothing has been said of the node yet. */
export const reportedPresences = (
  node: NodeFacts,
  report: NodeReport | undefined,
  catalogue: AgentCatalogue,
): readonly AgentPresence[] | undefined => {
  // No agent can run on a virtual node, whatever is reported.
  if (report === undefined && node.virtual === undefined) return undefined;
  return catalogue.agents.map((agent) => {
    const there = report?.agents.find(({ name }) => name === agent.name);
    return there === undefined ? absent(agent, node, report, catalogue) : present(agent, there, report, catalogue);
  });
};

const absent = (
  agent: AgentDefinition,
  node: NodeFacts,
  report: NodeReport | undefined,
  catalogue: AgentCatalogue,
): AgentPresence => {
  const absence = whyAbsent({
    agent,
    node,
    pods: [],
    installations: catalogue.installationsOf(agent),
    configMap: () => undefined,
    goneAt: undefined,
  });
  const reported = reasonOf(agent.name, report);
  if (reported === undefined) return absence;
  // The operator sees pods, so it knows better. Where it waits no longer, a policy with more patience than those it spoke for still may.
  const expectedSince = reported.reason === 'NotYetReported' ? undefined : absence.expectedSince;
  return { ...absence, trouble: reported, expectedSince };
};

const present = (
  agent: AgentDefinition,
  { name, version, state, evidence }: ReportedAgent,
  report: NodeReport | undefined,
  catalogue: AgentCatalogue,
): AgentPresence => ({
  agent: name,
  version,
  evidence,
  trouble: protects(state) ? undefined : (reasonOf(name, report, state) ?? unexplained(name, state)),
  expectedSince: undefined,
  nearness: nearnessOf.running,
  upgrade: upgradeOf(agent, catalogue.installationsOf(agent)[0]),
  minVersion: agent.minVersion,
  ...(report?.ruleset === undefined ? {} : { ruleset: partOf(report.ruleset, name, evidence) }),
});

/**
 * What one agent has of it. That it is all of it is believed of an agent that has proved what it has loaded. Policies that select
 * pods count for every pod: which ones they select is not told, and who is in doubt is let in.
 */
const partOf = ({ id, policies, counts }: ReportedRuleset, agent: string, evidence: Evidence | undefined): Ruleset => ({
  id: `${id} ${agent}`,
  agent,
  policies: policies.filter((policy) => policy.agent === agent),
  notForPod: [],
  proof: evidence === 'Loaded' ? 'Complete' : 'None',
  counts,
});

/** Whether an asset in this state is protected, degraded or not. */
export const protects = (state: State): boolean => state === 'Protected' || state === 'Warning';

const reasonOf = (agent: string, report: NodeReport | undefined, state?: State): Trouble | undefined =>
  report?.reasons.find(
    (reason) =>
      reason.agent === agent &&
      (state === undefined ? !protects(stateOf(reason.reason)) : stateOf(reason.reason) === state),
  );

/** An agent that no policy of the node asks about stands in its slice without words. */
const unexplained = (agent: string, state: State): Trouble => ({
  reason: reasonFor[state],
  cause: `${agent} is on the node in the state ${state}`,
  remedy: `See why: kubectl describe pagent ${agent}`,
});

const reasonFor: Readonly<Record<State, Reason>> = {
  Protected: 'AgentHealth',
  Warning: 'AgentHealth',
  Unknown: 'NotYetReported',
  Incomplete: 'EvidenceTooWeak',
  Failed: 'AgentNotReady',
  NoProtection: 'ProtectionDisabled',
  NoAgent: 'AgentMissing',
};
