// Where detection is thin: per tactic the techniques that least is seen of, and which rule that somebody has would see more.
import { parentOf } from './lookup.ts';
import { tactics } from './tactics.ts';
import { techniques } from './techniques.ts';
import type { Filler, Platform } from './types.ts';

/** A matrix, or what a report holds of one. */
export interface ReportedMatrix {
  readonly nodes: number;
  readonly tactics?: readonly ReportedTactic[] | undefined;
}

export interface ReportedTactic {
  readonly id: string;
  readonly rules: number;
  readonly techniques?: readonly ReportedTechnique[] | undefined;
}

export interface ReportedTechnique {
  readonly id: string;
  readonly rules: number;
  readonly nodes: number;
  readonly required: boolean;
  readonly disabledRules: number;
  readonly fillers?: readonly Filler[] | undefined;
}

export interface ThinTechnique {
  readonly id: string;
  readonly rules: number;
  readonly nodes: number;
  /** Of those that were looked at. */
  readonly uncoveredNodes: number;
  readonly required: boolean;
  readonly disabledRules: number;
  readonly fillers: readonly Filler[];
}

export interface ThinTactic {
  readonly id: string;
  readonly name: string;
  readonly rules: number;
  /** Techniques of the table and the report that stand here: how many, and how many of them are covered on every node. */
  readonly total: number;
  readonly covered: number;
  /** Those that a node lacks, the thinnest first. */
  readonly thin: readonly ThinTechnique[];
}

/**
 * In the order of the matrix. Techniques of the table that no rule knows are there as well, on the given platforms; of
 * sub-techniques only those that the report names, since nobody asks for four hundred lines.
 */
export const thinTactics = (
  { nodes, tactics: reported = [] }: ReportedMatrix,
  platforms: readonly Platform[],
): readonly ThinTactic[] =>
  tactics.map(({ id, name }) => {
    const said = reported.find((tactic) => tactic.id === id);
    const rows = new Map<string, ReportedTechnique>(expected(id, platforms).map((row) => [row.id, row]));
    for (const row of said?.techniques ?? []) rows.set(row.id, row);
    const all = [...rows.values()].map((row) => asThin(row, nodes));
    const thin = all.filter(({ rules, uncoveredNodes }) => rules === 0 || uncoveredNodes > 0);
    return {
      id,
      name,
      rules: said?.rules ?? 0,
      total: all.length,
      covered: all.length - thin.length,
      thin: thin.toSorted(byThinness),
    };
  });

const expected = (tactic: string, platforms: readonly Platform[]): readonly ReportedTechnique[] =>
  [...techniques.values()]
    .filter(
      (technique) =>
        parentOf(technique.id) === undefined &&
        technique.tactics.includes(tactic) &&
        technique.platforms.some((platform) => platforms.includes(platform)),
    )
    .map(({ id }) => ({ id, rules: 0, nodes: 0, required: false, disabledRules: 0 }));

const asThin = ({ fillers = [], ...row }: ReportedTechnique, nodes: number): ThinTechnique => ({
  id: row.id,
  rules: row.rules,
  nodes: row.nodes,
  uncoveredNodes: Math.max(0, nodes - row.nodes),
  required: row.required,
  disabledRules: row.disabledRules,
  fillers,
});

/** What somebody requires is a gap, and comes first; of what is equally thin, first what a rule at hand would fill. */
const byThinness = (a: ThinTechnique, b: ThinTechnique): number =>
  Number(b.required) - Number(a.required) ||
  b.uncoveredNodes - a.uncoveredNodes ||
  Math.sign(b.fillers.length) - Math.sign(a.fillers.length) ||
  a.rules - b.rules ||
  (a.id < b.id ? -1 : 1);
