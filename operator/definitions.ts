// ProtectionAgents and WorkloadPolicies → what the model judges by. An object that cannot be read changes nothing but its own
// status: the last good form of it goes on applying.
import type { AgentDefinition, Policy } from '../domain/types.ts';
import type { CoverageModel } from '../domain/coverage/model.ts';
import { toAgentDefinition } from '../facts/agent.ts';
import type { Result } from '../facts/parse.ts';
import { toPolicy } from '../facts/policy.ts';
import type { Store } from '../kube/store.ts';
import type { OurObjects, RawObject } from './watches.ts';

export interface Definitions {
  /** Why the object cannot be applied as written; undefined where it can. */
  readonly errorOfAgent: (name: string) => string | undefined;
  readonly errorOfPolicy: (name: string) => string | undefined;
}

/** Keeps the model's agents and policies equal to the stores' from now on. */
export const applyDefinitions = (ours: OurObjects, model: CoverageModel, touch: () => void): Definitions => {
  const agents = createReading<AgentDefinition>(toAgentDefinition);
  const policies = createReading<Policy>(toPolicy);
  follow(ours.agents, agents, (all) => {
    model.setAgents(all);
    touch();
  });
  follow(ours.policies, policies, (all) => {
    model.setPolicies(all);
    touch();
  });
  return { errorOfAgent: agents.errorOf, errorOfPolicy: policies.errorOf };
};

interface Reading<T> {
  /** True where what applies is another than before. */
  readonly read: (object: RawObject) => boolean;
  readonly forget: (name: string) => boolean;
  readonly all: () => readonly T[];
  readonly errorOf: (name: string) => string | undefined;
}

const createReading = <T>(parse: (raw: unknown) => Result<T>): Reading<T> => {
  const good = new Map<string, { readonly value: T; readonly text: string }>();
  const errors = new Map<string, string>();
  return {
    read: (object) => {
      const { name } = object.metadata;
      const result = parse(object);
      if (!result.ok) {
        errors.set(name, result.error);
        return false;
      }
      errors.delete(name);
      const text = JSON.stringify(result.value);
      // Status writes of ours come back as changes of the object: they change nothing that is judged by.
      if (good.get(name)?.text === text) return false;
      good.set(name, { value: result.value, text });
      return true;
    },
    forget: (name) => {
      errors.delete(name);
      return good.delete(name);
    },
    all: () => [...good.entries()].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, { value }]) => value),
    errorOf: (name) => errors.get(name),
  };
};

const follow = <T>(store: Store<RawObject>, reading: Reading<T>, changed: (all: readonly T[]) => void): void => {
  store.subscribe(({ type, item }) => {
    const isOther = type === 'deleted' ? reading.forget(item.metadata.name) : reading.read(item);
    if (isOther) changed(reading.all());
  });
};
