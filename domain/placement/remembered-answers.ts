// Answers remembered by their question: pods come by the hundred from one template, and the cluster stays as it is between them.
import { answerForNow, type Answer, type AnswerForNow, type ClusterPicture, type PlacementQuestion } from './answer.ts';

export type Answerer = (question: PlacementQuestion, picture: ClusterPicture, now: number) => Answer;

/** Templates that are in use at a time; each takes about two kilobytes. */
const maximumRemembered = 2000;

/** A picture that has changed must be another object. */
export const createAnswerer = (): Answerer => {
  const known = new Map<string, AnswerForNow>();
  let answeredFrom: ClusterPicture | undefined;
  return (question, picture, now) => {
    if (picture !== answeredFrom) known.clear();
    answeredFrom = picture;
    // The whole question: what is added to it later is then never forgotten here.
    const key = JSON.stringify(question);
    const before = known.get(key);
    if (before !== undefined && now < before.validUntil) return before.answer;
    const found = answerForNow(question, picture, now);
    known.delete(key);
    if (known.size >= maximumRemembered) forgetOldest(known);
    known.set(key, found);
    return found.answer;
  };
};

const forgetOldest = (known: Map<string, AnswerForNow>): void => {
  for (const key of known.keys()) {
    known.delete(key);
    return;
  }
};
