// `findings show NAME`: the whole story of one finding.
import { dump } from 'js-yaml';
import { outputFlag } from '../coverage/flags.ts';
import { showing } from '../coverage/watching.ts';
import { flagsHelp, valuesOf, type FlagTable, type Given } from '../flags/table.ts';
import { UsageError, type Verb } from '../verb.ts';
import { caseFlags, colourFlag, watchFlag } from './flags.ts';
import { placeOf, runSession, type Session } from './session.ts';
import { story } from './story.ts';

const flags = {
  ...outputFlag(['table', 'json', 'yaml']),
  ...watchFlag,
  ...caseFlags,
  ...colourFlag,
} as const satisfies FlagTable;

const help = `Tells the whole story of a finding: what was seen, whose it is, the evidence, how long it has been quiet and why the clock stands still,
when it clears, what to do, the case, and everything that has happened to it.

Usage:
  kubectl protection findings show NAME [flags]

Examples:
  kubectl protection findings show compiler-in-container-checkout-1a2b3c4d -n shop
  kubectl protection findings show shop/compiler-in-container-checkout-1a2b3c4d --watch

Flags:
${flagsHelp(flags)}

Exit codes: 0 where it was shown, 2 where it could not be.
`;

export const showVerb: Verb = {
  name: 'show',
  summary: 'One finding: what, whose, evidence, quiet clock, what to do, case, history.',
  help,
  values: valuesOf(flags),
  run: (args, io) =>
    runSession({ flags, positionals: 1, check: named }, args, io, async (session) => {
      const { given, source } = session;
      const place = placeOf(given.positionals[0] ?? '', given.text('namespace') ?? source.namespace);
      const changes = (signal: AbortSignal): AsyncIterable<void> => source.changes(place.namespace, signal);
      return showing({ changes }, io, given.isSet('watch'), () => show({ ...session, now: io.now() }, place));
    }),
};

const named = ({ positionals }: Given): void => {
  if (positionals.length === 0) throw new UsageError('say which finding: kubectl protection findings show NAME');
};

const show = async (
  { given, source, paint, now, write }: Session,
  place: ReturnType<typeof placeOf>,
): Promise<number> => {
  const finding = await source.get(place);
  const format = given.text('output');
  if (format === 'json') write([`${JSON.stringify(finding, undefined, 2)}\n`]);
  else if (format === 'yaml') write([dump(finding, { noRefs: true, lineWidth: -1, skipInvalid: true })]);
  else write(story(finding, { paint, now }));
  return 0;
};
