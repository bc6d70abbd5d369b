// Whether the agent is there at all: of one that is not, it is no news that nothing is declared for it.
import type { DeclareInput } from './agent.ts';

export const isInstalled = ({ daemonSets }: DeclareInput): boolean => daemonSets.length > 0;
