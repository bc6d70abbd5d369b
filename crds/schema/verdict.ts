/** How assets stand, as several kinds say it: counts by state and by evidence, gaps, and the reasons behind a verdict. */
import type { z } from 'zod';
import { atomicList, count, group, oneOf, text, type Immutable } from './fields.ts';
import { evidenceLevels, ranks, reasons, risks, states } from './vocabulary.ts';

/** The longest asset name: namespace (63), kind (63) and name (253) with separators; the rest is reserve. */
export const longestAssetName = 600;

/** Sentences with names and numbers in them. A scheduler's own words, which we quote, stay below this. */
const longestSentence = 1024;

const stateOf = () => oneOf('How the asset stands.', states);
export const reasonField = () => oneOf('Why, as one word in CamelCase that programs may rely on.', reasons);
export const causeField = () =>
  text('What made it so, in a sentence with names and numbers.', { max: longestSentence });
export const remedyField = () => text('The smallest change that mends it.', { max: longestSentence });
export const agentField = () =>
  text('The ProtectionAgent that this is about, where it is about one.', { max: 253 }).optional();
export const criticalityField = (description: string) => oneOf(description, ranks);
export const policyNames = (description: string) =>
  atomicList(description, text('A WorkloadPolicy.', { max: 253 }), 32).optional();

export const percentText = (description: string) =>
  text(description, { max: 5, pattern: /^(100(\.0)?|[0-9]{1,2}(\.[0-9])?)$/ });

const byEvidence = group(
  'The same assets by how their state is known. Exempt assets and workloads that do not run are left out.',
  {
    declared: count('Known only from an object that says so.').default(0),
    running: count("Known from the agent's pod being ready.").default(0),
    reporting: count('Known from the agent itself, which answered lately with its version.').default(0),
    loaded: count('Known from the agent having proved the rules that it has loaded.').default(0),
    none: count('Not known by any evidence.').default(0),
  },
);

const stateCounts = {
  total: count('All assets of this sort, exempt and not running ones included.').default(0),
  protected: count('Every requirement holds, on fresh evidence.').default(0),
  warning: count('Protected, but degraded.').default(0),
  unknown: count('Not yet reported, or no longer.').default(0),
  incomplete: count('Protected by an agent, but required policies, rules or techniques are missing.').default(0),
  failed: count('The agent, a policy or a rule failed to start or load.').default(0),
  noProtection: count('An agent runs, its runtime protection does not.').default(0),
  noAgent: count('No agent can see the asset.').default(0),
  exempt: count('Exempted by every policy that selects the asset.').default(0),
  notRunning: count('Workloads without a running pod; they count neither for nor against.').default(0),
};

/** Counts without evidence, for lists in which every entry counts. */
export function smallCounts(description: string) {
  return group(description, stateCounts);
}

export function counts(description: string) {
  return group(description, {
    ...stateCounts,
    protectedPercent: percentText(
      'Protected and warning assets out of all that are neither exempt nor not running, in percent with one decimal such as "96.4", rounded down. Left out where there is none.',
    ).optional(),
    judged: count(
      'Assets that at least one WorkloadPolicy selects. The others are only held to the baseline: some recognised agent protects them.',
    ).default(0),
    byEvidence: byEvidence.prefault({}),
  });
}

/** One row of the list of gaps: all assets that share a reason and a cause. */
export const gap = group('Assets that share a reason and a cause.', {
  reason: reasonField(),
  state: stateOf(),
  cause: causeField(),
  remedy: remedyField(),
  agent: agentField(),
  policies: policyNames('The WorkloadPolicies that ask for what is missing. Left out where only the baseline does.'),
  criticality: criticalityField('The highest criticality among the policies that select these assets.').default('Low'),
  risks: atomicList(
    'What makes some of these assets more pressing than others of the same criticality. Exposed: reachable through a LoadBalancer, Ingress or Gateway.',
    oneOf('A risk.', risks),
    risks.length,
  ).optional(),
  nodes: count('How many nodes.').default(0),
  workloads: count('How many workloads.').default(0),
  pods: count('How many pods.').default(0),
  examples: atomicList(
    'A few of them, as node/NAME or workload/NAMESPACE/KIND/NAME.',
    text('An asset.', { max: longestAssetName }),
    5,
  ).optional(),
});

export const evidenceField = (description: string) => oneOf(description, evidenceLevels);

export type Counts = Immutable<z.infer<ReturnType<typeof counts>>>;
export type SmallCounts = Immutable<z.infer<ReturnType<typeof smallCounts>>>;
export type Gap = Immutable<z.infer<typeof gap>>;
