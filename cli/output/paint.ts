// Colours, where there is a terminal that shows them and nobody who does not want them.
import type { Io } from '../verb.ts';

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** By how bad it is; a word that is no state stays as it is. */
  readonly state: (text: string, state: string | undefined) => string;
}

export const paintFor = (io: Pick<Io, 'stdout' | 'env'>, isWanted: boolean): Paint => {
  const isUsed = isWanted && (io.env['NO_COLOR'] ?? '') === '' && io.stdout.isTTY === true;
  return isUsed ? colours : plainPaint;
};

export const plainPaint: Paint = { bold: (text) => text, dim: (text) => text, state: (text) => text };

const coloured = (code: number, text: string): string => `\u001B[${code}m${text}\u001B[0m`;

const codes: Readonly<Record<string, number>> = {
  Protected: 32,
  Warning: 33,
  Unknown: 36,
  Incomplete: 35,
  Failed: 31,
  NoProtection: 31,
  NoAgent: 31,
  Exempt: 90,
  NotRunning: 90,
};

const colours: Paint = {
  bold: (text) => coloured(1, text),
  dim: (text) => coloured(90, text),
  state: (text, state) => {
    const code = codes[state ?? ''];
    return code === undefined ? text : coloured(code, text);
  },
};
