// `findings list`: what is there, filtered, grouped, watched.
import { ranks } from '../../crds/schema/vocabulary.ts';
import { formats, outputFlag } from '../coverage/flags.ts';
import { showing } from '../coverage/watching.ts';
import { flagsHelp, valuesOf, type FlagTable } from '../flags/table.ts';
import { plural } from '../output/text.ts';
import type { Verb } from '../verb.ts';
import { checkFilters, filterFlags, filterValues, findingFilter, isFiltered } from './filter.ts';
import { colourFlag, connectionFlags, helpFlag, scopeFlags, watchFlag } from './flags.ts';
import { grouped, groupings, groupRows } from './groups.ts';
import { findingRows, inOrder, severityOf } from './rows.ts';
import { reachOf, runSession, type Session } from './session.ts';
import type { StoredFinding } from './source.ts';

const flags = {
  ...scopeFlags,
  ...filterFlags,
  resolved: { help: 'Also those that are resolved; left out otherwise, unless --phase asks for them.' },
  'group-by': {
    placeholder: 'WHAT',
    values: groupings,
    help: `Together by ${groupings.join(', ')}: how many, the worst, how they stand.`,
  },
  ...outputFlag(formats),
  ...watchFlag,
  'fail-on': {
    placeholder: 'SEVERITY',
    values: ranks,
    help: `End with 1 where a finding is listed that is neither resolved nor accepted, and so bad or worse: ${ranks.join(', ')}.`,
  },
  ...connectionFlags,
  ...colourFlag,
  ...helpFlag,
} as const satisfies FlagTable;

const help = `Lists findings: the worst first, and of these what happened last.

Usage:
  kubectl protection findings list [flags]

Examples:
  kubectl protection findings list -A
  kubectl protection findings list -n shop --severity High,Critical
  kubectl protection findings list -A --behaviour CompilerInContainer --group-by team

  # What nobody works on yet, and what should be fixed by now.
  kubectl protection findings list -A --case-phase New
  kubectl protection findings list -A --overdue -o wide

  # Whatever one agent saw on a node, for a program.
  kubectl protection findings list -A --node worker-7 --agent falco -o json

  # Names for the other verbs.
  kubectl protection findings assign $(kubectl protection findings list -o name --workload checkout) --team payments

Values of one filter are alternatives (commas, or the flag again), filters add up, * stands for anything, and ! before a value leaves out
what it matches.

Flags:
${flagsHelp(flags)}

Exit codes:
  0  they were listed, even if there are none
  1  with --fail-on: one is listed that is so bad or worse
  2  it could not be told: no cluster, no rights, a wrong call
`;

export const listVerb: Verb = {
  name: 'list',
  summary: 'Findings, filtered and grouped.',
  help,
  values: { ...filterValues, ...valuesOf(flags) },
  run: (args, io) =>
    runSession({ flags, positionals: 0, check: checkFilters }, args, io, async (session) => {
      const { given, source } = session;
      const { namespace } = reachOf(session);
      const changes = (signal: AbortSignal): AsyncIterable<void> => source.changes(namespace, signal);
      return showing({ changes }, io, given.isSet('watch'), () => show({ ...session, now: io.now() }));
    }),
};

const show = async (session: Session): Promise<number> => {
  const { given, source, paint, now, write, note } = session;
  const { namespace, includes } = reachOf(session);
  const passes = findingFilter(given, now);
  const found = (await source.list(namespace)).filter((finding) => includes(finding) && passes(finding));
  const asked = given.isSet('resolved') || given.texts('phase').length > 0;
  const shown = asked ? found : found.filter(({ status }) => status?.phase !== 'Resolved');
  const format = formats.find((each) => each === given.text('output')) ?? 'table';
  const by = groupings.find((each) => each === given.text('group-by'));
  if (by !== undefined) write(groupRows(grouped(shown, by, now), by, { format, paint, now }));
  else if (shown.length > 0 || format !== 'table')
    write(findingRows(inOrder(shown), { format, paint, now, isOfSeveral: namespace === undefined }));
  if (found.length === 0)
    note(
      `${isFiltered(given) ? 'no finding matches all of these filters' : 'there are no findings'} in ${namespace === undefined ? 'these namespaces' : `namespace ${namespace}; -A looks in all`}`,
    );
  if (found.length > shown.length)
    note(`${plural(found.length - shown.length, 'resolved finding')} left out; --resolved shows them`);
  return failsOn(shown, given.text('fail-on')) ? 1 : 0;
};

const failsOn = (findings: readonly StoredFinding[], threshold: string | undefined): boolean => {
  const limit = ranks.findIndex((rank) => rank === threshold);
  return (
    limit !== -1 &&
    findings.some(
      (finding) =>
        finding.status?.phase !== 'Resolved' &&
        finding.status?.phase !== 'RiskAccepted' &&
        severityOf(finding) >= limit,
    )
  );
};
