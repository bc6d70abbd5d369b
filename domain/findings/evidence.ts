// What is kept of an event: enough to tell people what was seen, and to judge it anew when the policies have changed.
import type { EvidenceEvent } from './record.ts';
import type { SecurityEvent } from './types.ts';

/** Where it was seen, as far as that is not the event's own word. */
export type Sight = Pick<EvidenceEvent, 'at' | 'agent' | 'node' | 'pod' | 'podAge' | 'countedBy'>;

/** As it came: a million events are a handful of writes, and what they may hold of secrets is masked when it is written. */
export const evidenceOf = (
  { id, agentType, policy, rule, tags, process, file, destination, message }: SecurityEvent,
  { at, agent, node, pod, podAge, countedBy }: Sight,
): EvidenceEvent => ({
  id,
  at,
  agent,
  rule,
  node,
  pod,
  executable: process?.executable,
  arguments: process?.arguments,
  parent: process?.parentName,
  user: process?.user,
  file,
  destination,
  message,
  agentType,
  policy,
  process: process?.name,
  tags,
  podAge,
  version: undefined,
  countedBy,
});
