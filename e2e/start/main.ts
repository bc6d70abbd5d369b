// npm start: the product at work, on a control plane of its own or on a cluster of the user's.
import { parseArguments, usage, UsageError, type Arguments } from './arguments.ts';
import { demonstrate } from './demo.ts';
import { runOnContext } from './on-context.ts';
import { createSession, type Session } from './session.ts';

const calledWrongly = 2;
/** Its log goes with all else that was started. */
const lastLines = 10;

const main = async (): Promise<number> => {
  let options: Arguments | undefined;
  try {
    options = parseArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return calledWrongly;
  }
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const session = createSession();
  const code = await run(session, options);
  return (await session.end()) ? code : 1;
};

const run = async (session: Session, { nodes, once, context }: Arguments): Promise<number> => {
  try {
    const programs = await (context === undefined ? demonstrate(session, nodes) : runOnContext(session, context));
    if (once) return 0;
    const ended = programs.map(({ name, exited, logs }) =>
      exited.then(({ code, signal }) => {
        const lastWords = logs().trimEnd().split('\n').slice(-lastLines).join('\n');
        return `${name} ended by itself (${signal ?? `exit code ${code}`}); its last words:\n${lastWords}`;
      }),
    );
    const why = await Promise.race([session.asked, ...ended]);
    if (why === undefined) return 0;
    session.say(why);
    return 1;
  } catch (error) {
    if (error instanceof UsageError) {
      session.say(error.message);
      return calledWrongly;
    }
    if (!session.signal.aborted) {
      session.say(`failed: ${error instanceof Error ? error.message : String(error)}`);
      return 1;
    }
    // Asked to end before everything stood: that is no failure of ours.
    return 130;
  }
};

process.exitCode = await main();
