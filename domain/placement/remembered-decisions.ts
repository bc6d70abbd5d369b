// Decisions remembered by their answer, which is the same object for the same question: choosing words costs more than all else.
import type { Answer } from './answer.ts';
import { decidePlacement, type Circumstances, type Decision } from './decide.ts';

/** As `decidePlacement`. */
export type Decider = (answer: Answer, kind: string, circumstances?: Circumstances) => Decision;

/** An answer belongs to one kind, since the kind is part of its question. */
export const createDecider = (): Decider => {
  const known = new WeakMap<Answer, Decision>();
  return (answer, kind, circumstances) => {
    if (circumstances?.emergency !== undefined || circumstances?.before !== undefined) {
      return decidePlacement(answer, kind, circumstances);
    }
    let decision = known.get(answer);
    if (decision === undefined) known.set(answer, (decision = decidePlacement(answer, kind)));
    return decision;
  };
};
