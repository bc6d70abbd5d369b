// Picks the verb, and turns whatever goes wrong into words and an exit code.
import { checkVerb } from './check.ts';
import { complete, completeWord } from './completion/complete.ts';
import { completionVerb } from './completion/run.ts';
import { coverageVerb } from './coverage/run.ts';
import { explainVerb } from './explain/run.ts';
import { findingsVerb } from './findings/run.ts';
import { snapshotVerb } from './snapshot/run.ts';
import { UsageError, type Io, type Verb } from './verb.ts';

const program = 'kubectl protection';
/** Nothing could be told: the same for a wrong call and for a world that cannot be read. */
const nothingTold = 2;

/** In the order in which people need them. */
export const verbs: readonly Verb[] = [
  coverageVerb,
  findingsVerb,
  snapshotVerb,
  checkVerb,
  explainVerb,
  completionVerb,
];

export const runCli = async (args: readonly string[], io: Io): Promise<number> => {
  const words = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
  const [name = '--help'] = words;
  if (name === '--help' || name === '-h') {
    io.stdout.write(overview());
    return 0;
  }
  // Called by shells only, and by nobody who reads a list of verbs. What follows is half a command line, not for us to obey.
  if (name === completeWord) return complete(verbs, words.slice(1), io);
  const found = find(verbs, words);
  if (found === undefined) {
    io.stderr.write(`${program}: there is no verb "${name}"; there is ${verbs.map((each) => each.name).join(', ')}\n`);
    return nothingTold;
  }
  const { verb, path } = found;
  const rest = words.slice(path.length);
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(verb.help);
    return 0;
  }
  try {
    return await verb.run(rest, io);
  } catch (error) {
    const called = `${program} ${path.join(' ')}`;
    const hint = error instanceof UsageError ? `; see ${called} --help` : '';
    io.stderr.write(`${called}: ${messageOf(error)}${hint}\n`);
    return nothingTold;
  }
};

interface Found {
  readonly verb: Verb;
  /** The words that name it. */
  readonly path: readonly string[];
}

/** The verb that the leading words name, however deep. */
const find = (among: readonly Verb[], [word = '', ...rest]: readonly string[]): Found | undefined => {
  const verb = among.find(({ name }) => name === word);
  if (verb === undefined) return undefined;
  const deeper = find(verb.verbs ?? [], rest);
  return deeper === undefined ? { verb, path: [word] } : { verb: deeper.verb, path: [word, ...deeper.path] };
};

const overview = (): string =>
  [
    'Says whether Kubernetes workloads run, or would run, under the eyes of a runtime security agent.',
    '',
    `Usage: ${program} VERB [flags]`,
    '',
    'Verbs:',
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`),
    '',
    `${program} VERB --help tells more.`,
    '',
  ].join('\n');

/** With what made it, since the outer words say what was tried and the inner ones what went wrong. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};
