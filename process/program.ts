// From the command line to a running process: flags, logger, signals, exit code. What a main.ts adds is its own flags and its wiring.
import { helpText, type Described } from './help.ts';
import { parseFlags, type FlagValues } from './flags.ts';
import type { commonFlags } from './common-flags.ts';
import { createLogger, type Logger } from './log.ts';
import { listenForShutdown } from './shutdown.ts';

export interface Program<Table extends ReturnType<typeof commonFlags>> extends Described {
  readonly flags: Table;
  /** Runs until the signal aborts. What it throws ends the process with code 1. */
  readonly run: (values: FlagValues<Table>, log: Logger, signal: AbortSignal) => Promise<void>;
}

/** 2 is what tools return where they were called wrongly. */
const calledWrongly = 2;

export async function runProgram<const Table extends ReturnType<typeof commonFlags>>(
  program: Program<Table>,
): Promise<void> {
  const parsed = parseFlags<Table>(program.flags, process.argv.slice(2), process.env);
  if (parsed.kind === 'help') {
    process.stdout.write(helpText(program));
    return;
  }
  if (parsed.kind === 'mistakes') {
    process.stderr.write(parsed.mistakes.map((mistake) => `${program.program}: ${mistake}\n`).join(''));
    process.exitCode = calledWrongly;
    return;
  }
  const { values } = parsed;
  const log = await createLogger({
    program: program.program,
    ...(values as FlagValues<ReturnType<typeof commonFlags>>),
  });
  const { signal, release } = listenForShutdown({
    signals: process,
    exit: (code) => process.exit(code),
    onStop: (name) => log.info({ signal: name }, 'stopping; a second signal ends the process at once'),
  });
  try {
    await program.run(values, log, signal);
  } catch (error) {
    log.fatal({ error }, 'ended by an error');
    process.exitCode = 1;
  } finally {
    release();
  }
}
