// Words of others, made fit to be shared: what names one pod, one node or one moment goes, so that assets in the same plight
// read the same; and what is too long is cut.
import type { PodFacts } from '../types.ts';

/** As many characters as the API takes for a cause or a remedy. */
const longestSentence = 1024;

/** Leaves room for our own words around them. */
const longestQuote = 400;

export const clip = (text: string, longest = longestSentence): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

/** A message without the names and identifiers of the single pod. */
export const sharedWords = (message: string, { name, node }: Pick<PodFacts, 'name' | 'node'>): string => {
  const withoutPod = message.replaceAll(name, '<pod>');
  const withoutNode = node === undefined ? withoutPod : withoutPod.replaceAll(node, '<node>');
  return clip(
    withoutNode
      // UIDs, then the ids of containers and sandboxes.
      .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '…')
      .replace(/\b[0-9a-f]{12,}\b/g, '…')
      .replace(/\s+/g, ' ')
      .trim(),
    longestQuote,
  );
};

/**
 * What the scheduler says of the one node that a DaemonSet's pod is pinned to: `Insufficient cpu` out of `0/300 nodes are
 * available: 1 Insufficient cpu, 299 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: …`.
 */
export const schedulerWords = (message: string): string => {
  const [verdict = ''] = message.replace(/^\d+\/\d+ nodes are available: /, '').split(/\.(?:\s|$)/, 1);
  const reasons = verdict
    .split(/, (?=\d)/)
    .map((reason) => reason.replace(/^\d+ (?:node\(s\) )?/, '').trim())
    .filter((reason) => reason !== '');
  // All other nodes are refused because the pod is pinned to this one.
  const own = reasons.filter((reason) => !/node ?affinity|NodeAffinity/.test(reason));
  return clip((own.length > 0 ? own : reasons).join(', ') || message, longestQuote);
};

/** "90s", "3m", "1h30m". */
export const duration = (milliseconds: number): string => {
  const seconds = Math.round(milliseconds / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = [hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}m` : '', rest > 0 ? `${rest}s` : ''];
  return parts.join('') || '0s';
};

/** 0.005 → "0.5%". */
export const percent = (share: number): string => `${Number((share * 100).toFixed(4))}%`;

/** "a, b and 3 more": the first few of many names. */
export const few = (names: readonly string[], most = 5): string =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
