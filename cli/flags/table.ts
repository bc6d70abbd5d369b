// Flags of a verb as one table: from it come what is parsed, the text of --help and what the shell completes.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { UsageError } from '../verb.ts';

export interface FlagSpec {
  readonly short?: string;
  /** Stands for the value; left out for a switch. */
  readonly placeholder?: string;
  readonly help: string;
  /** The only values that are taken, whatever their case. */
  readonly values?: readonly string[];
  /** May be repeated; commas separate values too. */
  readonly multiple?: true;
}

export type FlagTable = Readonly<Record<string, FlagSpec>>;

export interface Given {
  readonly positionals: readonly string[];
  /** Undefined where it is not given. */
  readonly text: (flag: string) => string | undefined;
  /** Empty where it is not given. */
  readonly texts: (flag: string) => readonly string[];
  readonly isSet: (flag: string) => boolean;
}

export const parseFlags = (table: FlagTable, args: readonly string[], positionals = 0): Given => {
  const parsed = parsedBy(table, args);
  const given = new Map<string, readonly string[]>();
  for (const [flag, spec] of Object.entries(table)) {
    const written = parsed.values[flag];
    if (written === undefined || typeof written === 'boolean') continue;
    const texts = (Array.isArray(written) ? written : [written]).filter((text) => typeof text === 'string');
    given.set(
      flag,
      (spec.multiple === true ? texts.flatMap((text) => text.split(',')) : texts)
        .map((text) => text.trim())
        .filter((text) => text !== '' || spec.multiple !== true)
        .map((text) => chosen(flag, spec, text)),
    );
  }
  if (parsed.positionals.length > positionals) {
    throw new UsageError(`there is one word too many: "${parsed.positionals[positionals]}"`);
  }
  return {
    positionals: parsed.positionals,
    text: (flag) => given.get(flag)?.at(-1),
    texts: (flag) => given.get(flag) ?? [],
    isSet: (flag) => parsed.values[flag] === true,
  };
};

const parsedBy = (table: FlagTable, args: readonly string[]) => {
  const options: ParseArgsOptionsConfig = {};
  for (const [name, { short, placeholder }] of Object.entries(table)) {
    options[name] = {
      type: placeholder === undefined ? 'boolean' : 'string',
      multiple: placeholder !== undefined,
      ...(short === undefined ? {} : { short }),
    };
  }
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

/** `!Protected` leaves out what `Protected` asks for, so it must be one of the values too. */
const chosen = (flag: string, { values, multiple }: FlagSpec, written: string): string => {
  if (values === undefined) return written;
  const not = multiple === true && written.startsWith('!') ? '!' : '';
  const word = written.slice(not.length).toLowerCase();
  const found = values.find((value) => value.toLowerCase() === word);
  if (found === undefined) throw new UsageError(`--${flag}: "${written}" must be one of ${values.join(', ')}`);
  return not + found;
};

/** What a shell may offer after each flag. */
export const valuesOf = (table: FlagTable): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(table).flatMap(([name, { values }]) => (values === undefined ? [] : [[name, values]])),
  );

const widest = 100;

/** The lines under "Flags:" in a text of help. */
export const flagsHelp = (table: FlagTable): string => {
  const rows = Object.entries(table).map(([name, { short, placeholder, help }]) => ({
    flag: `  ${short === undefined ? '    ' : `-${short}, `}--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`,
    help,
  }));
  const width = Math.max(...rows.map(({ flag }) => flag.length)) + 2;
  return rows
    .map(({ flag, help }) => flag.padEnd(width) + wrapped(help, widest).join(`\n${' '.repeat(width)}`))
    .join('\n');
};

/** Lines of at most `width` characters, unless a word is longer. */
export const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
};
