// What every format says of a result, in the same words.
import type { CheckGap, CheckReport, CheckResult } from '../judge/result.ts';
import { plain, plural } from './text.ts';

export const identityOf = ({ kind, namespace, name }: CheckResult): string => plain(`${kind} ${namespace}/${name}`);

/** `3/12`: nodes on which it is protected, of those that it may land on. */
export const shareOf = ({ nodes, hypothetical, verdict }: CheckResult): string =>
  verdict === 'Agent' || verdict === 'Exempt' || nodes.total === 0
    ? '-'
    : hypothetical
      ? 'to come'
      : `${nodes.protected}/${nodes.total}`;

export const verdictSentence = (result: CheckResult): string => {
  const { verdict, nodes, hypothetical, checks } = result;
  const who = identityOf(result);
  if (checks === 'Reach') {
    const missed = nodes.unprotected + nodes.unknown;
    return missed === 0
      ? `the agent of ${who} reaches all of ${plural(nodes.total, 'node')}`
      : `the agent of ${who} does not protect ${missed} of ${plural(nodes.total, 'node')}`;
  }
  const fitting = nodes.total === 1 ? 'the one node that fits' : `the ${nodes.total} nodes that fit`;
  const where = hypothetical ? 'a node to come' : fitting;
  switch (verdict) {
    case 'Protected':
      return `${who} would run protected on ${where}`;
    case 'Partly':
      return `${who} may run unprotected, on ${nodes.unprotected + nodes.unknown} of ${fitting}`;
    case 'Unprotected':
      return `${who} would run unprotected on ${where}`;
    case 'Unknown':
      return `whether ${who} would run protected on ${where} is not known`;
    case 'Exempt':
      return `${who} is exempt from every policy that selects it`;
    case 'Agent':
      return `${who} belongs to an agent`;
  }
};

export const gapSentence = ({ reason, cause, remedy, policies }: CheckGap): string =>
  plain(
    `${reason}: ${cause}. Remedy: ${remedy}${policies.length === 0 ? '' : ` (WorkloadPolicy ${policies.join(', ')})`}`,
  );

/** Where it stands: a path that does not exist where it came from standard input, the same for the same object. */
export const pathOf = ({ file, kind, namespace, name }: CheckResult): string =>
  file === undefined || file.startsWith('/') || file.startsWith('..')
    ? (file ?? `k8s/${safe(namespace)}/${safe(kind.toLowerCase())}/${safe(name)}.yaml`)
    : file.split('\\').join('/').replace(/^\.\//, '');

const safe = (part: string): string => part.replaceAll(/[^A-Za-z0-9.-]/g, '_');

export const summarySentence = ({ summary }: CheckReport): string => {
  const { workloads, agents } = summary;
  const counts = (['unprotected', 'partly', 'unknown', 'protected', 'exempt'] as const)
    .filter((verdict) => summary[verdict] > 0)
    .map((verdict) => `${summary[verdict]} ${verdict}`);
  if (agents > 0) counts.push(`${agents} of agents`);
  return workloads === 0 ? 'no workloads' : `${plural(workloads, 'workload')}: ${counts.join(', ')}`;
};

export const skippedSentence = ({ skipped }: CheckReport): string | undefined => {
  const kinds = Object.entries(skipped);
  if (kinds.length === 0) return undefined;
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  return `${plural(total, 'object')} of other kinds skipped: ${kinds.map(([kind, count]) => plain(`${kind} ${count}`)).join(', ')}`;
};
