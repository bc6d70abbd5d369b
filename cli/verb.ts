// What a verb of the program is, and what it may touch. Everything outside comes in here, so that tests need no process.

export interface Output {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
}

export interface Io {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Paths are read, and shown, as they stand from here. */
  readonly cwd: string;
  readonly now: () => number;
}

export interface Verb {
  readonly name: string;
  /** One line in the list of verbs. */
  readonly summary: string;
  /** The whole text of --help. */
  readonly help: string;
  /** Verbs under this one: the next word may name one. */
  readonly verbs?: readonly Verb[];
  /** What a shell may offer after a flag, or, under the empty name, as the verb's own words. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** Gives the exit code. Throws a UsageError where it is called wrongly. */
  readonly run: (args: readonly string[], io: Io) => Promise<number>;
}

/** Called wrongly: what is wrong, and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
