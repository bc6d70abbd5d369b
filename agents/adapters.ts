// Every agent that we can read, by the type that a ProtectionAgent names.
import type { AgentAdapter } from './agent.ts';
import { tetragon } from './tetragon/adapter.ts';

export const adapters: ReadonlyMap<string, AgentAdapter> = new Map(
  [tetragon].map((adapter) => [adapter.type, adapter]),
);
