// What the verbs about coverage say in the same words.
import type { Gap } from '../../crds/schema/verdict.ts';
import { plain, plural } from '../output/text.ts';
import { remedyParts } from './remedy.ts';

/** "12 nodes, 30 workloads". */
export const affected = ({ nodes, workloads, pods }: Pick<Gap, 'nodes' | 'workloads' | 'pods'>): string => {
  const parts = [
    ...(nodes > 0 ? [plural(nodes, 'node')] : []),
    ...(workloads > 0 ? [plural(workloads, 'workload')] : []),
  ];
  return parts.length === 0 ? plural(pods, 'pod') : parts.join(', ');
};

export const versioned = ({ name, version = '' }: { readonly name: string; readonly version?: string | undefined }) =>
  version === '' ? name : `${name} ${version}`;

/** Cause and remedy under a heading; a remedy's commands on lines of their own, ready to be pasted. */
export const causeLines = (
  { cause, remedy }: { readonly cause: string; readonly remedy: string },
  indent: string,
): readonly string[] => [
  `${indent}${plain(cause)}`,
  ...remedyParts(remedy).map(({ kind, text }, index) =>
    kind === 'command' ? `${indent}$ ${plain(text)}` : `${indent}${index === 0 ? 'Remedy: ' : ''}${plain(text)}`,
  ),
];

/** "3 minutes", "5 days": how long ago, roughly. */
export const ageOf = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return plural(seconds, 'second');
  if (seconds < 7200) return plural(Math.round(seconds / 60), 'minute');
  if (seconds < 172_800) return plural(Math.round(seconds / 3600), 'hour');
  return plural(Math.round(seconds / 86_400), 'day');
};

/** Of a digest as much as tells it from others. */
export const shortVersion = (version: string): string =>
  version.startsWith('sha256:') ? version.slice(0, 'sha256:'.length + 12) : version;
