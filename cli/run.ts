// Picks the verb, and turns whatever goes wrong into words and an exit code.
import { checkVerb } from './check.ts';
import { UsageError, type Io, type Verb } from './verb.ts';

const program = 'kubectl protection';
/** Nothing could be told: the same for a wrong call and for a world that cannot be read. */
const nothingTold = 2;

const verbs: readonly Verb[] = [checkVerb];

export const runCli = async (args: readonly string[], io: Io): Promise<number> => {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    const asked = verbs.find((verb) => verb.name === rest[0]);
    io.stdout.write(asked?.help ?? overview());
    return 0;
  }
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb === undefined) {
    io.stderr.write(`${program}: there is no verb "${name}"; there is ${verbs.map((each) => each.name).join(', ')}\n`);
    return nothingTold;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(verb.help);
    return 0;
  }
  try {
    return await verb.run(rest, io);
  } catch (error) {
    const hint = error instanceof UsageError ? `; see ${program} ${verb.name} --help` : '';
    io.stderr.write(`${program} ${verb.name}: ${messageOf(error)}${hint}\n`);
    return nothingTold;
  }
};

const overview = (): string =>
  [
    'Says whether Kubernetes workloads run, or would run, under the eyes of a runtime security agent.',
    '',
    `Usage: ${program} VERB [flags]`,
    '',
    'Verbs:',
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    '',
    `${program} VERB --help tells more.`,
    '',
  ].join('\n');

/** With what made it, since the outer words say what was tried and the inner ones what went wrong. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};
