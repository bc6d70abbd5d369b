// `coverage policies`: the detection policies of the fleet, by version, status and source.
import type { CoverageReport } from '../../crds/schema/coverage-report.ts';
import { flagsHelp, valuesOf, type Given } from '../flags/table.ts';
import { plural } from '../output/text.ts';
import type { Verb } from '../verb.ts';
import { declaredBy } from './detail.ts';
import { passes, passesVersion } from './filter.ts';
import { filterFlags, filtersOf } from './filter-flags.ts';
import { connectionFlags, helpFlag, outputFlag, watchFlag } from './flags.ts';
import { listed, listFormats, type Column } from './listing.ts';
import { runSession } from './session.ts';
import { shortVersion } from './words.ts';

const { policy, version, agent, search } = filterFlags;

const flags = {
  policy: { ...policy, help: 'Its name.' },
  'policy-type': filterFlags['policy-type'],
  'policy-status': filterFlags['policy-status'],
  version,
  agent: { ...agent, help: 'Of this ProtectionAgent.' },
  search: { ...search, help: 'Anything in names, versions, sources and what declares it.' },
  ...outputFlag(listFormats),
  ...watchFlag,
  ...connectionFlags,
  ...helpFlag,
};

const help = `Lists the detection policies of the fleet: a line for each version, status and source, with the nodes on which it is so. The least well first.

Usage:
  kubectl protection coverage policies [flags]

Examples:
  # What failed to load, and where it comes from.
  kubectl protection coverage policies --policy-status Failed,PartiallyLoaded -o wide

  # Which nodes these are.
  kubectl protection coverage --policy falco_rules.yaml --policy-status Failed --assets nodes

Flags:
${flagsHelp(flags)}
`;

type ReportedPolicy = NonNullable<NonNullable<CoverageReport['status']>['policies']>[number];

export const policiesVerb: Verb = {
  name: 'policies',
  summary: 'Detection policies by version, status and source, and where they are so.',
  help,
  values: valuesOf(flags),
  run: (args, io) =>
    runSession({ flags, check: filtersOf }, args, io, async ({ given, report, format, paint, write, note }) => {
      const { policies, policiesOmitted = 0 } = report.status;
      const rows = (policies ?? []).filter(policyFilter(given));
      write(listed({ kind: 'DetectionPolicyList', report: report.metadata.name, rows, columns }, format, paint));
      if (policiesOmitted > 0)
        note(`the report leaves out ${plural(policiesOmitted, 'detection policy', 'detection policies')}`);
      if ((policies ?? []).length === 0) {
        note('the report names no detection policy: no agent tells what it has loaded, and no object declares any');
      }
      return 0;
    }),
};

const policyFilter = (given: Given): ((policy: ReportedPolicy) => boolean) => {
  const filters = filtersOf(given);
  const [text] = filters.search ?? [];
  return (each) =>
    passes(filters.policy, [each.name]) &&
    passes(filters['policy-type'], [each.type ?? 'None']) &&
    passes(filters['policy-status'], [each.status]) &&
    passesVersion(filters.version, each.version ?? '') &&
    passes(filters.agent, each.agent === undefined ? [] : [each.agent]) &&
    (text === undefined ||
      [each.name, each.version, each.source, each.agent, declaredBy(each.declaredBy)]
        .join('\n')
        .toLowerCase()
        .includes(text.toLowerCase()));
};

const columns: readonly Column<ReportedPolicy>[] = [
  { title: 'POLICY', cell: ({ name }) => name },
  { title: 'VERSION', cell: ({ version: of = '' }) => shortVersion(of) },
  { title: 'AGENT', cell: ({ agent: of = '' }) => of },
  { title: 'STATUS', cell: ({ status }) => status },
  { title: 'SOURCE', cell: ({ source = '' }) => source },
  { title: 'NODES', cell: ({ nodes }) => nodes },
  { title: 'RULES', cell: ({ rules }) => rules?.loaded ?? '' },
  { title: 'TYPE', cell: ({ type = '' }) => type, wide: true },
  { title: 'FILTERED', cell: ({ rules }) => rules?.filtered ?? '', wide: true },
  { title: 'DISABLED', cell: ({ rules }) => rules?.disabled ?? '', wide: true },
  { title: 'FAILED', cell: ({ rules }) => rules?.failed ?? '', wide: true },
  { title: 'MISSING', cell: ({ rules }) => rules?.missing ?? '', wide: true },
  { title: 'DECLARED BY', cell: (each) => declaredBy(each.declaredBy), wide: true },
];
