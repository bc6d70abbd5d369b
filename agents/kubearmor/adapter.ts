// KubeArmor: nothing to scrape, its gRPC is not asked, and what it has loaded is told by nobody: all there is are the objects. The
// enforcer of a node is a label, and so a protection switch of the shipped ProtectionAgent.
import type { AgentAdapter, DeclaringKind } from '../agent.ts';
import { declareKubeArmor } from './declarations.ts';

const kind = (name: string, plural: string, namespaced: boolean): DeclaringKind => ({
  group: 'security.kubearmor.com',
  version: 'v1',
  kind: name,
  plural,
  namespaced,
});

export const kubeArmor: AgentAdapter = {
  type: 'KubeArmor',
  probes: () => [],
  read: () => ({
    failed: 'KubeArmor serves nothing that could be read: set telemetry.mode to None',
  }),
  declaringKinds: [
    kind('KubeArmorPolicy', 'kubearmorpolicies', true),
    kind('KubeArmorClusterPolicy', 'kubearmorclusterpolicies', false),
    kind('KubeArmorHostPolicy', 'kubearmorhostpolicies', false),
  ],
  readsConfigMaps: false,
  declare: declareKubeArmor,
};
