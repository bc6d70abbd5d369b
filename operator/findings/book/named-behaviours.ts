// Behaviours that any policy names, worked out anew when the policies have changed: it is asked for with every event.
import { behavioursNamedBy } from '../../../domain/findings/classify.ts';
import type { Policy } from '../../../domain/types.ts';

export type NamedBehaviours = () => ReadonlySet<string>;

export const createNamedBehaviours = (policies: () => readonly Policy[]): NamedBehaviours => {
  let named: { readonly of: readonly Policy[]; readonly names: ReadonlySet<string> } | undefined;
  return () => {
    const all = policies();
    if (named?.of !== all) named = { of: all, names: behavioursNamedBy(all) };
    return named.names;
  };
};
