// An export as one page for somebody who has never seen the product: what was found, what the words mean, and how to check it. The evidence
// itself stands inside the page.
import type { CoverageReportStatus } from '../../crds/schema/coverage-report.ts';
import { assetStates } from '../../crds/schema/vocabulary.ts';
import { trendOf } from '../../domain/history/trend.ts';
import { assetsIn, type ExportedAsset } from './assets.ts';
import { evidenceId, type CoverageDocument } from './document.ts';
import { frameworkNames, frameworks, type FrameworkName } from './frameworks.ts';
import { hexagonMap } from './hexagons.ts';
import { embeddedJson, html, table } from './html-text.ts';
import { sparkline } from './sparkline.ts';
import { stateWords } from './states.ts';
import { style } from './style.ts';

/** A page of a thousand rows can be read and printed; the evidence holds the rest. */
const mostRows = 1000;

export const htmlExport = (document: CoverageDocument, framework: FrameworkName | undefined): string => {
  const { report, digest } = document;
  const { status } = report;
  const assets = assetsIn(document);
  const name = report.metadata.name;
  const sections = [
    identity(document),
    banner(status),
    section('What this is', introduction(report.spec.snapshotOf !== undefined)),
    section('Figures', figures(status)),
    section('Nodes', map(assets)),
    section('What the states mean', legend()),
    section('Gaps, the most pressing first', gaps(status)),
    section('Assets that are not protected', unprotected(assets)),
    section('Exemptions', exemptions(assets)),
    section('Agents', agents(status)),
    section('Over time', overTime(status)),
    section('Frameworks', controls(framework)),
    section('How to check this page', howToCheck(digest)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(`Coverage ${name}`)}</title><style>${style}</style></head><body>
${sections.join('\n')}
<script type="application/json" id="${evidenceId}">${embeddedJson(document)}</script>
</body></html>
`;
};

const section = (title: string, content: string): string => `<section><h2>${html(title)}</h2>${content}</section>`;

const identity = ({ report, digest, exportedAt }: CoverageDocument): string => {
  const { snapshot, evaluatedAt } = report.status;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Cluster', snapshot?.cluster],
    ['UID of its namespace kube-system', snapshot?.clusterId],
    ['Report', report.metadata.name],
    ['Snapshot of', report.spec.snapshotOf?.name],
    ['Taken at', snapshot?.takenAt],
    ['Last found true', snapshot === undefined ? evaluatedAt : undefined],
    ['Kubernetes', snapshot?.kubernetesVersion],
    ['Exported at', exportedAt],
    ['Restored from a file', snapshot?.imported === true ? 'yes' : undefined],
    ['Digest', digest],
  ];
  const rows = facts.flatMap(([word, value]) =>
    value === undefined ? [] : [`<dt>${html(word)}</dt><dd><code>${html(value)}</code></dd>`],
  );
  return `<header><h1>Runtime protection coverage</h1><dl>${rows.join('')}</dl></header>`;
};

const banner = ({ conditions = [] }: CoverageReportStatus): string => {
  const complete = conditions.find(({ type }) => type === 'Complete');
  if (complete === undefined) return '';
  return `<p class="banner ${complete.status.toLowerCase()}">${html(complete.message)}</p>`;
};

const introduction = (isSnapshot: boolean): string =>
  `<p>A runtime security agent watches what runs on the nodes of a Kubernetes cluster. This page says on which nodes and for which workloads such an agent was at work${isSnapshot ? ' at the time above' : ''}, how that is known, and for all others why it was not and what would mend it. ${
    isSnapshot
      ? 'It was made from a snapshot: a record that the cluster refuses to change.'
      : 'It was made from a report that goes on changing, of which the assets may lag ten seconds behind the figures. For evidence take a snapshot, and export that.'
  }</p><p class="note">Evidence, from weak to strong: Running (the agent's pod is ready), Reporting (the agent itself answered lately), Loaded (it proved which rules it has loaded).</p>`;

const figures = ({ counts, summary }: CoverageReportStatus): string => {
  if (counts === undefined) return '';
  const rows = (['nodes', 'workloads', 'pods', 'containers', 'serverless'] as const).map((kind) => {
    const { total, protectedPercent, exempt, notRunning, unknown, byEvidence } = counts[kind];
    return [
      kind,
      total,
      counts[kind].protected,
      counts[kind].warning,
      unknown,
      exempt,
      notRunning,
      byEvidence.reporting + byEvidence.loaded,
      protectedPercent === undefined ? '-' : `${protectedPercent} %`,
    ].map(html);
  });
  const header = [
    '',
    'all',
    'protected',
    'warning',
    'unknown',
    'exempt',
    'not running',
    'agent answered',
    'share protected',
  ];
  return `${table(header, rows)}<p class="note">Share: protected and warning out of all that are neither exempt nor not running. Groups of gaps: ${html(summary?.gaps ?? 0)}.</p>`;
};

const map = (assets: readonly ExportedAsset[]): string => {
  const nodes = assets.filter(({ kind }) => kind === 'node');
  return nodes.length === 0 ? '<p class="none">No node is in scope.</p>' : hexagonMap(nodes);
};

const legend = (): string =>
  table(
    ['', 'state', 'meaning'],
    assetStates.map((state) => [key(state), html(state), html(stateWords[state].meaning)]),
  );

const key = (state: ExportedAsset['profile']['state']): string =>
  `<span class="key ${stateWords[state].className}">${stateWords[state].letter}</span>`;

const gaps = ({ gaps: found = [], gapsOmitted = 0 }: CoverageReportStatus): string => {
  const rows = found.map(({ reason, state, cause, remedy, nodes, workloads, policies = [] }) =>
    [state, reason, cause, remedy, nodes, workloads, policies.join(', ') || 'baseline'].map(html),
  );
  const header = ['state', 'reason', 'cause', 'remedy', 'nodes', 'workloads', 'asked for by'];
  return table(header, rows) + left(gapsOmitted, 'groups of gaps');
};

const left = (count: number, what: string): string =>
  count > 0 ? `<p class="note">${html(count)} more ${what}: see the evidence in JSON.</p>` : '';

const isFine = ({ profile: { state } }: ExportedAsset): boolean =>
  ['Protected', 'Warning', 'Exempt', 'NotRunning'].includes(state);

const unprotected = (assets: readonly ExportedAsset[]): string => {
  const open = assets.filter((asset) => !isFine(asset));
  const rows = open.slice(0, mostRows).map(({ kind, name, profile }) => {
    const reasons = profile.reasons.map(({ reason, cause }) => `${reason}: ${cause}`).join('\n');
    return [key(profile.state), html(profile.state), html(`${kind} ${name}`), html(reasons)];
  });
  return table(['', 'state', 'asset', 'why'], rows) + left(open.length - rows.length, 'assets');
};

const exemptions = (assets: readonly ExportedAsset[]): string => {
  const exempt = assets.filter(({ profile }) => profile.exemption !== undefined);
  const rows = exempt
    .slice(0, mostRows)
    .map(({ kind, name, profile: { exemption } }) =>
      [`${kind} ${name}`, exemption?.policy, exemption?.source, exemption?.reason, exemption?.expiresAt].map(html),
    );
  return table(['asset', 'policy', 'source', 'reason', 'ends'], rows) + left(exempt.length - rows.length, 'assets');
};

const agents = ({ agents: found = [] }: CoverageReportStatus): string =>
  table(
    ['agent', 'product', 'nodes', 'versions'],
    found.map(({ name, type, nodes, versions = [] }) =>
      [
        name,
        type,
        nodes,
        versions
          .map(({ version, nodes: on, outdated }) => `${version || 'unknown'} on ${on}${outdated ? ' (outdated)' : ''}`)
          .join(', '),
      ].map(html),
    ),
  );

const overTime = (status: CoverageReportStatus): string => {
  const { history = [], comparison } = status;
  const line = (sparkline(history) || '<p class="none">No history yet.</p>') + trend(status);
  if (comparison === undefined) return line;
  const { baseline, takenAt, nodes, workloads, newGaps = [], closedGaps } = comparison;
  const row = (what: string, change: typeof nodes): readonly string[] =>
    [what, change?.before, change?.now, change?.better, change?.worse, change?.added, change?.removed].map(html);
  return `${line}<p>Against ${html(baseline)}${takenAt === undefined ? '' : ` of ${html(takenAt)}`}: ${html(newGaps.length)} new groups of gaps, ${html(closedGaps)} closed.</p>${table(
    ['', '% before', '% now', 'better', 'worse', 'added', 'removed'],
    [row('nodes', nodes), row('workloads', workloads)],
  )}`;
};

const week = 7 * 86_400_000;

const trend = ({ history = [], counts, snapshot, evaluatedAt = '' }: CoverageReportStatus): string => {
  const past = history.map(({ time, workloadsPercent }) => ({ time: Date.parse(time), workloadsPercent }));
  const present = {
    time: Date.parse(snapshot?.takenAt ?? evaluatedAt),
    workloadsPercent: counts?.workloads.protectedPercent,
  };
  const found = trendOf(past, present, week);
  if (found === undefined) return '';
  const by =
    found.direction === 'same' ? 'the same as' : `${Math.abs(found.tenths) / 10} points ${found.direction} than`;
  const before = `${new Date(found.since).toISOString()} (${found.before} %)`;
  return `<p>Workloads protected: ${html(found.now)} %, ${by} ${html(before)}.</p>`;
};

const controls = (chosen: FrameworkName | undefined): string =>
  `<p class="note">What this evidence shows of each control, and what it does not. Whether it is enough is for the assessor to say.</p>${(chosen ===
  undefined
    ? frameworkNames
    : [chosen]
  )
    .map((name) => {
      const { title, controls: list } = frameworks[name];
      const rows = list.map(({ id, about, shows, doesNotShow }) => [id, about, shows, doesNotShow].map(html));
      return `<h3>${html(title)}</h3>${table(['control', 'about', 'shows', 'does not show'], rows)}`;
    })
    .join('')}`;

const howToCheck = (digest: string): string =>
  `<p>The digest is a SHA-256 over the canonical JSON (RFC 8785) of everything that the report says, every asset included. It stands inside this page, and</p><p><code>kubectl protection coverage verify THIS-FILE</code></p><p>says whether page and evidence are still what they were. That alone does not prove who made them: compare</p><p><code>${html(digest)}</code></p><p>with what the operator said when the snapshot was taken, in its log and in the Event SnapshotTaken, or with the snapshot in the cluster: <code>kubectl get cov NAME -o jsonpath={.status.snapshot.digest}</code></p>`;
