/**
 * Writes cli/world/ready-made-agents.json from the ProtectionAgents that the chart ships, so that the command line knows the same agents
 * without a cluster and without files beside it.
 *
 *   node .ci/ready-made-agents.ts            writes
 *   node .ci/ready-made-agents.ts --check    writes nothing and fails if the file is out of date
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { keepGenerated } from './generated.ts';

const folder = path.join(path.dirname(import.meta.dirname), 'charts', 'workload-protection', 'files', 'agents');

export const readyMadeAgentsFile = 'cli/world/ready-made-agents.json';

export const readyMadeAgents = (): string => {
  const agents = globSync('*.yaml', { cwd: folder })
    .filter((file) => file !== 'kustomization.yaml')
    .sort()
    .map((file) => load(readFileSync(path.join(folder, file), 'utf8')));
  return `${JSON.stringify(agents, undefined, 2)}\n`;
};

if (import.meta.main) await keepGenerated(readyMadeAgentsFile, readyMadeAgents(), '.ci/ready-made-agents.ts');
