// A finding of which enough silence was observed waits for the last look: whoever listens is asked for it at once, and where it does not
// come that is told.
import { unprovenSince, whyUnproven, type Unproven } from '../../../domain/findings/last-look.ts';
import type { ObserveInput } from '../../../domain/findings/observe.ts';
import { awaitsProof, isProofOverdue, type Listening, type QuietClock } from '../../../domain/findings/quiet-clock.ts';

/** What stands in for listening where the last look has been waited for in vain; undefined where it has not. */
export const overdueProof = (
  quiet: QuietClock,
  required: number,
  asked: ObserveInput,
  provenAgo: number,
): Listening | undefined =>
  isProofOverdue(quiet, required, provenAgo) ? whyUnproven(unprovenSince(asked, quiet.observed - required)) : undefined;

/** Who is waited for, where everybody is heard. */
export const awaitedFor = (quiet: QuietClock, required: number, asked: ObserveInput): readonly Unproven[] =>
  awaitsProof(quiet, required) ? unprovenSince(asked, quiet.observed - required) : [];
