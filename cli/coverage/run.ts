// `coverage`: what is protected, by what, and where not and why. Without a word after it the overview, or assets by filters.
import { flagsHelp, valuesOf, type Given } from '../flags/table.ts';
import { UsageError, type Io, type Verb } from '../verb.ts';
import { agentsVerb } from './agents.ts';
import { readAssets } from './asset.ts';
import { assetList } from './asset-list.ts';
import { attackVerb } from './attack.ts';
import { diffVerb } from './diff.ts';
import { exitCodeOf, statesCounted } from './exit-code.ts';
import { assetFilter } from './filter.ts';
import { exportVerb } from './export.ts';
import { filterFlags, filtersOf, filterValues } from './filter-flags.ts';
import { connectionFlags, failOnFlag, formats, helpFlag, outputFlag, watchFlag } from './flags.ts';
import { gapsVerb } from './gaps.ts';
import { importVerb } from './import.ts';
import { nodeVerb } from './node.ts';
import { overview } from './overview.ts';
import { podVerb } from './pod.ts';
import { policiesVerb } from './policies.ts';
import { rulesVerb } from './rules.ts';
import { runSession, type Session } from './session.ts';
import { sortAssets, sortKeys } from './sort.ts';
import type { SliceAssets } from './source.ts';
import { verifyVerb } from './verify.ts';
import { workloadVerb } from './workload.ts';

/** Words after `coverage`. */
const verbs: readonly Verb[] = [
  nodeVerb,
  podVerb,
  workloadVerb,
  gapsVerb,
  agentsVerb,
  policiesVerb,
  rulesVerb,
  attackVerb,
  diffVerb,
  exportVerb,
  importVerb,
  verifyVerb,
];

const assetChoices = ['nodes', 'workloads', 'all'] as const;

const flags = {
  ...filterFlags,
  assets: {
    placeholder: 'WHICH',
    values: assetChoices,
    help: `List ${assetChoices.join(', ')}. Default: all that the filters leave.`,
  },
  'sort-by': {
    placeholder: 'KEY',
    values: sortKeys,
    help: `${sortKeys.join(', ')}. Default: state, the worst first.`,
  },
  ...outputFlag(formats),
  ...watchFlag,
  ...failOnFlag,
  ...connectionFlags,
  ...helpFlag,
};

const help = `Says what is protected, by which agents, policies and rules, and where not, why, and what would mend it.

Usage:
  kubectl protection coverage [flags]
  kubectl protection coverage VERB [flags]

Verbs:
${verbs.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

Examples:
  # The banner, counts by state, and what to mend first.
  kubectl protection coverage

  # Nodes without an agent, and nodes on which runtime protection is off.
  kubectl protection coverage --state NoAgent,NoProtection --assets nodes

  # Agents that are too old.
  kubectl protection coverage --agent falco --agent-version '<0.40'

  # Where nothing sees an escape from a container.
  kubectl protection coverage --technique '!T1611' -o wide

  # Policies that failed to load, as a table for a spreadsheet.
  kubectl protection coverage --policy-status Failed -o csv > failed.csv

  # A pipeline that fails where a workload of the shop is not protected.
  kubectl protection coverage -n shop --fail-on Incomplete

  # How it stood when a snapshot was taken.
  kubectl protection coverage --report cluster-20260601

Without filters and formats the overview is shown, with any of them a list of assets. Values of one filter are alternatives (commas, or the
flag again), filters add up, * stands for anything, and ! before a value leaves out what it matches.

It reads CoverageReports and CoverageSlices with your own rights (the cluster role view), and needs no access to the operator.

Flags:
${flagsHelp(flags)}

Exit codes:
  0  it was shown
  1  with --fail-on: an asset that is shown stands so or worse
  2  it could not be told: no cluster, no rights, no report, a wrong call; with --fail-on, also unknown assets
`;

export const coverageVerb: Verb = {
  name: 'coverage',
  summary: 'What is protected, by what; and where not, why, and what would mend it.',
  help,
  verbs,
  values: { ...filterValues, ...valuesOf(flags) },
  run: (args, io: Io) =>
    runSession({ flags, positionals: 1, check }, args, io, async (session) =>
      isOverview(session.given) ? showOverview(session) : showAssets(session),
    ),
};

const check = (given: Given): void => {
  const [word] = given.positionals;
  if (word !== undefined) {
    throw new UsageError(`there is no verb "${word}" under it; there is ${verbs.map(({ name }) => name).join(', ')}`);
  }
  filtersOf(given);
};

const isOverview = (given: Given): boolean =>
  Object.keys(filtersOf(given)).length === 0 &&
  ['assets', 'sort-by', 'output'].every((flag) => given.text(flag) === undefined);

const showOverview = async ({ report, paint, now, write, failOn }: Session): Promise<number> => {
  write(overview(report, { paint, now }));
  return exitCodeOf(statesCounted(report), failOn);
};

const showAssets = async ({ given, source, report, format, paint, write, note, failOn }: Session): Promise<number> => {
  const filters = filtersOf(given);
  const found = await readAssets(source, assetsOf(given), assetFilter(filters));
  const key = sortKeys.find((each) => each === given.text('sort-by')) ?? 'state';
  write(assetList(sortAssets(found, key), format, report, paint));
  if (found.length === 0) {
    note(Object.keys(filters).length === 0 ? 'the report holds no assets' : 'no asset matches all of these filters');
  }
  return exitCodeOf(
    found.map(({ profile }) => profile.state),
    failOn,
  );
};

/** A filter that only one kind of asset can match spares reading the others. */
const assetsOf = (given: Given): SliceAssets | undefined => {
  const wanted = given.text('assets');
  if (wanted === 'nodes') return 'Nodes';
  if (wanted === 'workloads') return 'Workloads';
  if (wanted === 'all') return undefined;
  const [onlyNodes, onlyWorkloads] = [
    given.texts('node').length > 0,
    given.texts('namespace').length > 0 || given.texts('workload').length > 0,
  ];
  if (onlyNodes && !onlyWorkloads) return 'Nodes';
  return onlyWorkloads && !onlyNodes ? 'Workloads' : undefined;
};
