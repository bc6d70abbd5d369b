/** Conditions as Kubernetes writes them, so that `kubectl wait` and every GitOps tool understand ours. */
import type { z } from 'zod';
import { count, group, instant, keyedList, largeCount, oneOf, text, type Immutable } from './fields.ts';

const condition = group('One aspect of the state of this object.', {
  type: text('Name of the aspect, such as Ready or Complete.', {
    max: 316,
    min: 1,
    pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  }),
  status: oneOf('True, False, or Unknown where it cannot be told.', ['True', 'False', 'Unknown']),
  observedGeneration: largeCount(
    'The metadata.generation of this object when the condition was set; an older one is out of date.',
  ).optional(),
  lastTransitionTime: instant('When status last changed.'),
  reason: text('Why, as one word in CamelCase that programs may rely on.', {
    max: 1024,
    min: 1,
    pattern: /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/,
  }),
  message: text('Why, as a sentence for people.', { max: 32768 }),
});

export type Condition = Immutable<z.infer<typeof condition>>;

/** `types` is said in the description: a reader of `kubectl explain` learns what may be waited for. */
export function conditions(types: string) {
  return keyedList(`The state of this object, one aspect each: ${types}.`, condition, ['type'], 16);
}

export function observedGeneration() {
  return largeCount(
    'The metadata.generation that this status was made from; smaller than the present one while a change is being worked on.',
  );
}

/** How many entries of a bounded list were left out. */
export function omitted(what: string) {
  return count(`How many ${what} did not fit into the list.`);
}
