// Which TracingPolicies Tetragon has loaded, out of metrics that tell it in two halves: how many there are in each state, without
// names, and the kernel memory of each policy in whatever state, with its name.
import type { HealthIssue, LoadedPolicy } from '../../domain/telemetry/types.ts';
import { boundedByName, someOf, type Bounded } from '../bounded.ts';
import { samplesOf, type Exposition } from '../exposition.ts';
import { tracingPolicyName } from './policy-name.ts';

export const stateMetric = 'tetragon_tracingpolicy_loaded';
export const memoryMetric = 'tetragon_tracingpolicy_kernel_memory_bytes';

export interface Loaded {
  readonly policies?: readonly LoadedPolicy[];
  readonly policiesAre?: 'Complete' | 'Partial';
  readonly issues: readonly HealthIssue[];
  /** Whether it only counts its policies. */
  readonly namesNone: boolean;
}

/**
 * A policy that is not enabled keeps no maps in the kernel, so where just as many policies hold no memory as are not enabled, these
 * are the ones. Where the numbers do not fit, only those are listed that are surely enabled, and there may be more.
 */
export const readLoaded = (exposition: Exposition): Loaded => {
  const counts = countsByState(exposition);
  if (counts === undefined) return { issues: [], namesNone: false };
  const named = readNamed(exposition);
  const namesNone = named.items.length === 0 && counts.enabled + counts.partial > 0;
  return { ...sortOut(exposition, counts, named), namesNone };
};

const sortOut = (exposition: Exposition, counts: Counts, { items: named, cut }: Bounded<Named>): Sorted => {
  const idle = named.filter(({ holdsMemory }) => !holdsMemory);
  const busy = named.filter(({ holdsMemory }) => holdsMemory);
  const off = counts.failed + counts.disabled + counts.skipped;
  const on = counts.enabled + counts.partial;
  const all = on + off;
  if (cut || exposition.truncated)
    return loaded(counts, off === 0 && !exposition.truncated ? named : [], [], 'Partial');
  // Every version that was looked at names all policies; one that names only the enabled ones is believed, too.
  if (named.length === on) return loaded(counts, named, [], 'Complete');
  // Before 1.3 no metric names policies. More names than policies: some have just gone, and which is not told.
  if (named.length !== all) return loaded(counts, off === 0 && named.length < all ? named : [], [], 'Partial');
  if (idle.length < off) return loaded(counts, [], [], 'Partial');
  return loaded(counts, busy, idle, idle.length === off ? 'Complete' : 'Partial');
};

type Sorted = Omit<Loaded, 'namesNone'>;

interface Counts {
  readonly enabled: number;
  readonly partial: number;
  readonly disabled: number;
  readonly skipped: number;
  readonly failed: number;
}

interface Named {
  readonly name: string;
  readonly holdsMemory: boolean;
}

/** Undefined where the metric is not there. */
const countsByState = (exposition: Exposition): Counts | undefined => {
  const samples = samplesOf(exposition, stateMetric);
  if (samples.length === 0) return undefined;
  const count = (...states: readonly string[]): number =>
    samples
      .filter(({ labels, value }) => states.includes(labels.state ?? '') && value > 0)
      .reduce((sum, { value }) => sum + value, 0);
  return {
    enabled: count('enabled'),
    partial: count('partially_enabled'),
    disabled: count('disabled'),
    skipped: count('skipped'),
    failed: count('error', 'load_error'),
  };
};

const readNamed = (exposition: Exposition): Bounded<Named> =>
  boundedByName(
    samplesOf(exposition, memoryMetric).flatMap(({ labels: { policy = '', policy_namespace = '' }, value }) =>
      policy === '' ? [] : [{ name: tracingPolicyName(policy_namespace, policy), holdsMemory: value > 0 }],
    ),
  );

/** `idle`: policies that hold no memory; they are listed where all of them are in the same state. */
const loaded = (
  counts: Counts,
  enabled: readonly Named[],
  idle: readonly Named[],
  policiesAre: 'Complete' | 'Partial',
): Sorted => {
  const idleState = policiesAre === 'Complete' ? stateOfIdle(counts) : undefined;
  const listed: readonly LoadedPolicy[] = [
    // Any of them may be one of those of which only some hooks are loaded.
    ...enabled.map(({ name }): LoadedPolicy => ({ name, status: counts.partial > 0 ? 'PartiallyLoaded' : 'Loaded' })),
    ...(idleState === undefined ? [] : idle.map(({ name }): LoadedPolicy => ({ name, ...idleState }))),
  ];
  return {
    policies: listed.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    policiesAre,
    issues: [
      ...failures(
        counts,
        idle.map(({ name }) => name),
      ),
      ...partials(counts),
    ],
  };
};

/** Undefined where they may be in several. */
const stateOfIdle = (counts: Counts): Pick<LoadedPolicy, 'status' | 'message'> | undefined => {
  const possible = (['failed', 'disabled', 'skipped'] as const).filter((state) => counts[state] > 0);
  const [only, ...others] = possible;
  return only === undefined || others.length > 0 ? undefined : idleStates[only];
};

const idleStates = {
  failed: { status: 'Failed', message: 'it holds no kernel memory, and as many policies are in error' },
  disabled: { status: 'Disabled', message: 'it holds no kernel memory, and as many policies are disabled' },
  skipped: { status: 'Filtered', message: 'it holds no kernel memory, and as many policies are for other nodes' },
} as const;

const failures = (counts: Counts, idle: readonly string[]): readonly HealthIssue[] => {
  const { failed } = counts;
  if (failed === 0) return [];
  const names = someOf(idle);
  const which =
    idle.length === 0 ? '; its metrics do not say which' : idle.length === failed ? `: ${names}` : `, among ${names}`;
  return [
    {
      reason: 'PolicyLoadFailed',
      cause: `Tetragon could not load ${policies(failed)}${which}`,
      remedy: `Run \`tetra tracingpolicy list\` in the container tetragon for the error, then mend or delete the policy; often it names a function that the kernel of these nodes does not have`,
    },
  ];
};

const partials = ({ partial }: Counts): readonly HealthIssue[] =>
  partial === 0
    ? []
    : [
        {
          reason: 'AgentHealth',
          cause: `Tetragon could load only some of the hooks of ${policies(partial)}; its metrics do not say which`,
          remedy:
            'Run `tetra tracingpolicy list` in the container tetragon to see which hooks failed, then mend the policy',
        },
      ];

const policies = (count: number): string => (count === 1 ? '1 TracingPolicy' : `${count} TracingPolicies`);
