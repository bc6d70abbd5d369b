// A verb that changes the case of findings: one after the other, and what is refused of one does not keep the others from it.
import type { JsonPatch } from '../../kube/apply.ts';
import { classify } from '../../kube/errors.ts';
import { flagsHelp, valuesOf, type FlagTable, type Given } from '../flags/table.ts';
import { UsageError, type Io, type Verb } from '../verb.ts';
import { caseFlags } from './flags.ts';
import { placeOf, runSession } from './session.ts';
import { inItsWords, type FindingPlace, type FindingSource } from './source.ts';

export interface CaseVerb {
  readonly name: string;
  readonly summary: string;
  /** What the help says before its usage. */
  readonly about: string;
  /** After the names: ` TEXT`. */
  readonly word?: string;
  readonly flags: FlagTable;
  readonly examples: readonly string[];
  /** Throws where it is called wrongly. */
  readonly prepare: (given: Given, word: string, now: number) => CaseChange;
}

/** Changes one finding, and says what was done. */
export type CaseChange = (source: FindingSource, place: FindingPlace) => Promise<string>;

/** Of one command line. */
const mostNames = 1000;
const notDone = 2;

export const caseVerb = ({ name, summary, about, word, flags: own, examples, prepare }: CaseVerb): Verb => {
  const flags = { ...own, ...noteFlag(name), ...caseFlags };
  const usage = `kubectl protection findings ${name} NAME...${word === undefined ? '' : ` ${word}`}`;
  return {
    name,
    summary,
    help: `${about}

Usage:
  ${usage} [flags]

Examples:
${examples.map((line) => `  ${line}`).join('\n')}

A name is NAME, NAMESPACE/NAME, or as "findings list -o name" prints it; several may be given. It is done with your own rights: the cluster role
edit, in the namespace of the finding, holds what is needed. What the API server refuses is told in its words.

Flags:
${flagsHelp(flags)}

Exit codes: 0 where it was done, of all; 2 where it was not.
`,
    values: valuesOf(flags),
    run: (args, io) => {
      let change: CaseChange = nothing;
      const check = (given: Given): void => {
        const least = word === undefined ? 1 : 2;
        if (given.positionals.length < least) throw new UsageError(`say which finding: ${usage}`);
        change = prepare(given, word === undefined ? '' : (given.positionals.at(-1) ?? ''), io.now());
      };
      return runSession({ flags, positionals: mostNames, check }, args, io, async ({ given, source }) => {
        const names = word === undefined ? given.positionals : given.positionals.slice(0, -1);
        const namespace = given.text('namespace') ?? source.namespace;
        return changeAll(
          source,
          names.map((each) => placeOf(each, namespace)),
          withNote(change, given.text('note')),
          io,
        );
      });
    },
  };
};

const nothing: CaseChange = async () => '';

const noteFlag = (verb: string): FlagTable =>
  verb === 'note' ? {} : { note: { placeholder: 'TEXT', help: 'Also adds this note.' } };

const withNote =
  (change: CaseChange, note: string | undefined): CaseChange =>
  async (source, place) => {
    const said = await change(source, place);
    if (note !== undefined) await append(source, place, 'notes', { text: note });
    return said;
  };

const changeAll = async (
  source: FindingSource,
  places: readonly FindingPlace[],
  change: CaseChange,
  io: Io,
): Promise<number> => {
  let code = 0;
  for (const place of places) {
    const called = `${place.namespace}/${place.name}`;
    try {
      io.stdout.write(`${called}: ${await change(source, place)}\n`);
    } catch (error) {
      code = notDone;
      io.stderr.write(`${called}: ${inItsWords(await named(error, source, place)).message}\n`);
    }
  }
  return code;
};

/** Reading knows what else there is of that name. */
const named = async (error: unknown, source: FindingSource, place: FindingPlace): Promise<unknown> => {
  if (classify(error) !== 'notFound') return error;
  try {
    await source.get(place);
    return error;
  } catch (better) {
    return better;
  }
};

/** Merges into the case: a field that is null is taken away. */
export const mergeCase = (source: FindingSource, place: FindingPlace, fields: object): Promise<void> =>
  source.merge(place, { spec: { case: fields } });

const attempts = 5;

/** Adds to a list of the case, and loses nothing that others add in the same moment. */
export const append = async (
  source: FindingSource,
  place: FindingPlace,
  list: 'notes' | 'links',
  entry: object,
): Promise<void> => {
  const patch: JsonPatch = [{ op: 'add', path: `/spec/case/${list}/-`, value: entry }];
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await source.patch(place, patch);
    } catch (error) {
      if (classify(error) !== 'invalid') throw error;
      // A JSON patch cannot make the list that it adds to. Where the list is there, it was refused for what it says.
      const { metadata, spec } = await source.get(place);
      if (spec.case[list] !== undefined) throw error;
      try {
        return await source.merge(place, {
          metadata: { resourceVersion: metadata.resourceVersion },
          spec: { case: { [list]: [entry] } },
        });
      } catch (conflict) {
        // Somebody was quicker: the operator with the status, or another with the first entry.
        if (classify(conflict) !== 'conflict' || attempt === attempts) throw conflict;
      }
    }
  }
};
