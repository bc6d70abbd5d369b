// Findings put together by what they have in common: what to mend first, whom to ask, where it is worst.
import { ranks } from '../../crds/schema/vocabulary.ts';
import { isOverdue, teamOf, type FindingObject } from '../../domain/findings/finding-object.ts';
import { compareText } from '../coverage/asset.ts';
import { listed } from '../coverage/listing.ts';
import { severityOf, type RowsOptions } from './rows.ts';
import { when } from './words.ts';

export const groupings = ['behaviour', 'team', 'workload'] as const;
export type Grouping = (typeof groupings)[number];

export interface FindingGroup {
  readonly group: string;
  readonly worst: string;
  readonly findings: number;
  /** Neither fixed nor accepted. */
  readonly open: number;
  readonly verifying: number;
  readonly resolved: number;
  readonly accepted: number;
  readonly overdue: number;
  readonly pods: number;
  readonly lastSeen: string;
}

export const grouped = (findings: readonly FindingObject[], by: Grouping, now: number): readonly FindingGroup[] => {
  const groups = new Map<string, FindingObject[]>();
  for (const finding of findings) {
    const key = keyOf[by](finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups]
    .map(([group, members]) => summed(group, members, now))
    .toSorted(
      (a, b) =>
        rankOf(b.worst) - rankOf(a.worst) ||
        b.open - a.open ||
        b.findings - a.findings ||
        compareText(a.group, b.group),
    );
};

export function* groupRows(
  groups: readonly FindingGroup[],
  by: Grouping,
  { format, paint, now }: Omit<RowsOptions, 'isOfSeveral'>,
): Generator<string> {
  if (format === 'name') {
    for (const { group } of groups) yield `${group}\n`;
    return;
  }
  yield* listed(
    {
      kind: 'FindingGroupList',
      rows: groups,
      columns: [
        { title: by.toUpperCase(), cell: ({ group }) => group },
        { title: 'WORST', cell: ({ worst }) => worst },
        { title: 'FINDINGS', cell: ({ findings }) => findings },
        { title: 'OPEN', cell: ({ open }) => open },
        { title: 'VERIFYING', cell: ({ verifying }) => verifying },
        { title: 'RESOLVED', cell: ({ resolved }) => resolved },
        { title: 'ACCEPTED', cell: ({ accepted }) => accepted },
        { title: 'OVERDUE', cell: ({ overdue }) => overdue },
        { title: 'PODS', cell: ({ pods }) => pods, wide: true },
        {
          title: 'LAST SEEN',
          cell: ({ lastSeen }) => (format === 'csv' ? lastSeen : when(lastSeen === '' ? undefined : lastSeen, now)),
        },
      ],
      stateOf: ({ open, worst }) => (open === 0 ? 'Protected' : rankOf(worst) >= rankOf('High') ? 'Failed' : 'Warning'),
    },
    format,
    paint,
  );
}

/** What nobody owns is a group, too: the first to be looked at. */
const keyOf: Readonly<Record<Grouping, (finding: FindingObject) => string>> = {
  behaviour: ({ status }) => status?.behaviour ?? 'not yet seen',
  team: (finding) => teamOf(finding) ?? 'no team',
  workload: ({ status }) => {
    if (status === undefined) return 'not yet seen';
    const { namespace, kind, name } = status.subject;
    return namespace === undefined || kind === 'Node' ? `${kind}/${name}` : `${namespace}/${kind}/${name}`;
  },
};

const summed = (group: string, members: readonly FindingObject[], now: number): FindingGroup => {
  const inPhase = (...phases: readonly string[]): number =>
    members.filter(({ status }) => status !== undefined && phases.includes(status.phase)).length;
  return {
    group,
    worst: ranks[Math.max(...members.map(severityOf))] ?? '',
    findings: members.length,
    open: inPhase('Open', 'Remediating'),
    verifying: inPhase('Verifying'),
    resolved: inPhase('Resolved'),
    accepted: inPhase('RiskAccepted'),
    overdue: members.filter((finding) => isOverdue(finding, now)).length,
    pods: members.reduce((sum, { status }) => sum + (status?.subject.podsSeen ?? 0), 0),
    lastSeen: members.map(({ status }) => status?.lastSeen ?? '').reduce((a, b) => (a > b ? a : b), ''),
  };
};

const rankOf = (severity: string): number => ranks.findIndex((rank) => rank === severity);
