// What a shell may offer next, out of the same tables that the verbs are parsed and explained by.
import type { Io, Verb } from '../verb.ts';

/** The hidden word by which the shells' scripts ask. */
export const completeWord = '__complete';

/** As kubectl and its plugins agree: candidates, one a line, then what the shell should do. 0: files as well; 4: nothing else. */
const directives = { files: ':0', noFiles: ':4' } as const;

/** `words`: all words after the program, the last being the one that is typed. */
export const complete = (verbs: readonly Verb[], words: readonly string[], { stdout }: Pick<Io, 'stdout'>): number => {
  const { candidates, files } = candidatesFor(verbs, words);
  stdout.write(
    [...candidates.map((each) => `${each}\n`), files ? directives.files : directives.noFiles, '\n'].join(''),
  );
  return 0;
};

export interface Candidates {
  readonly candidates: readonly string[];
  /** Names of files will do, too. */
  readonly files: boolean;
}

export const candidatesFor = (verbs: readonly Verb[], words: readonly string[]): Candidates => {
  const typed = words.at(-1) ?? '';
  const { verb, rest } = descend(verbs, words.slice(0, -1));
  if (verb === undefined) return offered(named(verbs), typed);
  const flags = flagsIn(verb.help);
  const [flag, started] = typed.startsWith('--') && typed.includes('=') ? splitOnce(typed, '=') : [rest.at(-1), typed];
  const asked = flags.find(({ long, short }) => flag !== undefined && (flag === long || flag === short));
  if (asked?.placeholder !== undefined) {
    const values = verb.values?.[asked.long.slice(2)] ?? choicesIn(asked.text);
    if (values.length === 0) return { candidates: [], files: takesFiles.has(asked.placeholder) };
    return ofList(values, started, typed === started ? '' : `${asked.long}=`);
  }
  if (typed.startsWith('-')) {
    return offered([...new Set([...flags.map(({ long }) => long), '--help'])], typed);
  }
  return offered([...named(verb.verbs ?? []), ...(verb.values?.[''] ?? [])], typed);
};

const takesFiles: ReadonlySet<string> = new Set(['FILE', 'PATH', 'FOLDER']);

const named = (verbs: readonly Verb[]): readonly string[] => verbs.map(({ name }) => name);

const offered = (all: readonly string[], typed: string): Candidates => ({
  candidates: all.filter((each) => each.toLowerCase().startsWith(typed.toLowerCase())),
  files: false,
});

/** After a comma the next value of the list is typed. */
const ofList = (values: readonly string[], typed: string, before: string): Candidates => {
  const comma = typed.lastIndexOf(',') + 1;
  const { candidates } = offered(values, typed.slice(comma));
  return { candidates: candidates.map((each) => before + typed.slice(0, comma) + each), files: false };
};

const splitOnce = (text: string, by: string): readonly [string, string] => {
  const at = text.indexOf(by);
  return [text.slice(0, at), text.slice(at + by.length)];
};

const descend = (
  verbs: readonly Verb[],
  words: readonly string[],
): { readonly verb: Verb | undefined; readonly rest: readonly string[] } => {
  const verb = verbs.find(({ name }) => name === words[0]);
  if (verb === undefined) return { verb: undefined, rest: words };
  const deeper = descend(verb.verbs ?? [], words.slice(1));
  return deeper.verb === undefined ? { verb, rest: words.slice(1) } : deeper;
};

interface DescribedFlag {
  readonly long: string;
  readonly short: string | undefined;
  readonly placeholder: string | undefined;
  readonly text: string;
}

/** From the lines under "Flags:", which every verb has: so a flag that is explained is completed. */
const flagsIn = (help: string): readonly DescribedFlag[] => {
  const [, lines = ''] = help.split(/^Flags:$/m);
  return [...lines.matchAll(/^ {2}(?:(-\w), | {4})(--[\w-]+)(?: ([A-Z]+))? +(.*(?:\n {20,}.*)*)/gm)].map(
    ([, short, long = '', placeholder, text = '']) => ({ long, short, placeholder, text }),
  );
};

/** Of a verb that does not say: "table, wide, json. Default: table." or "Of a rule: Loaded, Disabled": a list in the first sentence. */
const choicesIn = (text: string): readonly string[] => {
  const [sentence = ''] = text.replaceAll(/\s+/g, ' ').split(/[.;]/);
  const list = sentence.slice(sentence.lastIndexOf(': ') === -1 ? 0 : sentence.lastIndexOf(': ') + 2);
  const words = list.split(', ').map((word) => word.trim());
  return words.length > 1 && words.every((word) => /^[A-Za-z]+$/.test(word)) ? words : [];
};
