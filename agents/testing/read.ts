// Ways to ask an adapter in tests.
import { readFileSync } from 'node:fs';
import type { Reading } from '../../domain/telemetry/types.ts';
import type { AgentAdapter, Answer, DeclareInput, Memory } from '../agent.ts';

export const aTime = Date.UTC(2026, 0, 1);

export const fixture = (folder: string, file: string): string =>
  readFileSync(new URL(`../${folder}/fixtures/${file}`, import.meta.url), 'utf8');

export const metricsAnswer = (body: string): ReadonlyMap<string, Answer> =>
  new Map([['metrics', { status: 200, body }]]);

/** Of the readings of these answers, one after the other, the last one, with its memory and hint. */
export const readAll = (
  adapter: AgentAdapter,
  bodies: readonly string[],
  custom?: unknown,
): { readonly reading: Reading; readonly memory: Memory; readonly hint?: string } => {
  let memory: Memory | undefined;
  let last: { readonly reading: Reading; readonly memory: Memory; readonly hint?: string } | undefined;
  for (const body of bodies) {
    const result = adapter.read({ answers: metricsAnswer(body), at: aTime, memory, custom });
    if ('failed' in result) throw new Error(result.failed);
    ({ memory } = result);
    last = result;
  }
  if (last === undefined) throw new Error('readAll needs an answer');
  return last;
};

export const declareInput = (
  objects: Readonly<Record<string, readonly unknown[]>>,
  daemonSets: readonly unknown[] = [],
): DeclareInput => ({
  agent: 'the-agent',
  objects: new Map(Object.entries(objects)),
  configMaps: [],
  daemonSets,
  digest: (text) => `sha256:${text.length}`,
});
