// `coverage rules`: the rules of all detection policies, and on how many nodes they are loaded, or why not.
import { ruleStatuses } from '../../crds/schema/vocabulary.ts';
import { flagsHelp, valuesOf, type Given } from '../flags/table.ts';
import type { Verb } from '../verb.ts';
import { readAssets } from './asset.ts';
import { passes } from './filter.ts';
import { filterFlags, filtersOf } from './filter-flags.ts';
import { connectionFlags, helpFlag, outputFlag, watchFlag } from './flags.ts';
import { listed, listFormats, type Column } from './listing.ts';
import { ruleRows, type RuleRow } from './rule-rows.ts';
import { runSession } from './session.ts';

const { rule, policy, agent, search } = filterFlags;

const flags = {
  rule: { ...rule, help: 'Its name.' },
  'rule-status': {
    ...filterFlags['rule-status'],
    values: ruleStatuses,
    help: `Those that are so on some node: ${ruleStatuses.join(', ')}.`,
  },
  policy: { ...policy, help: 'The detection policy that holds it.' },
  agent: { ...agent, help: 'Of this ProtectionAgent.' },
  search: { ...search, help: 'Anything in names and in what agents say of them.' },
  ...outputFlag(listFormats),
  ...watchFlag,
  ...connectionFlags,
  ...helpFlag,
};

const help = `Lists the rules of all detection policies: on how many nodes each is loaded, switched off, left out by its agent, refused or missing. Those that are not loaded everywhere first.

Usage:
  kubectl protection coverage rules [flags]

Examples:
  # What is switched off somewhere.
  kubectl protection coverage rules --rule-status Disabled

  # Which nodes lack it.
  kubectl protection coverage --rule '!Terminal shell in container' --assets nodes

Flags:
${flagsHelp(flags)}
`;

export const rulesVerb: Verb = {
  name: 'rules',
  summary: 'Rules, and on how many nodes they are loaded, switched off or refused.',
  help,
  values: valuesOf(flags),
  run: (args, io) =>
    runSession({ flags, check: filtersOf }, args, io, async ({ given, source, report, format, paint, write, note }) => {
      const all = ruleRows(await readAssets(source, 'Nodes'), report.status.rules ?? []);
      const rows = all.filter(ruleFilter(given));
      write(listed({ kind: 'RuleList', report: report.metadata.name, rows, columns }, format, paint));
      if (all.length === 0)
        note('the report names no rule: no agent tells which it has loaded, and no object declares any');
      return 0;
    }),
};

const ruleFilter = (given: Given): ((row: RuleRow) => boolean) => {
  const filters = filtersOf(given);
  const [text] = filters.search ?? [];
  return (row) =>
    passes(filters.rule, [row.rule]) &&
    passes(filters['rule-status'], statusesOf(row)) &&
    passes(filters.policy, [row.policy]) &&
    passes(filters.agent, [row.agent]) &&
    (text === undefined ||
      [row.rule, row.policy, row.agent, row.message].join('\n').toLowerCase().includes(text.toLowerCase()));
};

const statusesOf = ({ loaded, disabled, filtered, failed, missing }: RuleRow): readonly string[] => [
  ...(loaded > 0 ? ['Loaded'] : []),
  ...(disabled > 0 ? ['Disabled'] : []),
  ...(filtered > 0 ? ['Filtered'] : []),
  ...(failed > 0 ? ['Failed'] : []),
  ...(missing > 0 ? ['Missing'] : []),
];

const columns: readonly Column<RuleRow>[] = [
  { title: 'RULE', cell: (row) => row.rule },
  { title: 'POLICY', cell: (row) => row.policy },
  { title: 'AGENT', cell: (row) => row.agent },
  { title: 'LOADED', cell: (row) => row.loaded },
  { title: 'DISABLED', cell: (row) => row.disabled },
  { title: 'FILTERED', cell: (row) => row.filtered },
  { title: 'FAILED', cell: (row) => row.failed },
  { title: 'MISSING', cell: (row) => row.missing },
  { title: 'MESSAGE', cell: ({ message = '' }) => message, wide: true },
];
