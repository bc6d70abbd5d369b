// What is different between two moments, asset by asset, with the reason that changed.
import { badnessOf } from '../state.ts';
import { states } from '../types.ts';
import type { Standing, StandingReason, Standings } from './standing.ts';

export type AssetKind = 'node' | 'workload';

/** `other`: not worse and not better, such as an asset that is exempt now, or one with another reason for the same state. */
export type ChangeKind = 'worse' | 'better' | 'added' | 'removed' | 'other';

export interface AssetChange {
  readonly kind: AssetKind;
  readonly name: string;
  readonly change: ChangeKind;
  readonly before: Standing | undefined;
  readonly after: Standing | undefined;
  /** Reasons that are there now and were not before. */
  readonly came: readonly StandingReason[];
  /** Reasons that were there before and are gone; a reason whose cause is another both goes and comes. */
  readonly went: readonly StandingReason[];
}

export interface GapKey {
  readonly reason: string;
  readonly cause: string;
}

export interface Diff {
  /** Worse ones first, each kind in order of its names. */
  readonly changes: readonly AssetChange[];
  readonly newGaps: readonly GapKey[];
  readonly closedGaps: readonly GapKey[];
}

export const diffStandings = (before: Standings, after: Standings): Diff => {
  const changes = [
    ...changesOf('node', before.nodes, after.nodes),
    ...changesOf('workload', before.workloads, after.workloads),
  ];
  const [gapsBefore, gapsAfter] = [gapsIn(before), gapsIn(after)];
  return {
    changes: changes.toSorted((a, b) => order.indexOf(a.change) - order.indexOf(b.change)),
    newGaps: missingFrom(gapsBefore, gapsAfter),
    closedGaps: missingFrom(gapsAfter, gapsBefore),
  };
};

const order: readonly ChangeKind[] = ['worse', 'added', 'removed', 'better', 'other'];

const changesOf = (
  kind: AssetKind,
  before: ReadonlyMap<string, Standing>,
  after: ReadonlyMap<string, Standing>,
): readonly AssetChange[] => {
  const changes: AssetChange[] = [];
  for (const [name, standing] of before) {
    const now = after.get(name);
    if (now === undefined) {
      changes.push({
        kind,
        name,
        change: 'removed',
        before: standing,
        after: undefined,
        came: [],
        went: standing.reasons,
      });
      continue;
    }
    const [came, went] = [newReasons(standing, now), newReasons(now, standing)];
    const change = changeOf(standing.state, now.state);
    if (change === 'other' && standing.state === now.state && came.length + went.length === 0) continue;
    changes.push({ kind, name, change, before: standing, after: now, came, went });
  }
  for (const [name, standing] of after) {
    if (before.has(name)) continue;
    changes.push({ kind, name, change: 'added', before: undefined, after: standing, came: standing.reasons, went: [] });
  }
  return changes.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
};

/** Exempt and not running assets stand apart: neither coming from there nor going there is better or worse. */
const changeOf = (before: string, after: string): ChangeKind => {
  const [from, to] = [rank(before), rank(after)];
  if (from === undefined || to === undefined || from === to) return 'other';
  return to > from ? 'worse' : 'better';
};

const rank = (written: string): number | undefined => {
  const state = states.find((each) => each === written);
  return state && badnessOf(state);
};

const newReasons = (before: Standing, after: Standing): readonly StandingReason[] =>
  before === after
    ? []
    : after.reasons.filter(
        ({ reason, cause }) => !before.reasons.some((known) => known.reason === reason && known.cause === cause),
      );

/** By reason and cause, as reports group them. */
export const gapsIn = ({ nodes, workloads }: Standings): ReadonlyMap<string, GapKey> => {
  const gaps = new Map<string, GapKey>();
  // Many assets share one standing; each is looked at once.
  const seen = new Set<Standing>();
  for (const assets of [nodes, workloads]) {
    for (const standing of assets.values()) {
      if (seen.has(standing)) continue;
      seen.add(standing);
      for (const { reason, cause } of standing.reasons) gaps.set(gapKey({ reason, cause }), { reason, cause });
    }
  }
  return gaps;
};

export const gapKey = ({ reason, cause }: GapKey): string => `${reason}\n${cause}`;

const missingFrom = (known: ReadonlyMap<string, GapKey>, gaps: ReadonlyMap<string, GapKey>): readonly GapKey[] =>
  [...gaps].flatMap(([key, gap]) => (known.has(key) ? [] : [gap]));
