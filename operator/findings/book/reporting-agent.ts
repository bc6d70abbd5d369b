import type { CoverageModel } from '../../../domain/coverage/model.ts';

/**
 * The ProtectionAgent of that type which is on the node; the first of that type where none is known to be. Agents of the type Custom have
 * nothing in common: one that is not there has not seen it.
 */
export const reportingAgent = (
  { inventory, agents }: Pick<CoverageModel, 'inventory' | 'agents'>,
  type: string,
  node: string | undefined,
): string | undefined => {
  const candidates = agents().filter((agent) => agent.type === type);
  const isCustom = type === 'Custom';
  if (candidates.length < 2 && !isCustom) return candidates[0]?.name;
  const present = node === undefined ? [] : (inventory.nodes.get(node)?.presences ?? []);
  const found = candidates.find(({ name }) =>
    present.some(({ agent, evidence }) => agent === name && evidence !== undefined),
  );
  return (found ?? (isCustom ? undefined : candidates[0]))?.name;
};
