// Rules for tests of ATT&CK.
import type { AttackUse, PolicyRules } from '../attack/types.ts';
import type { RuleFacts } from '../telemetry/types.ts';

/** `tags`: tactics and techniques in one, told apart by their ids. */
export const aRule = (
  name: string,
  tags: readonly string[] = [],
  status: RuleFacts['status'] = 'Loaded',
): RuleFacts => ({
  name,
  status,
  tactics: tags.filter((tag) => tag.startsWith('TA')),
  techniques: tags.filter((tag) => !tag.startsWith('TA')),
});

export const falcoRules = (...rules: readonly RuleFacts[]): PolicyRules => ({
  agent: 'falco',
  policy: 'falco_rules.yaml',
  rules,
});

export const onNodes = (nodes: number, ...policies: readonly PolicyRules[]): AttackUse => ({
  policies,
  nodes,
  workloads: 0,
});
