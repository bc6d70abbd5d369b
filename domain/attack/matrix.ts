// The ATT&CK matrix of a fleet: what the loaded rules cover, on how many assets, by which agents; and which rules would cover the rest.
import { tacticsOfRule, tacticsOfTechnique, techniquesOfRule } from './count.ts';
import { isTechniqueId } from './lookup.ts';
import { tactics } from './tactics.ts';
import { techniques } from './techniques.ts';
import type {
  AttackMatrix,
  AttackRequirement,
  AttackTechnique,
  AttackUse,
  Filler,
  PolicyRules,
  UnknownAttackId,
} from './types.ts';
import type { RuleFacts } from '../telemetry/types.ts';

/** Of hundreds of rules a person reads the first few; a report has a limit. */
const examplesShown = 5;
const fillersShown = 5;
const unknownShown = 100;
const agentsShown = 16;
/** More than any tactic has; only made-up ids get there. */
const techniquesShown = 250;

/**
 * `known`: rules that objects declare or a catalogue holds, loaded or not. What is not loaded on any asset of `uses` may fill a gap.
 * The cost is the rules of all uses together: give assets that share their policies as one use.
 */
export const attackMatrix = (
  uses: Iterable<AttackUse>,
  required: Iterable<AttackRequirement> = [],
  known: Iterable<PolicyRules> = [],
): AttackMatrix => {
  const rows: Rows = new Map();
  const seen: Seen = { loaded: new Map(), notLoaded: new Map() };
  let [nodes, workloads] = [0, 0];
  for (const use of uses) {
    nodes += use.nodes;
    workloads += use.workloads;
    const covered = new Set<string>();
    for (const each of rulesIn(use.policies)) {
      note(seen, each, each.rule.status === 'Loaded' ? undefined : each.rule.status);
      if (each.rule.status === 'Loaded') for (const id of techniquesOfRule(each.rule)) covered.add(id);
    }
    for (const id of covered) {
      const row = rowOf(rows, id);
      row.nodes += use.nodes;
      row.workloads += use.workloads;
    }
  }
  for (const each of rulesIn(known)) {
    note(seen, each, each.rule.status === 'Loaded' ? 'NotLoaded' : each.rule.status);
  }
  for (const { techniques: wanted } of required) for (const id of wanted) rowOf(rows, id).required = true;
  for (const each of seen.loaded.values()) {
    for (const id of techniquesOfRule(each.rule)) rowOf(rows, id).loaded.push(each);
  }
  for (const [key, each] of seen.notLoaded) {
    // Loaded somewhere is loaded; where else it is not shows in the number of assets.
    if (seen.loaded.has(key)) continue;
    for (const id of techniquesOfRule(each.rule)) rowOf(rows, id).notLoaded.push(each);
  }
  const served = tacticsServed(seen, rows);
  const finished = new Map([...rows].map(([id, row]) => [id, finish(id, row, nodes, workloads)]));
  return {
    tactics: tactics.map((tactic) => {
      const { rules = 0, techniques: ids = new Set<string>() } = served.get(tactic.id) ?? {};
      return {
        ...tactic,
        rules,
        techniques: [...ids]
          .sort()
          .flatMap((id) => finished.get(id) ?? [])
          .slice(0, techniquesShown),
      };
    }),
    nodes,
    workloads,
    unmappedRules: [...seen.loaded.values()].filter(({ rule }) => rule.techniques.length === 0).length,
    unknown: unknownIn(seen),
  };
};

interface Named {
  readonly agent: string;
  readonly policy: string;
  readonly rule: RuleFacts;
}

interface Row {
  nodes: number;
  workloads: number;
  required: boolean;
  readonly loaded: Named[];
  readonly notLoaded: (Named & { readonly why: Filler['why'] })[];
}

type Rows = Map<string, Row>;

/** Distinct rules: one that thousands of nodes have loaded is one. */
interface Seen {
  readonly loaded: Map<string, Named>;
  readonly notLoaded: Map<string, Named & { readonly why: Filler['why'] }>;
}

function* rulesIn(policies: Iterable<PolicyRules>): Generator<Named> {
  for (const { agent, policy, rules } of policies) for (const rule of rules) yield { agent, policy, rule };
}

const note = ({ loaded, notLoaded }: Seen, each: Named, why: Filler['why'] | undefined): void => {
  const key = `${each.agent}\n${each.policy}\n${each.rule.name}`;
  if (why === undefined) loaded.set(key, each);
  // What an agent says of it comes first, and says more than that an object declares it.
  else if (!notLoaded.has(key)) notLoaded.set(key, { ...each, why });
};

const rowOf = (rows: Rows, id: string): Row => {
  let row = rows.get(id);
  if (row === undefined) {
    row = { nodes: 0, workloads: 0, required: false, loaded: [], notLoaded: [] };
    rows.set(id, row);
  }
  return row;
};

const finish = (id: string, row: Row, nodes: number, workloads: number): AttackTechnique => {
  const agents = new Map<string, number>();
  for (const { agent } of row.loaded) agents.set(agent, (agents.get(agent) ?? 0) + 1);
  const isWhole = row.loaded.length > 0 && row.nodes === nodes && row.workloads === workloads;
  const elsewhere = row.loaded.map((each) => ({ ...named(each), why: 'LoadedElsewhere' as const })).toSorted(byName);
  const others = row.notLoaded.map((each) => ({ ...named(each), why: each.why })).toSorted(byName);
  return {
    id,
    rules: row.loaded.length,
    nodes: row.nodes,
    workloads: row.workloads,
    required: row.required,
    disabledRules: row.notLoaded.filter(({ why }) => why !== 'NotLoaded').length,
    agents: [...agents]
      .map(([name, rules]) => ({ name, rules }))
      .toSorted((a, b) => b.rules - a.rules || compareText(a.name, b.name))
      .slice(0, agentsShown),
    examples: row.loaded.map(named).toSorted(byName).slice(0, examplesShown),
    fillers: isWhole ? [] : [...elsewhere, ...others].slice(0, fillersShown),
  };
};

const named = ({ agent, policy, rule }: Named) => ({ agent, policy, rule: rule.name });

type NamedRule = ReturnType<typeof named>;

const byName = (a: NamedRule, b: NamedRule): number =>
  compareText(a.rule, b.rule) || compareText(a.agent, b.agent) || compareText(a.policy, b.policy);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Per tactic: how many loaded rules serve it, and which rows stand under it. */
const tacticsServed = (
  { loaded, notLoaded }: Seen,
  rows: Rows,
): ReadonlyMap<string, { rules: number; techniques: Set<string> }> => {
  const served = new Map<string, { rules: number; techniques: Set<string> }>();
  const at = (id: string) => {
    let tactic = served.get(id);
    if (tactic === undefined) served.set(id, (tactic = { rules: 0, techniques: new Set() }));
    return tactic;
  };
  for (const id of rows.keys()) for (const tactic of tacticsOfTechnique(id)) at(tactic).techniques.add(id);
  for (const { rule } of loaded.values()) for (const tactic of tacticsOfRule(rule)) at(tactic).rules += 1;
  // A technique that the table does not know stands where those put it who wrote the rule.
  for (const { rule } of [...loaded.values(), ...notLoaded.values()]) {
    const strange = rule.techniques.filter((id) => isTechniqueId(id) && tacticsOfTechnique(id).length === 0);
    for (const tactic of rule.tactics) for (const id of strange) at(tactic).techniques.add(id);
  }
  return served;
};

const isTactic = new Set<string>(tactics.map(({ id }) => id));

const unknownIn = ({ loaded, notLoaded }: Seen): readonly UnknownAttackId[] => {
  const found = new Map<string, UnknownAttackId>();
  for (const { agent, policy, rule } of [...loaded.values(), ...notLoaded.values()]) {
    const strange = [
      ...rule.techniques.filter((id) => !techniques.has(id)),
      ...rule.tactics.filter((id) => !isTactic.has(id)),
    ];
    for (const id of new Set(strange)) {
      const key = `${agent}\n${policy}\n${id}`;
      found.set(key, { id, agent, policy, rules: (found.get(key)?.rules ?? 0) + 1 });
    }
  }
  return [...found.values()]
    .toSorted((a, b) => compareText(a.agent, b.agent) || compareText(a.policy, b.policy) || compareText(a.id, b.id))
    .slice(0, unknownShown);
};
