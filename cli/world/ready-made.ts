// The ProtectionAgents that the chart ships, for where there is no cluster to ask. The JSON is made from the chart's own files.
import type { AgentDefinition } from '../../domain/types.ts';
import { toAgentDefinition } from '../../facts/agent.ts';
import shipped from './ready-made-agents.json' with { type: 'json' };

export const readyMadeAgents = (): readonly AgentDefinition[] =>
  shipped.map((agent) => {
    const parsed = toAgentDefinition(agent);
    if (!parsed.ok) throw new Error(`the ready-made ProtectionAgent ${parsed.name} is broken: ${parsed.error}`);
    return parsed.value;
  });
