// What the policies that select an asset make of the agents that could see it. Each policy's list of agents is an any-of, and
// every policy must be satisfied; where none selects, the baseline asks for some recognised agent.
import { stateOf } from '../reason.ts';
import { badnessOf, strengthOf } from '../state.ts';
import type { Ruleset } from '../telemetry/ruleset.ts';
import type { Evidence, Policy, State } from '../types.ts';
import { isOlder } from '../version.ts';
import { agentGaps } from './agent-gaps.ts';
import { contentGaps } from './content-gaps.ts';
import { baseline, defaultGracePeriod, demandOf, gapOf, graceEnd, type Demand } from './demand.ts';
import { nearnessOf, type AgentPresence } from './presence.ts';
import { silenceOf } from './silence.ts';
import { mergeGaps, stateOfGaps, type AgentVerdict, type Gap } from './verdict.ts';

export interface Judgement {
  readonly state: State;
  /** The weakest that any satisfied requirement rests on; undefined where no agent is there. */
  readonly evidence: Evidence | undefined;
  readonly gaps: readonly Gap[];
  readonly agents: readonly AgentVerdict[];
  /** What the agents that protect the asset have loaded. */
  readonly rulesets: readonly Ruleset[];
  /** When the judgement changes by itself because a grace period ends; Infinity if it does not. */
  readonly validUntil: number;
}

export const judge = (presences: readonly AgentPresence[], policies: readonly Policy[], now: number): Judgement => {
  const demands = policies.length === 0 ? [baseline] : policies.map(demandOf);
  const outcomes = demands.map((demand) => meet(demand, presences, now));
  const gaps = mergeGaps(outcomes.flatMap((outcome) => outcome.gaps));
  const grace = policies.length === 0 ? defaultGracePeriod : Math.max(...policies.map((policy) => policy.gracePeriod));
  return {
    state: stateOfGaps(gaps),
    evidence: weakest(outcomes),
    gaps,
    agents: presences.flatMap((presence) => describeAgent(presence, grace, now)),
    rulesets: presences.flatMap(({ ruleset, trouble }) => (trouble === undefined ? (ruleset ?? []) : [])),
    validUntil: nextChange(presences, demands, now),
  };
};

/** When the first grace period ends that is still running. */
const nextChange = (presences: readonly AgentPresence[], demands: readonly Demand[], now: number): number => {
  let next = Number.POSITIVE_INFINITY;
  for (const presence of presences) {
    const asked = { expectedSince: presence.heard?.askedSince };
    for (const { gracePeriod } of demands) {
      for (const end of [
        presence.trouble === undefined ? Number.NEGATIVE_INFINITY : graceEnd(presence, gracePeriod),
        graceEnd(asked, gracePeriod),
      ]) {
        if (end > now && end < next) next = end;
      }
    }
  }
  return next;
};

interface Outcome {
  readonly gaps: readonly Gap[];
  readonly evidence: Evidence | undefined;
  readonly state: State;
  readonly nearness: number;
  /** It works, so that what it has loaded may be asked about. */
  readonly speaks: boolean;
}

const meet = (demand: Demand, presences: readonly AgentPresence[], now: number): Outcome => {
  const candidates = candidatesOf(demand, presences);
  const outcomes = candidates.map(({ presence, minVersion }) => tryAgent(demand, presence, minVersion, now));
  const best = outcomes.reduce<Outcome | undefined>((a, b) => (a === undefined || isBetter(b, a) ? b : a), undefined);
  if (best === undefined || best.nearness === nearnessOf.uninstalled) return nothingInstalled(demand, presences);
  if (!best.speaks) return best;
  // One that is silent counts too: what it has loaded cannot be told, and that is what is said then.
  const working = candidates.map(({ presence }) => presence).filter(({ trouble }) => trouble === undefined);
  const gaps = [...best.gaps, ...contentGaps(demand, working)];
  return { ...best, gaps, state: stateOfGaps(gaps) };
};

const candidatesOf = (
  { agents }: Demand,
  presences: readonly AgentPresence[],
): readonly { readonly presence: AgentPresence; readonly minVersion: string | undefined }[] =>
  agents.length === 0
    ? presences.map((presence) => ({ presence, minVersion: undefined }))
    : agents.flatMap(({ name, minVersion }) =>
        presences.filter(({ agent }) => agent === name).map((presence) => ({ presence, minVersion })),
      );

const isBetter = (a: Outcome, b: Outcome): boolean => {
  const difference = badnessOf(a.state) - badnessOf(b.state);
  if (difference !== 0) return difference < 0;
  const evidence = strengthOf(a.evidence) - strengthOf(b.evidence);
  return evidence !== 0 ? evidence > 0 : a.nearness > b.nearness;
};

const tryAgent = (demand: Demand, presence: AgentPresence, minVersion: string | undefined, now: number): Outcome => {
  const trouble = troubleAt(presence, demand.gracePeriod, now) ?? silenceOf(demand, presence, now);
  const gaps =
    trouble === undefined
      ? agentGaps(demand, presence, minVersion)
      : [gapOf(demand, presence.agent, trouble.reason, trouble.cause, trouble.remedy)];
  return {
    gaps,
    evidence: presence.evidence,
    state: stateOfGaps(gaps),
    nearness: presence.nearness,
    speaks: trouble === undefined,
  };
};

/** The trouble as it reads now: within the grace period only "not yet", with what is in the way at present. */
const troubleAt = (presence: AgentPresence, gracePeriod: number, now: number): AgentPresence['trouble'] => {
  if (presence.trouble === undefined || now >= graceEnd(presence, gracePeriod)) return presence.trouble;
  return {
    reason: 'NotYetReported',
    cause: `within the grace period; at present ${presence.trouble.cause}`,
    remedy: `Wait for the grace period to end; if it does not settle: ${presence.trouble.remedy}`,
  };
};

const nothingInstalled = (demand: Demand, presences: readonly AgentPresence[]): Outcome => {
  const names = demand.agents.map(({ name }) => name);
  const unknown = names.filter((name) => presences.every(({ agent }) => agent !== name));
  const cause =
    names.length === 0
      ? 'no recognised agent is installed: no DaemonSet matches any ProtectionAgent'
      : unknown.length === names.length
        ? `WorkloadPolicy ${demand.policy ?? ''} requires ${names.join(' or ')}, and no ProtectionAgent has that name`
        : `none of the agents that WorkloadPolicy ${demand.policy ?? ''} accepts is installed: ${names.join(', ')}`;
  const remedy =
    names.length === 0
      ? 'Install an agent such as Falco, or describe yours in a ProtectionAgent (kubectl explain pagent.spec.pods)'
      : unknown.length === names.length
        ? `Create the ProtectionAgent, or correct the name: kubectl edit wpol ${demand.policy ?? ''}`
        : `Install ${names.join(' or ')}`;
  const gaps = [gapOf(demand, undefined, 'AgentMissing', cause, remedy)];
  return { gaps, evidence: undefined, state: stateOfGaps(gaps), nearness: nearnessOf.uninstalled, speaks: false };
};

const weakest = (outcomes: readonly Outcome[]): Evidence | undefined =>
  outcomes.map(({ evidence }) => evidence).reduce((a, b) => (strengthOf(b) < strengthOf(a) ? b : a));

/** How the asset would stand with this agent alone, by what the agent itself leaves open. */
const describeAgent = (presence: AgentPresence, grace: number, now: number): readonly AgentVerdict[] => {
  const { agent, version, evidence, minVersion } = presence;
  if (evidence === undefined) return [];
  const demand = { ...baseline, gracePeriod: grace };
  const trouble = troubleAt(presence, grace, now) ?? silenceOf(demand, presence, now);
  const outdated = version !== undefined && minVersion !== undefined && isOlder(version, minVersion) === true;
  const state = trouble === undefined ? stateOfGaps(agentGaps(demand, presence, undefined)) : stateOf(trouble.reason);
  return [{ name: agent, version, state, evidence, outdated }];
};
