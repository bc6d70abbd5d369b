// Whether an update makes things worse. What was as bad before is no reason to refuse somebody's change, or to warn of it again.
import type { Answer, PlacementVerdict, PolicyAnswer } from './answer.ts';

export const isWorse = (now: PolicyAnswer, before: Answer): boolean => {
  const then =
    before.kind === 'Judged' ? before.policies.find(({ policy }) => policy.name === now.policy.name) : undefined;
  if (then === undefined || !then.isFlagged) return true;
  if (badness[now.verdict] !== badness[then.verdict]) return badness[now.verdict] > badness[then.verdict];
  return shareAtFault(now) > shareAtFault(then);
};

const badness: Readonly<Record<PlacementVerdict, number>> = { Protected: 0, Partly: 1, Unknown: 2, Unprotected: 3 };

const shareAtFault = ({ nodes: { total, unprotected, unknown } }: PolicyAnswer): number =>
  total === 0 ? 0 : (unprotected + unknown) / total;
