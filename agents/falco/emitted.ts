// How often Falco's rules have matched, from its metrics: to be compared with what arrived. It tells only of rules that ever matched, with a
// series for each set of tags; where anything of it is in doubt it tells nothing, since a rule that is missing counts as one that never did.
import type { Emitted } from '../../domain/telemetry/types.ts';
import { boundedText } from '../event-form.ts';
import { samplesOf, type Exposition, type Sample } from '../exposition.ts';

export const matchesMetric = 'falcosecurity_falco_rules_matches_total';

export interface CountedFrom {
  /** Epoch milliseconds, by Falco's clock: when its process started, and when it last began to count. */
  readonly startedAt: number | undefined;
  readonly since: number | undefined;
  /** Since its process started. */
  readonly seconds: number | undefined;
}

/** All published rules together are some hundreds. */
const maximumRules = 500;
/** A reading has a bound, and names of rules have a hundred characters at most. */
const maximumCharacters = 48 * 1024;
/** Matches of plugins are not of the node that runs the plugin, and arrive as nobody's. */
const systemCalls: ReadonlySet<string> = new Set(['', 'syscall', 'syscalls']);

export const emittedIn = (exposition: Exposition, { startedAt, since, seconds }: CountedFrom): Emitted | undefined => {
  if (startedAt === undefined || since === undefined || seconds === undefined) return undefined;
  if (exposition.truncated || exposition.unreadable > 0) return undefined;
  /** Falco tells the same again for each of its sources of events. */
  const series = new Map<string, { readonly rule: string; readonly value: number }>();
  for (const { labels, value } of samplesOf(exposition, matchesMetric)) {
    const rule = boundedText(labels['rule_name']);
    // Old ones name their metrics by the rules.
    if (rule === undefined || !Number.isFinite(value)) return undefined;
    if (!systemCalls.has(labels['source'] ?? '')) continue;
    const key = keyOf(labels);
    series.set(key, { rule, value: Math.max(value, series.get(key)?.value ?? 0) });
  }
  const matches = new Map<string, number>();
  for (const { rule, value } of series.values()) matches.set(rule, (matches.get(rule) ?? 0) + value);
  const counted = [...matches].map(([rule, count]) => ({ rule, count }));
  const characters = counted.reduce((sum, { rule }) => sum + rule.length, 0);
  if (counted.length > maximumRules || characters > maximumCharacters) return undefined;
  // Falco cuts the seconds: what happened in the last of them may be counted or not.
  const passed = Number.isInteger(seconds) ? seconds + 1 : seconds;
  return { matches: counted, since, until: startedAt + Math.ceil(passed * 1000) };
};

const keyOf = (labels: Sample['labels']): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
