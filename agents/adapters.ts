// Every agent that we can read, by the type that a ProtectionAgent names.
import type { AgentAdapter } from './agent.ts';
import { custom } from './custom/adapter.ts';
import { datadog } from './datadog/adapter.ts';
import { falco } from './falco/adapter.ts';
import { kubeArmor } from './kubearmor/adapter.ts';
import { kubescape } from './kubescape/adapter.ts';
import { tetragon } from './tetragon/adapter.ts';
import { tracee } from './tracee/adapter.ts';

export const adapters: ReadonlyMap<string, AgentAdapter> = new Map(
  [custom, datadog, falco, kubeArmor, kubescape, tetragon, tracee].map((adapter) => [adapter.type, adapter]),
);
