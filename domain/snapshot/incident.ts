// The question after an incident: is the gap that was exploited closed, here and on everything like it?
import { gapKey, type AssetKind } from './diff.ts';
import type { Standing, StandingReason, Standings } from './standing.ts';

/**
 * Closed: protected now, and none of the exploited reasons is left. Gone: it is there no more, or does not run. Exempt: somebody decided that
 * it need not be protected, which closes nothing.
 */
export type Closure = 'Closed' | 'Open' | 'Gone' | 'Exempt';

/** Why an asset is looked at. */
export type Likeness = 'Exploited' | 'SameImage' | 'SameGap';

export interface IncidentAsset {
  readonly kind: AssetKind;
  readonly name: string;
  readonly likeness: readonly Likeness[];
  readonly closure: Closure;
  readonly before: Standing | undefined;
  readonly after: Standing | undefined;
}

export interface IncidentAnswer {
  /** Open if any asset is; NoGap: the exploited asset had none; Unknown: it was not there before. */
  readonly verdict: 'Closed' | 'Open' | 'NoGap' | 'Unknown';
  /** The exploited asset's reasons at the time. */
  readonly gap: readonly StandingReason[];
  /** The exploited one first, then open ones. */
  readonly assets: readonly IncidentAsset[];
}

export interface Incident {
  readonly kind: AssetKind;
  readonly name: string;
  /** Image repositories of workloads, where they are known: those that share one with the exploited workload are like it. */
  readonly repositories: ReadonlyMap<string, ReadonlySet<string>>;
}

export const answerIncident = (before: Standings, after: Standings, incident: Incident): IncidentAnswer => {
  const exploited = assetsOf(before, incident.kind).get(incident.name);
  if (exploited === undefined) return { verdict: 'Unknown', gap: [], assets: [] };
  const gap = exploited.reasons;
  const likenesses = likeAssets(before, after, incident, gap);
  const assets = likenesses.map(({ kind, name, likeness }): IncidentAsset => {
    const [then, now] = [assetsOf(before, kind).get(name), assetsOf(after, kind).get(name)];
    return { kind, name, likeness, closure: closureOf(now, gap), before: then, after: now };
  });
  const inOrder = assets.toSorted(
    (a, b) => place(a) - place(b) || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) || (a.name < b.name ? -1 : 1),
  );
  if (gap.length === 0) return { verdict: 'NoGap', gap, assets: inOrder };
  const isOpen = assets.some(({ closure }) => closure === 'Open' || closure === 'Exempt');
  return { verdict: isOpen ? 'Open' : 'Closed', gap, assets: inOrder };
};

const place = ({ likeness, closure }: IncidentAsset): number => {
  if (likeness.includes('Exploited')) return 0;
  return 1 + ['Open', 'Exempt', 'Closed', 'Gone'].indexOf(closure);
};

const assetsOf = ({ nodes, workloads }: Standings, kind: AssetKind): ReadonlyMap<string, Standing> =>
  kind === 'node' ? nodes : workloads;

const closureOf = (now: Standing | undefined, gap: readonly StandingReason[]): Closure => {
  if (now === undefined || now.state === 'NotRunning') return 'Gone';
  if (now.state === 'Exempt') return 'Exempt';
  const isProtected = now.state === 'Protected' || now.state === 'Warning';
  const isLeft = now.reasons.some(({ reason }) => gap.some((each) => each.reason === reason));
  return isProtected && !isLeft ? 'Closed' : 'Open';
};

interface Like {
  readonly kind: AssetKind;
  readonly name: string;
  readonly likeness: Likeness[];
}

/** In the past and now: what is gone counts as gone, what came since with the same image or gap counts as well. */
const likeAssets = (
  before: Standings,
  after: Standings,
  { kind, name, repositories }: Incident,
  gap: readonly StandingReason[],
): readonly Like[] => {
  const found = new Map<string, Like>();
  const add = (of: AssetKind, asset: string, likeness: Likeness): void => {
    const key = `${of}/${asset}`;
    const known = found.get(key) ?? { kind: of, name: asset, likeness: [] };
    found.set(key, known);
    if (!known.likeness.includes(likeness)) known.likeness.push(likeness);
  };
  add(kind, name, 'Exploited');
  const own = kind === 'workload' ? repositories.get(name) : undefined;
  for (const [workload, images] of own === undefined ? [] : repositories) {
    const isKnown = before.workloads.has(workload) || after.workloads.has(workload);
    if (workload !== name && isKnown && [...images].some((image) => own?.has(image)))
      add('workload', workload, 'SameImage');
  }
  const keys = new Set(gap.map(gapKey));
  for (const standings of [before, after]) {
    for (const sort of ['node', 'workload'] as const) {
      for (const [asset, { reasons }] of assetsOf(standings, sort)) {
        const isSame = reasons.some((each) => keys.has(gapKey(each)));
        if (isSame && !(sort === kind && asset === name)) add(sort, asset, 'SameGap');
      }
    }
  }
  return [...found.values()];
};
