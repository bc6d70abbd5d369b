// Shows something once, or again whenever the report changes.
import type { Io } from '../verb.ts';
import type { CoverageSource } from './source.ts';

/** On a terminal each picture takes the place of the one before; elsewhere they follow each other. */
export const showing = async (
  source: Pick<CoverageSource, 'changes'>,
  { stdout, now }: Pick<Io, 'stdout' | 'now'>,
  isWatch: boolean,
  show: () => Promise<number>,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> => {
  if (!isWatch) return show();
  let code = 0;
  let isFirst = true;
  for await (const _ of source.changes(signal)) {
    if (stdout.isTTY === true) stdout.write('\u001B[2J\u001B[H');
    else if (!isFirst) stdout.write(`\n--- ${new Date(now()).toISOString()}\n`);
    isFirst = false;
    code = await show();
  }
  return code;
};
