// Flags of a process, each also an environment variable, as one typed table: from it come the parsed configuration, the text of
// --help and the words of every error.

/** One flag. `fallback` is written as a user would write it, so that --help and the parsed default cannot differ. */
export interface Flag<T> {
  readonly help: string;
  /** What stands for the value in --help; undefined for a switch, which needs none. */
  readonly placeholder: string | undefined;
  readonly fallback: string | undefined;
  /** Throws a FlagValueError that says what would be right. */
  readonly parse: (text: string) => T;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;
/** Keys are the flags' names in camelCase: `metricsAddress` is `--metrics-address`. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never;
};

export type ParsedFlags<Table extends FlagTable> =
  | { readonly kind: 'values'; readonly values: FlagValues<Table> }
  | { readonly kind: 'help' }
  /** Every mistake at once, each naming its flag or variable and what would be right. */
  | { readonly kind: 'mistakes'; readonly mistakes: readonly string[] };

/** Says what a value must be: "must be …". */
export class FlagValueError extends Error {
  override readonly name = 'FlagValueError';
}

export const variablePrefix = 'WORKLOAD_PROTECTION_';

export function parseFlags<const Table extends FlagTable>(
  table: Table,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedFlags<Table> {
  const { given, help, mistakes } = readArguments(table, argv);
  if (help) return { kind: 'help' };
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    const variable = variableOf(name);
    const argument = given.get(name);
    // An empty variable is one that a manifest left blank: it counts as not given.
    const fromEnv = env[variable] === '' ? undefined : env[variable];
    const text = argument ?? fromEnv ?? flag.fallback;
    const source = argument === undefined && fromEnv !== undefined ? variable : flagOf(name);
    try {
      values[name] = text === undefined ? undefined : flag.parse(text);
    } catch (error) {
      if (!(error instanceof FlagValueError)) throw error;
      mistakes.push(`${source}: "${text}" ${error.message}`);
    }
  }
  // Each value was made by the flag of its own name.
  return mistakes.length > 0 ? { kind: 'mistakes', mistakes } : { kind: 'values', values: values as FlagValues<Table> };
}

export const flagOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const variableOf = (name: string): string =>
  `${variablePrefix}${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

interface Arguments {
  readonly given: ReadonlyMap<string, string>;
  readonly help: boolean;
  readonly mistakes: string[];
}

const readArguments = (table: FlagTable, argv: readonly string[]): Arguments => {
  const names = new Map(Object.keys(table).map((name) => [flagOf(name), name]));
  const given = new Map<string, string>();
  const mistakes: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] ?? '';
    if (argument === '--help' || argument === '-h') return { given, help: true, mistakes };
    const equals = argument.indexOf('=');
    const written = equals < 0 ? argument : argument.slice(0, equals);
    const negated = written.startsWith('--no-') ? names.get(`--${written.slice('--no-'.length)}`) : undefined;
    const name = names.get(written) ?? negated;
    const flag = name === undefined ? undefined : table[name];
    if (name === undefined || flag === undefined) {
      mistakes.push(unknownArgument(argument, written, [...names.keys()]));
      continue;
    }
    const isSwitch = flag.placeholder === undefined;
    if (names.get(written) === undefined && (!isSwitch || equals >= 0)) {
      mistakes.push(unknownArgument(argument, written, [...names.keys()]));
    } else if (equals >= 0) {
      given.set(name, argument.slice(equals + 1));
    } else if (isSwitch) {
      given.set(name, names.get(written) === undefined ? 'false' : 'true');
    } else {
      const value = argv[at + 1];
      if (value === undefined || value.startsWith('--')) {
        mistakes.push(`${written}: needs a value: ${written} ${flag.placeholder}`);
      } else {
        given.set(name, value);
        at += 1;
      }
    }
  }
  return { given, help: false, mistakes };
};

const unknownArgument = (argument: string, written: string, known: readonly string[]): string => {
  if (!argument.startsWith('-')) return `"${argument}": only flags are taken; see --help`;
  const near = known.find((flag) => flag.startsWith(written) || written.startsWith(flag));
  return `${written}: no such flag; ${near === undefined ? 'see --help' : `did you mean ${near}?`}`;
};
