// `explain`: what a reason means, what makes it, and how it is mended.
import { reasons, type Reason } from '../../domain/reason.ts';
import { badnessOf } from '../../domain/state.ts';
import { flagsHelp, parseFlags, wrapped } from '../flags/table.ts';
import { columns } from '../output/columns.ts';
import { paintFor, type Paint } from '../output/paint.ts';
import { nearestTo } from '../coverage/suggest.ts';
import { UsageError, type Verb } from '../verb.ts';
import { explanations } from './texts.ts';

const flags = {
  'no-color': { help: 'No colours. They are used on a terminal only, and not where NO_COLOR is set.' },
  help: { short: 'h', help: 'Shows this text.' },
};

const names = Object.keys(reasons) as readonly Reason[];

const help = `Says what a reason means, what makes it, and how it is mended. Without a reason, lists them all, the worst state first. No cluster is asked.

Usage:
  kubectl protection explain [REASON] [flags]

Examples:
  kubectl protection explain
  kubectl protection explain PolicyDrift

Flags:
${flagsHelp(flags)}
`;

export const explainVerb: Verb = {
  name: 'explain',
  summary: 'What a reason means, what makes it, and how it is mended.',
  help,
  values: { '': names },
  run: async (args, io) => {
    const given = parseFlags(flags, args, 1);
    const paint = paintFor(io, !given.isSet('no-color'));
    const [written] = given.positionals;
    for (const piece of written === undefined ? all(paint) : one(reasonNamed(written), paint)) io.stdout.write(piece);
    return 0;
  },
};

const reasonNamed = (written: string): Reason => {
  const found = names.find((name) => name.toLowerCase() === written.toLowerCase());
  if (found === undefined) {
    throw new UsageError(
      `there is no reason "${written}"${nearestTo(written, names) || '; kubectl protection explain lists them'}`,
    );
  }
  return found;
};

const worstFirst = (a: Reason, b: Reason): number => badnessOf(reasons[b].state) - badnessOf(reasons[a].state);

const all = (paint: Paint): Iterable<string> => {
  const sorted = names.toSorted(worstFirst);
  return columns({
    header: ['REASON', 'STATE', 'MEANS'],
    rows: sorted.map((name) => [name, reasons[name].state, reasons[name].means]),
    stateOf: (index) => {
      const name = sorted[index];
      return name === undefined ? undefined : reasons[name].state;
    },
    paint,
  });
};

const width = 110;

function* one(name: Reason, paint: Paint): Generator<string> {
  const { state, means } = reasons[name];
  const { makes, mends, see } = explanations[name];
  yield `${paint.bold(name)}: ${paint.state(state, state)}\n`;
  yield `${wrapped(means, width).join('\n')}\n`;
  yield `\n${paint.bold('What makes it')}\n${items(makes)}`;
  yield `\n${paint.bold('What mends it')}\n${items(mends)}`;
  const where = [`kubectl protection coverage gaps --reason ${name}`, `kubectl protection coverage --reason ${name}`];
  yield `\n${paint.bold('Where')}\n${[...where, ...(see === undefined ? [] : [see])].map((line) => `  $ ${line}\n`).join('')}`;
}

const items = (texts: readonly string[]): string =>
  texts.map((text) => `  - ${wrapped(text, width - 4).join('\n    ')}\n`).join('');
