// Kubescape's Rules objects, and which of their rules an entry of a binding means.
import type { RuleFacts } from '../../domain/telemetry/types.ts';
import { attackIdsInTags, attackIdsInText, joinAttackIds, type AttackIds } from '../attack-ids.ts';
import { list, object, text, textOrNone, texts, type Raw } from '../read.ts';
import { satisfies } from './version-requirement.ts';

export interface KubescapeRule {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly facts: RuleFacts;
}

/** `versions`: those in which the agent runs. Rules are called by their name, as alerts are; the id stands in for a missing one. */
export const readRules = (spec: Raw, annotated: AttackIds, versions: readonly string[]): readonly KubescapeRule[] =>
  list(spec.rules).flatMap((item) => {
    const rule = object(item);
    const id = text(rule.id);
    const name = textOrNone(rule.name) ?? id;
    if (name === '') return [];
    const tags = texts(rule.tags);
    const ids = joinAttackIds(
      annotated,
      attackIdsInTags(tags),
      attackIdsInText(text(rule.mitreTactic)),
      attackIdsInText(text(rule.mitreTechnique)),
    );
    return [{ id, name, tags, facts: { name, ...statusOf(rule, versions), ...ids } }];
  });

/** The rules that an entry of a binding means: by id, by name, or by any of its tags. */
export const boundBy = (entry: unknown, rules: readonly KubescapeRule[]): readonly KubescapeRule[] => {
  const { ruleID, ruleName, ruleTags } = object(entry);
  const byId = textOrNone(ruleID);
  if (byId !== undefined) return rules.filter(({ id }) => id === byId);
  const byName = textOrNone(ruleName);
  if (byName !== undefined) return rules.filter(({ name }) => name === byName);
  const wanted = texts(ruleTags);
  return rules.filter(({ tags }) => tags.some((tag) => wanted.includes(tag)));
};

/** How an entry names what it means. */
export const describeEntry = (entry: unknown): string => {
  const { ruleID, ruleName, ruleTags } = object(entry);
  return textOrNone(ruleID) ?? textOrNone(ruleName) ?? texts(ruleTags).join('+');
};

const statusOf = (rule: Raw, versions: readonly string[]): Pick<RuleFacts, 'status' | 'message'> => {
  // Go reads a missing flag as false.
  if (rule.enabled !== true) return { status: 'Disabled' };
  const range = textOrNone(rule.agentVersionRequirement);
  if (range === undefined || versions.length === 0) return { status: 'Loaded' };
  const unfit = versions.filter((version) => satisfies(version, range) === false);
  if (unfit.length === 0) return { status: 'Loaded' };
  const message = `it is for versions ${range} of the agent, which runs in ${versions.join(', ')}`;
  return { status: unfit.length === versions.length ? 'Filtered' : 'Loaded', message };
};
