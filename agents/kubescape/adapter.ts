// Kubescape's node-agent: rules and their bindings to pods are objects; its metrics are off unless its chart switches them on.
import type { AgentAdapter } from '../agent.ts';
import { declareKubescape } from './declarations.ts';
import { readKubescape } from './telemetry.ts';

export const kubescape: AgentAdapter = {
  type: 'Kubescape',
  probes: (path) => [{ name: 'metrics', path, needed: true }],
  read: readKubescape,
  declaringKinds: [
    { group: 'kubescape.io', version: 'v1', kind: 'Rules', plural: 'rules', namespaced: true },
    {
      group: 'kubescape.io',
      version: 'v1',
      kind: 'RuntimeRuleAlertBinding',
      plural: 'runtimerulealertbindings',
      namespaced: false,
    },
  ],
  readsConfigMaps: false,
  declare: declareKubescape,
};
