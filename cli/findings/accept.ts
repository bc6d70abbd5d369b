// `findings accept NAME…`: lives with the risk, for a reason and for a time.
import type { FlagTable } from '../flags/table.ts';
import { UsageError } from '../verb.ts';
import { caseVerb, mergeCase } from './case-verb.ts';
import { instantOf, rfc3339 } from './day.ts';

const flags = {
  until: {
    placeholder: 'DAY',
    help: 'Until when: 2027-03-01 (its beginning, in UTC), or 90d from now. It ends by itself then.',
  },
  reason: { placeholder: 'TEXT', help: 'Why; at least eight characters.' },
} as const satisfies FlagTable;

export const acceptVerb = caseVerb({
  name: 'accept',
  summary: 'Accepts a risk, with a reason and an end.',
  about:
    'Accepts the risk until a day: the quiet clock stands still until then, and the finding is open again afterwards.',
  flags,
  examples: [
    "kubectl protection findings accept build/compiler-in-container-builder-1a2b3c4d --until 90d --reason 'it builds images, in a network of its own'",
  ],
  prepare: ({ text }, _word, now) => {
    const [until, reason] = [text('until'), text('reason')];
    if (until === undefined || reason === undefined) throw new UsageError('say --until and --reason');
    const at = instantOf('until', until, now);
    if (at <= now) throw new UsageError(`--until: it would end at ${rfc3339(at)}, which is past`);
    const riskAcceptedUntil = rfc3339(at);
    return async (source, place) => {
      await mergeCase(source, place, { phase: 'RiskAccepted', riskAcceptedUntil, riskAcceptedReason: reason });
      return `accepted until ${riskAcceptedUntil}`;
    };
  },
});
