// The ATT&CK matrix as the API writes it.
import type { CoverageReportStatus } from '../../../crds/schema/coverage-report.ts';
import { attackVersion } from '../../../domain/attack/techniques.ts';
import type { AttackMatrix, AttackTechnique } from '../../../domain/attack/types.ts';
import { cut } from '../../status.ts';
import { longest } from '../detection.ts';

type WrittenAttack = NonNullable<CoverageReportStatus['attack']>;
type WrittenTechnique = NonNullable<NonNullable<WrittenAttack['tactics']>[number]['techniques']>[number];

/** The API's bounds. A tactic of ATT&CK has fewer techniques; only hostile tags make more. */
const most = { techniques: 250, agents: 16 } as const;

/** As the API takes an identifier; the others stand among the unknown ones. */
const identifier = /^T[0-9]{4}(\.[0-9]{3})?$/;

export const writtenAttack = ({ tactics, nodes, workloads, unmappedRules, unknown }: AttackMatrix): WrittenAttack => ({
  version: attackVersion,
  tactics: tactics.map(({ id, name, rules, techniques }) => ({
    id,
    name,
    rules,
    techniques: techniques
      .filter((technique) => identifier.test(technique.id))
      .slice(0, most.techniques)
      .map(writtenTechnique),
  })),
  nodes,
  workloads,
  unmappedRules,
  unknown: unknown.map(({ id, agent, policy, rules }) => ({
    id: cut(id, longest.name),
    agent,
    policy: cut(policy, longest.name),
    rules,
  })),
});

const writtenTechnique = (technique: AttackTechnique): WrittenTechnique => ({
  id: technique.id,
  rules: technique.rules,
  nodes: technique.nodes,
  workloads: technique.workloads,
  required: technique.required,
  disabledRules: technique.disabledRules,
  agents: technique.agents.slice(0, most.agents).map((agent) => ({ ...agent })),
  examples: technique.examples.map(writtenReference),
  fillers: technique.fillers.map(({ why, ...rule }) => ({ ...writtenReference(rule), why })),
});

const writtenReference = ({ agent, policy, rule }: AttackTechnique['examples'][number]) => ({
  agent,
  policy: cut(policy, longest.name),
  rule: cut(rule, longest.name),
});
