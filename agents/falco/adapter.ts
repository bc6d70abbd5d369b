// Falco, as its Helm chart, falco-operator or a DaemonSet of one's own installs it.
import type { AgentAdapter } from '../agent.ts';
import { declareFalco, declaringKinds } from './declare.ts';
import { falcoProbes, readFalco } from './read.ts';

export const falco: AgentAdapter = {
  type: 'Falco',
  probes: falcoProbes,
  read: readFalco,
  declaringKinds,
  readsConfigMaps: true,
  declare: declareFalco,
};
