// The agents' DaemonSets as the official charts and operators render them. Labels, container names, images, tolerations and
// environment are theirs; what recognition does not depend on is left out.
export type { AgentOptions } from './agents/daemon-set.ts';
export { falco, falcoByOperator } from './agents/falco.ts';
export { tetragon } from './agents/tetragon.ts';
export { datadogByHelm, datadogByOperator, datadogSidecar } from './agents/datadog.ts';
export { kubeArmor, kubeArmorByOperator, kubeArmorNodeLabels } from './agents/kubearmor.ts';
export { kubescapeNodeAgent, sysdigAgent, sysdigHostShield, tracee } from './agents/others.ts';
