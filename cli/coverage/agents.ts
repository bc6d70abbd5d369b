// `coverage agents`: which agents watch, in which versions, and which of them need attention.
import type { CoverageReport } from '../../crds/schema/coverage-report.ts';
import type { ProtectionAgent } from '../../crds/schema/protection-agent.ts';
import { stateOf as stateOfReason, type Reason } from '../../domain/reason.ts';
import { resources } from '../../kube/resource.ts';
import { flagsHelp, valuesOf, type Given } from '../flags/table.ts';
import type { Paint } from '../output/paint.ts';
import { plain, plural } from '../output/text.ts';
import type { Verb } from '../verb.ts';
import { compareText } from './asset.ts';
import { passes, passesVersion } from './filter.ts';
import { filterFlags, filtersOf } from './filter-flags.ts';
import { connectionFlags, helpFlag, outputFlag, watchFlag } from './flags.ts';
import { listed, listFormats, type Column } from './listing.ts';
import { runSession } from './session.ts';
import type { EvaluatedReport } from './source.ts';
import { affected, causeLines } from './words.ts';

const flags = {
  agent: { ...filterFlags.agent, help: 'Its name.' },
  'agent-version': filterFlags['agent-version'],
  outdated: { help: 'Only versions that are older than their ProtectionAgent asks for.' },
  ...outputFlag(listFormats),
  ...watchFlag,
  ...connectionFlags,
  ...helpFlag,
};

const help = `Lists the agents of the fleet by version, with the nodes that run them, and what is wrong with them: outdated, stale, unhealthy, switched off, not ready.

Usage:
  kubectl protection coverage agents [flags]

Examples:
  kubectl protection coverage agents
  kubectl protection coverage agents --outdated

  # Which nodes these are.
  kubectl protection coverage --agent falco --agent-version '<0.40' --assets nodes

Flags:
${flagsHelp(flags)}
`;

interface AgentRow {
  readonly agent: string;
  readonly type: string;
  readonly version: string;
  readonly nodes: number;
  readonly outdated: boolean;
  readonly minVersion?: string;
}

export const agentsVerb: Verb = {
  name: 'agents',
  summary: 'Agents by version, and which are outdated, stale or in trouble.',
  help,
  values: valuesOf(flags),
  run: (args, io) =>
    runSession({ flags }, args, io, async ({ given, source, report, format, paint, write }) => {
      const definitions = ((await source.list(resources.protectionAgents)) ?? []) as readonly ProtectionAgent[];
      const rows = agentRows(report.status, definitions).filter(rowFilter(given));
      const listing = { kind: 'AgentVersionList', report: report.metadata.name, rows, columns, stateOf };
      if (rows.length > 0 || (format !== 'table' && format !== 'wide')) write(listed(listing, format, paint));
      else write(['No agent watches any node.\n']);
      if (format === 'table' || format === 'wide') {
        write(attention(report, given, paint));
        write(conditions(definitions, given, paint));
      }
      return 0;
    }),
};

const stateOf = ({ outdated }: AgentRow): string => (outdated ? 'Warning' : 'Protected');

const agentRows = (
  { agents = [] }: NonNullable<CoverageReport['status']>,
  definitions: readonly ProtectionAgent[],
): readonly AgentRow[] =>
  agents
    .flatMap(({ name, type, versions = [] }) => {
      const minVersion = definitions.find(({ metadata }) => metadata.name === name)?.spec.minVersion;
      return versions.map(({ version, nodes, outdated }) => ({
        agent: name,
        type,
        version,
        nodes,
        outdated,
        ...(minVersion === undefined ? {} : { minVersion }),
      }));
    })
    .toSorted((a, b) => compareText(a.agent, b.agent) || b.nodes - a.nodes || compareText(a.version, b.version));

const rowFilter = (given: Given): ((row: AgentRow) => boolean) => {
  const { agent, 'agent-version': version } = filtersOf(given);
  const onlyOutdated = given.isSet('outdated');
  return (row) => passes(agent, [row.agent]) && passesVersion(version, row.version) && (!onlyOutdated || row.outdated);
};

const columns: readonly Column<AgentRow>[] = [
  { title: 'AGENT', cell: ({ agent }) => agent },
  { title: 'TYPE', cell: ({ type }) => type },
  { title: 'VERSION', cell: ({ version }) => (version === '' ? 'not told' : version) },
  { title: 'NODES', cell: ({ nodes }) => nodes },
  { title: 'CURRENT FROM', cell: ({ minVersion = '' }) => minVersion },
  { title: 'OUTDATED', cell: ({ outdated }) => (outdated ? 'yes' : '') },
];

/** Reasons that are about an agent's own standing rather than about its absence or its policies. */
const aboutAgents: ReadonlySet<Reason> = new Set([
  'AgentOutdated',
  'TelemetryStale',
  'TelemetryUnavailable',
  'AgentHealth',
  'EventsDropped',
  'SelfTestFailed',
  'AgentNotReady',
  'ProtectionDisabled',
]);

/** Agents and the nodes without: the seed's health issues, NO AGENT and NO WP. */
function* attention({ metadata, status }: EvaluatedReport, given: Given, paint: Paint): Generator<string> {
  const { agent } = filtersOf(given);
  const gaps = (status.gaps ?? []).filter(
    (gap) => aboutAgents.has(gap.reason) && passes(agent, gap.agent === undefined ? [] : [gap.agent]),
  );
  if (gaps.length > 0) yield `\n${paint.bold('Need attention')}\n`;
  for (const gap of gaps) {
    yield `  ${paint.state(gap.reason, stateOfReason(gap.reason))}  ${gap.agent ?? ''}  ${affected(gap)}\n`;
    yield `${causeLines(gap, '    ').join('\n')}\n`;
  }
  const { noAgent = 0, noProtection = 0 } = status.counts?.nodes ?? {};
  const of = metadata.name === 'cluster' ? '' : ` --report ${metadata.name}`;
  if (agent !== undefined || noAgent + noProtection === 0) return;
  yield `\n${plural(noAgent, 'node')} without an agent, ${noProtection} with an agent whose runtime protection is off: kubectl protection coverage --state NoAgent,NoProtection --assets nodes${of}\n`;
}

/** What a ProtectionAgent says of itself: telemetry that is not switched on, scrapes that fail. */
function* conditions(definitions: readonly ProtectionAgent[], given: Given, paint: Paint): Generator<string> {
  const { agent } = filtersOf(given);
  const said = definitions
    .filter(({ metadata, status }) => passes(agent, [metadata.name]) && (status?.pods?.found ?? 0) > 0)
    .flatMap(({ metadata, status }) =>
      (status?.conditions ?? [])
        .filter(({ type, status: value }) => value !== 'True' && type !== 'Ready')
        .map(({ type, message }) => `  ${metadata.name}: ${type}: ${plain(message)}\n`),
    );
  if (said.length === 0) return;
  yield `\n${paint.bold('What ProtectionAgents say')}\n`;
  yield* said;
}
