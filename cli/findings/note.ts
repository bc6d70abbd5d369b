// `findings note NAME TEXT`: a note, signed by whoever adds it.
import { UsageError } from '../verb.ts';
import { append, caseVerb } from './case-verb.ts';

export const noteVerb = caseVerb({
  name: 'note',
  summary: 'Adds a note, signed with your name.',
  about:
    'Adds a note to the case. The cluster signs it with your name and the time; notes are only ever added, and nobody can change one.',
  word: 'TEXT',
  flags: {},
  examples: [
    "kubectl protection findings note shop/compiler-in-container-checkout-1a2b3c4d 'gcc comes with the base image; nothing calls it'",
  ],
  prepare: (_given, word) => {
    if (word.trim() === '') throw new UsageError('a note needs words');
    return async (source, place) => {
      await append(source, place, 'notes', { text: word });
      return 'noted';
    };
  },
});
