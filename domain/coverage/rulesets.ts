// What each agent has loaded on each node, worked out once for all nodes that say the same under the same declarations.
import { matchesLabels } from '../selector.ts';
import type { Loaded } from '../telemetry/book.ts';
import { combineRuleset } from '../telemetry/combine.ts';
import type { Ruleset } from '../telemetry/ruleset.ts';
import type { Declarations, DeclaredPolicy, KnownContent } from '../telemetry/types.ts';
import type { Labels } from '../types.ts';

export interface Rulesets {
  /** Undefined where nobody says what the agent has loaded, or should have. */
  readonly on: (agent: string, loaded: Loaded | undefined, node: Labels) => Ruleset | undefined;
  /** Declarations changed. */
  readonly forget: () => void;
  /** How many were worked out, those included that are of the past. */
  readonly made: () => number;
}

export const createRulesets = (declarations: ReadonlyMap<string, Declarations>): Rulesets => {
  const byAgent = new Map<string, AgentRulesets>();
  let made = 0;
  return {
    forget: () => byAgent.clear(),
    made: () => made,
    on: (agent, loaded, node) => {
      let known = byAgent.get(agent);
      if (known === undefined) byAgent.set(agent, (known = agentRulesets(declarations.get(agent))));
      const wanted = known.policies.map(({ nodeSelector }) => holds(nodeSelector, node));
      const key = wanted.map(Number).join('');
      const combined = known.combined.get(loaded ?? nothing) ?? new Map<string, Ruleset | undefined>();
      known.combined.set(loaded ?? nothing, combined);
      if (combined.has(key)) return combined.get(key);
      const declared = known.policies.filter((_, index) => wanted[index]);
      const ruleset = combineRuleset({ agent, loaded, declared, contents: known.contents });
      combined.set(key, ruleset);
      made++;
      return ruleset;
    },
  };
};

interface AgentRulesets {
  readonly policies: readonly DeclaredPolicy[];
  readonly contents: ReadonlyMap<string, KnownContent>;
  /** By what the agent says, then by which of the declared policies are for the node. */
  readonly combined: WeakMap<object, Map<string, Ruleset | undefined>>;
}

/** Stands for an agent that has not said what it has loaded. */
const nothing = Object.freeze({});

const agentRulesets = (declared: Declarations | undefined): AgentRulesets => ({
  policies: declared?.policies ?? [],
  contents: new Map((declared?.contents ?? []).map((content) => [content.digest, content])),
  combined: new WeakMap(),
});

const holds = (selector: DeclaredPolicy['nodeSelector'], labels: Labels): boolean =>
  selector === undefined || matchesLabels(selector, labels);
