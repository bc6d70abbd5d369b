// An agent's answer to a probe, as text or as the reason why there is none.
import type { Answer } from './agent.ts';

export const bodyOf = (
  answers: ReadonlyMap<string, Answer>,
  name: string,
): { readonly body: string } | { readonly failed: string } => {
  const answer = answers.get(name);
  if (answer === undefined) return { failed: `it was not asked for its ${name}` };
  if ('failed' in answer) return answer;
  if (answer.status >= 200 && answer.status < 300) return { body: answer.body };
  return { failed: `it answered with HTTP status ${answer.status} when asked for its ${name}` };
};
