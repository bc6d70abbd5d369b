// The outside of a verb, for tests: what goes in, and what came out.
import type { Io } from '../verb.ts';

export interface TestIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
}

export const anIo = ({
  stdin = '',
  cwd = '/',
  env = {},
  now = 0,
  isTTY = false,
}: {
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: Io['env'];
  readonly now?: number;
  readonly isTTY?: boolean;
}): TestIo => {
  const written = { out: '', err: '' };
  return {
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: { write: (text) => (written.out += text), isTTY },
    stderr: { write: (text) => (written.err += text), isTTY },
    env,
    cwd,
    now: () => now,
    out: () => written.out,
    err: () => written.err,
  };
};
