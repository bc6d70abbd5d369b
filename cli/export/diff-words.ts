// A comparison in words.
import type { AssetChange, Diff } from '../../domain/snapshot/diff.ts';
import type { IncidentAnswer, IncidentAsset, Likeness } from '../../domain/snapshot/incident.ts';
import type { Standing, StandingReason } from '../../domain/snapshot/standing.ts';
import { columns } from '../output/columns.ts';
import type { Paint } from '../output/paint.ts';

const titles = {
  worse: 'WORSE',
  added: 'CAME',
  removed: 'WENT',
  better: 'BETTER',
  other: 'OTHERWISE',
} as const satisfies Record<AssetChange['change'], string>;

/** More lines than anybody reads; JSON has all of them. */
const mostLines = 500;

export function* diffWords({ changes, newGaps, closedGaps }: Diff, paint: Paint): Generator<string> {
  if (changes.length === 0) {
    yield 'No asset stands otherwise.\n';
    return;
  }
  const counts = Object.entries(titles)
    .map(([change, title]) => ({ title, count: changes.filter((each) => each.change === change).length }))
    .filter(({ count }) => count > 0);
  yield `${counts.map(({ title, count }) => `${count} ${title.toLowerCase()}`).join(', ')}; ${newGaps.length} new gaps, ${closedGaps.length} closed\n\n`;
  const shown = changes.slice(0, mostLines);
  yield* columns({
    header: ['CHANGE', 'ASSET', 'BEFORE', 'NOW', 'WHY'],
    rows: shown.map((change) => [
      titles[change.change],
      `${change.kind} ${change.name}`,
      change.before?.state ?? '',
      change.after?.state ?? '',
      whyOf(change),
    ]),
    stateOf: (index) => shown[index]?.after?.state,
    paint,
  });
  if (changes.length > shown.length) yield `… and ${changes.length - shown.length} more: see -o json\n`;
}

/** The reason that changed: what came, of what is not better; what went, of what is. */
const whyOf = ({ change, came, went }: AssetChange): string => {
  const [came_, went_] = [came.map(reasonWords), went.map(reasonWords)];
  const gone = went_.map((words) => `no longer ${words}`);
  return (change === 'better' || change === 'removed' ? [...gone, ...came_] : [...came_, ...gone]).join('; ');
};

const reasonWords = ({ reason, cause }: StandingReason): string => `${reason}: ${cause}`;

const likenessWords: Readonly<Record<Likeness, string>> = {
  Exploited: 'exploited',
  SameImage: 'same image',
  SameGap: 'same gap',
};

export function* incidentWords(answer: IncidentAnswer, asset: string, paint: Paint): Generator<string> {
  yield `${paint.bold(headline(answer, asset))}\n`;
  for (const { reason, cause, remedy } of answer.gap) yield `  ${reason}: ${cause}\n  Remedy: ${remedy}\n`;
  if (answer.assets.length === 0) return;
  yield '\n';
  const shown = answer.assets.slice(0, mostLines);
  yield* columns({
    header: ['GAP', 'ASSET', 'BECAUSE', 'BEFORE', 'NOW', 'WHY'],
    rows: shown.map((each) => [
      each.closure.toUpperCase(),
      `${each.kind} ${each.name}`,
      each.likeness.map((likeness) => likenessWords[likeness]).join(', '),
      each.before?.state ?? '',
      each.after?.state ?? '',
      openBecause(each),
    ]),
    stateOf: (index) => shown[index]?.after?.state,
    paint,
  });
  if (answer.assets.length > shown.length) yield `… and ${answer.assets.length - shown.length} more: see -o json\n`;
}

const headline = ({ verdict, assets }: IncidentAnswer, asset: string): string => {
  const alike = assets.length - 1;
  const open = assets.filter(({ closure }) => closure === 'Open' || closure === 'Exempt').length;
  switch (verdict) {
    case 'Closed':
      return `CLOSED: the gap of ${asset} is closed, there and on ${alike} assets like it.`;
    case 'Open':
      return `OPEN: the gap of ${asset} is open on ${open} of ${assets.length} assets: on itself, with the same image, or with the same reason and cause.`;
    case 'NoGap':
      return `NO GAP: ${asset} had none at that time.`;
    case 'Unknown':
      return `UNKNOWN: ${asset} was not there at that time.`;
  }
};

const openBecause = ({ closure, after }: IncidentAsset): string =>
  closure === 'Open' ? reasonsOf(after) : closure === 'Exempt' ? 'an exemption closes no gap' : '';

const reasonsOf = (standing: Standing | undefined): string => (standing?.reasons ?? []).map(reasonWords).join('; ');
