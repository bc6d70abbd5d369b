// One run of a verb about coverage: what it is asked, of which report, and how it answers.
import { parseFlags, type FlagTable, type Given } from '../flags/table.ts';
import { paintFor, type Paint } from '../output/paint.ts';
import type { Io } from '../verb.ts';
import { connectionOf, failOnOf, formatOf, type Format } from './flags.ts';
import type { Threshold } from '../judge/exit-code.ts';
import { openCoverage, staleness, type CoverageSource, type EvaluatedReport } from './source.ts';
import { showing } from './watching.ts';

export interface Session {
  readonly given: Given;
  readonly source: CoverageSource;
  readonly report: EvaluatedReport;
  readonly format: Format;
  readonly failOn: Threshold | undefined;
  readonly paint: Paint;
  readonly now: number;
  readonly write: (pieces: Iterable<string>) => void;
  /** Beside the answer: for people, never for programs. */
  readonly note: (text: string) => void;
}

export interface SessionOptions {
  readonly flags: FlagTable;
  readonly positionals?: number;
  /** Throws where it is called wrongly, before any cluster is asked. */
  readonly check?: (given: Given) => void;
}

/** Reads the report and answers; again and again with --watch, where the verb has it. */
export const runSession = async (
  { flags, positionals = 0, check }: SessionOptions,
  args: readonly string[],
  io: Io,
  answer: (session: Session) => Promise<number>,
): Promise<number> => {
  const given = parseFlags(flags, args, positionals);
  check?.(given);
  const source = await openCoverage(connectionOf(given), io);
  const note = (text: string): void => void io.stderr.write(`note: ${text}\n`);
  try {
    return await showing(source, io, given.isSet('watch'), async () => {
      const report = await source.report();
      const old = staleness(report, io.now());
      if (old !== undefined) note(old);
      return answer({
        given,
        source,
        report,
        format: formatOf(given),
        failOn: failOnOf(given),
        paint: paintFor(io, !given.isSet('no-color')),
        now: io.now(),
        write: (pieces) => {
          for (const piece of pieces) io.stdout.write(piece);
        },
        note,
      });
    });
  } finally {
    await source.close();
  }
};
