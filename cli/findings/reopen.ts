// `findings reopen NAME…`: takes back a claim that something is fixed, or an acceptance.
import type { FlagTable } from '../flags/table.ts';
import { caseVerb, mergeCase } from './case-verb.ts';

const phases = ['New', 'Triaged', 'Remediating'] as const;

const flags = {
  phase: { placeholder: 'PHASE', values: phases, help: `How far the work is: ${phases.join(', ')}. Default: Triaged.` },
} as const satisfies FlagTable;

export const reopenVerb = caseVerb({
  name: 'reopen',
  summary: 'Takes back a fix that was claimed, or an acceptance.',
  about: `Takes back the claim that a finding is fixed, or the acceptance of its risk. What silence has resolved is opened by a new event only; then
its case alone is taken up again.`,
  flags,
  examples: [
    "kubectl protection findings reopen shop/compiler-in-container-checkout-1a2b3c4d --note 'the image was rolled back'",
  ],
  prepare: ({ text }) => {
    const phase = text('phase') ?? 'Triaged';
    return async (source, place) => {
      const { status } = await source.get(place);
      await mergeCase(source, place, { phase, riskAcceptedUntil: null, riskAcceptedReason: null });
      return status?.phase === 'Resolved'
        ? `the case is ${phase}; the finding stays resolved until the behaviour is seen again`
        : `the case is ${phase} again`;
    };
  },
});
