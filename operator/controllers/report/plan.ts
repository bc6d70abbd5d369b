// A report's status from the tally of its scope: a pure function, so that what is written can be read off here.
import type { CoverageReportStatus } from '../../../crds/schema/coverage-report.ts';
import { attackVersion } from '../../../domain/attack/techniques.ts';
import type { AttackMatrix } from '../../../domain/attack/types.ts';
import { countable, protectedOf, type Counts } from '../../../domain/coverage/counts.ts';
import type { Report } from '../../../domain/coverage/report.ts';
import type { Aspect, StatusContent } from '../../status.ts';
import { writtenCounts, writtenGap } from '../gap.ts';
import { writtenPolicy, writtenRule } from '../detection.ts';
import { writtenAttack } from './attack.ts';

const most = { gaps: 100, namespaces: 500, agents: 50, versions: 50, policies: 300, rules: 300 } as const;

export interface ReportPlan {
  readonly content: StatusContent;
  readonly aspects: readonly Aspect[];
}

export const planReport = (report: Report, slices: number, unheard: readonly string[]): ReportPlan => {
  const { counts, gaps, namespaces, agents, loaded, attack, complete } = report;
  const content = {
    summary: {
      ...(counts.workloads.protectedPercent === undefined
        ? {}
        : { protectedPercent: counts.workloads.protectedPercent }),
      nodes: outOf(counts.nodes),
      workloads: outOf(counts.workloads),
      pods: outOf(counts.pods),
      unknown: counts.nodes.unknown + counts.workloads.unknown,
      gaps: gaps.length,
    },
    counts: {
      nodes: writtenCounts(counts.nodes),
      pods: writtenCounts(counts.pods),
      workloads: writtenCounts(counts.workloads),
      containers: writtenCounts(counts.containers),
      serverless: writtenCounts(counts.serverless),
    },
    agents: agents.slice(0, most.agents).map(({ name, type, nodes, versions }) => ({
      name,
      type: type as NonNullable<CoverageReportStatus['agents']>[number]['type'],
      nodes,
      versions: versions.slice(0, most.versions).map((version) => ({ ...version })),
    })),
    policies: loaded.policies.slice(0, most.policies).map(writtenPolicy),
    policiesOmitted: Math.max(0, loaded.policies.length - most.policies),
    rules: loaded.rules.slice(0, most.rules).map(writtenRule),
    rulesOmitted: Math.max(0, loaded.rules.length - most.rules),
    attack: writtenAttack(attack),
    gaps: gaps.slice(0, most.gaps).map(writtenGap),
    gapsOmitted: Math.max(0, gaps.length - most.gaps),
    namespaces: namespaces.slice(0, most.namespaces).map(({ name, state, workloads }) => ({ name, state, workloads })),
    namespacesOmitted: Math.max(0, namespaces.length - most.namespaces),
    slices,
  } satisfies Partial<CoverageReportStatus>;
  return {
    content,
    aspects: [readiness(unheard), { type: 'Complete', ...complete }, ...strangeIds(attack)],
  };
};

const readiness = (unheard: readonly string[]): Aspect =>
  unheard.length === 0
    ? { type: 'Ready', status: 'True', reason: 'Evaluated', message: 'The report is being kept current.' }
    : {
        type: 'Ready',
        status: 'False',
        reason: 'WatchesSilent',
        message: `The report may be of the past: nothing is heard of ${unheard.join(', ')}.`,
      };

export interface LeftOut {
  /** Namespaces that have as many findings as they may, and would have more. */
  readonly full: readonly string[];
  /** Findings that the API server has refused for long. */
  readonly refused: readonly { readonly finding: string; readonly message: string }[];
}

/** Only where findings are missing, or are not as they should be: whoever counts them must know. */
export const findingsLeftOut = ({ full, refused }: LeftOut): readonly Aspect[] => {
  if (full.length + refused.length === 0) return [];
  const message = [
    ...refused
      .slice(0, mostRefused)
      .map(({ finding, message: said }) => `The API server refuses to store finding ${finding}: ${said}.`),
    ...(refused.length > mostRefused ? [`${refused.length - mostRefused} more are refused.`] : []),
    ...(full.length === 0
      ? []
      : [
          `Findings were not made, since there are as many as there may be in ${named(full)}. ` +
            'Resolve or delete some of them, exclude what is meant to be so in a WorkloadPolicy, or raise --findings-per-namespace.',
        ]),
  ].join(' ');
  const reason = refused.length > 0 ? 'FindingsRefused' : 'NamespaceFull';
  return [{ type: 'FindingsComplete', status: 'False', reason, message }];
};

const named = (namespaces: readonly string[]): string => {
  const more = namespaces.length > mostStrange ? ` and ${namespaces.length - mostStrange} more` : '';
  return `${namespaces.slice(0, mostStrange).join(', ')}${more}`;
};

/** Only where rules name what ATT&CK, as we know it, does not hold: who wrote them should hear of it. */
const strangeIds = ({ unknown }: AttackMatrix): readonly Aspect[] => {
  if (unknown.length === 0) return [];
  const shown = unknown.slice(0, mostStrange).map(({ id, agent, policy }) => `${id} (${policy} of ${agent})`);
  const more = unknown.length > mostStrange ? ` and ${unknown.length - mostStrange} more` : '';
  const message = `Rules name what the table of ATT&CK ${attackVersion} does not hold: ${shown.join(', ')}${more}.`;
  return [{ type: 'AttackIdsKnown', status: 'False', reason: 'UnknownIds', message }];
};

/** Each with the server's words. */
const mostRefused = 3;
/** As many as are read; status.attack.unknown lists them all. */
const mostStrange = 10;

/** "290/300". */
const outOf = (counts: Counts): string => `${protectedOf(counts)}/${countable(counts)}`;
