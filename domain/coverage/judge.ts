// What the policies that select an asset make of the agents that could see it. Each policy's list of agents is an any-of, and
// every policy must be satisfied; where none selects, the baseline asks for some recognised agent.
import { stateOf } from '../reason.ts';
import { badnessOf, strengthOf } from '../state.ts';
import type { AgentRequirement, Evidence, Policy, State } from '../types.ts';
import { isOlder } from '../version.ts';
import { nearnessOf, versionWanted, type AgentPresence } from './presence.ts';
import { clip } from './words.ts';
import { mergeGaps, stateOfGaps, type AgentVerdict, type Gap } from './verdict.ts';

/** Grace where no policy selects the asset, in milliseconds. */
export const defaultGracePeriod = 300_000;

export interface Judgement {
  readonly state: State;
  /** The weakest that any satisfied requirement rests on; undefined where no agent is there. */
  readonly evidence: Evidence | undefined;
  readonly gaps: readonly Gap[];
  readonly agents: readonly AgentVerdict[];
  /** When the judgement changes by itself because a grace period ends; Infinity if it does not. */
  readonly validUntil: number;
}

interface Demand {
  readonly policy: string | undefined;
  readonly agents: readonly AgentRequirement[];
  readonly evidence: Evidence;
  readonly gracePeriod: number;
  /** Detection policies, rules or techniques are asked for. */
  readonly content: readonly string[];
}

const baseline: Demand = {
  policy: undefined,
  agents: [],
  evidence: 'Running',
  gracePeriod: defaultGracePeriod,
  content: [],
};

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
    validUntil: nextChange(presences, demands, now),
  };
};

/** When the first grace period ends that is still running. */
const nextChange = (presences: readonly AgentPresence[], demands: readonly Demand[], now: number): number => {
  let next = Number.POSITIVE_INFINITY;
  for (const presence of presences) {
    if (presence.trouble === undefined) continue;
    for (const { gracePeriod } of demands) {
      const end = graceEnd(presence, gracePeriod);
      if (end > now && end < next) next = end;
    }
  }
  return next;
};

const demandOf = ({ name, require, gracePeriod }: Policy): Demand => ({
  policy: name,
  agents: require.agents,
  evidence: require.evidence,
  gracePeriod,
  content: [
    ...require.policies.map((policy) => `policy ${policy.name}`),
    ...require.mitre.flatMap(({ tactic, techniques }) => (techniques.length === 0 ? [`tactic ${tactic}`] : techniques)),
  ],
});

interface Outcome {
  readonly gaps: readonly Gap[];
  readonly evidence: Evidence | undefined;
  readonly state: State;
  readonly nearness: number;
}

const meet = (demand: Demand, presences: readonly AgentPresence[], now: number): Outcome => {
  const candidates = candidatesOf(demand, presences);
  const outcomes = candidates.map(({ presence, minVersion }) => tryAgent(demand, presence, minVersion, now));
  const best = outcomes.reduce<Outcome | undefined>((a, b) => (a === undefined || isBetter(b, a) ? b : a), undefined);
  return best === undefined || best.nearness === nearnessOf.uninstalled ? nothingInstalled(demand, presences) : best;
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
  const trouble = troubleAt(presence, demand.gracePeriod, now);
  const gaps: Gap[] =
    trouble === undefined
      ? shortfalls(demand, presence, minVersion)
      : [gapOf(demand, presence.agent, trouble.reason, trouble.cause, trouble.remedy)];
  return {
    gaps,
    evidence: presence.evidence,
    state: stateOfGaps(gaps),
    nearness: presence.nearness,
  };
};

const graceEnd = ({ expectedSince }: AgentPresence, gracePeriod: number): number =>
  expectedSince === undefined ? Number.NEGATIVE_INFINITY : expectedSince + gracePeriod;

/** The trouble as it reads now: within the grace period only "not yet", with what is in the way at present. */
const troubleAt = (presence: AgentPresence, gracePeriod: number, now: number): AgentPresence['trouble'] => {
  if (presence.trouble === undefined || now >= graceEnd(presence, gracePeriod)) return presence.trouble;
  return {
    reason: 'NotYetReported',
    cause: `within the grace period; at present ${presence.trouble.cause}`,
    remedy: `Wait for the grace period to end; if it does not settle: ${presence.trouble.remedy}`,
  };
};

/** What a working agent still leaves open. */
const shortfalls = (demand: Demand, presence: AgentPresence, required: string | undefined): Gap[] => {
  const { agent, version, evidence } = presence;
  const gaps: Gap[] = [];
  const by = demand.policy === undefined ? '' : `WorkloadPolicy ${demand.policy}`;
  if (required !== undefined && version === undefined) {
    gaps.push(
      gapOf(
        demand,
        agent,
        'EvidenceTooWeak',
        `${by} requires ${agent} ${required} or later, and neither image tag nor label tells the version`,
        'Run the agent from an image whose tag is its version, or label its pods app.kubernetes.io/version',
      ),
    );
  }
  const minimum = highestMissed(version, [
    { version: required, of: by },
    { version: presence.minVersion, of: `ProtectionAgent ${agent}` },
  ]);
  if (minimum !== undefined) {
    gaps.push(
      gapOf(
        demand,
        agent,
        'AgentOutdated',
        `${agent} ${version ?? ''} is older than ${minimum.version}, the minimum of ${minimum.of}`,
        presence.upgrade.replaceAll(versionWanted, minimum.version.replace(/^v/i, '')),
      ),
    );
  }
  if (strengthOf(evidence) < strengthOf(demand.evidence)) {
    gaps.push(
      gapOf(
        demand,
        agent,
        'EvidenceTooWeak',
        `${by} requires the evidence ${demand.evidence} and ${agent} is known to be ${evidence ?? 'nothing'} only`,
        `Switch on the telemetry of ProtectionAgent ${agent}, or require less: kubectl edit wpol ${demand.policy ?? ''}`,
      ),
    );
  } else if (demand.content.length > 0 && evidence !== 'Loaded') {
    gaps.push(
      gapOf(
        demand,
        agent,
        'EvidenceTooWeak',
        `${by} requires ${demand.content.join(', ')}, and nothing proves what ${agent} has loaded (evidence ${evidence ?? 'none'})`,
        `Switch on the telemetry of ProtectionAgent ${agent}`,
      ),
    );
  }
  return gaps;
};

/** Of the minimums that the version falls short of, the one that satisfies them all. */
const highestMissed = (
  version: string | undefined,
  minimums: readonly { readonly version: string | undefined; readonly of: string }[],
): { readonly version: string; readonly of: string } | undefined => {
  let highest: { readonly version: string; readonly of: string } | undefined;
  for (const { version: minimum, of } of minimums) {
    if (version === undefined || minimum === undefined || isOlder(version, minimum) !== true) continue;
    if (highest === undefined || isOlder(highest.version, minimum) === true) highest = { version: minimum, of };
  }
  return highest;
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
  return { gaps, evidence: undefined, state: stateOfGaps(gaps), nearness: nearnessOf.uninstalled };
};

const gapOf = (
  { policy }: Demand,
  agent: string | undefined,
  reason: Gap['reason'],
  cause: string,
  remedy: string,
): Gap => ({
  reason,
  cause: clip(cause),
  remedy: clip(remedy),
  agent,
  policies: policy === undefined ? [] : [policy],
});

const weakest = (outcomes: readonly Outcome[]): Evidence | undefined =>
  outcomes.map(({ evidence }) => evidence).reduce((a, b) => (strengthOf(b) < strengthOf(a) ? b : a));

const describeAgent = (presence: AgentPresence, grace: number, now: number): readonly AgentVerdict[] => {
  const { agent, version, evidence, minVersion } = presence;
  if (evidence === undefined) return [];
  const trouble = troubleAt(presence, grace, now);
  const outdated = version !== undefined && minVersion !== undefined && isOlder(version, minVersion) === true;
  const state = trouble === undefined ? (outdated ? 'Warning' : 'Protected') : stateOf(trouble.reason);
  return [{ name: agent, version, state, evidence, outdated }];
};
