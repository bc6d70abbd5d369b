// `findings`: what risky behaviour was seen, whose it is, and whether it is gone. Without a word after it the list.
import { UsageError, type Verb } from '../verb.ts';
import { acceptVerb } from './accept.ts';
import { assignVerb } from './assign.ts';
import { exportVerb } from './export.ts';
import { fixVerb } from './fix.ts';
import { linkVerb } from './link.ts';
import { listVerb } from './list.ts';
import { noteVerb } from './note.ts';
import { reopenVerb } from './reopen.ts';
import { showVerb } from './show.ts';

const verbs: readonly Verb[] = [
  listVerb,
  showVerb,
  assignVerb,
  noteVerb,
  linkVerb,
  fixVerb,
  acceptVerb,
  reopenVerb,
  exportVerb,
];

const help = `Findings: risky behaviour that was seen at runtime, the work on it, and whether silence has proven that it is gone.

Usage:
  kubectl protection findings [VERB] [flags]

Verbs:
${verbs.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

Examples:
  kubectl protection findings -A
  kubectl protection findings show shop/compiler-in-container-checkout-1a2b3c4d
  kubectl protection findings assign shop/compiler-in-container-checkout-1a2b3c4d --owner dana@example.com --due 14d
  kubectl protection findings fix shop/compiler-in-container-checkout-1a2b3c4d

Without a verb it lists, with the flags of list.

Flags:
${
  listVerb.help
    .split(/^Flags:$/m)[1]
    ?.trimStart()
    .replace(/^/, '  ') ?? ''
}`;

export const findingsVerb: Verb = {
  name: 'findings',
  summary: 'Risky behaviour that was seen, the work on it, and whether it is gone.',
  help,
  verbs,
  ...(listVerb.values === undefined ? {} : { values: listVerb.values }),
  run: async (args, io) => {
    const [word = '-'] = args;
    if (!word.startsWith('-')) {
      throw new UsageError(`there is no verb "${word}" under it; there is ${verbs.map(({ name }) => name).join(', ')}`);
    }
    return listVerb.run(args, io);
  },
};
