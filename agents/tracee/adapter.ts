// Tracee: metrics on port 3366 by its Helm chart; policies are Policy objects, on whose change its operator restarts it.
import type { AgentAdapter } from '../agent.ts';
import { declareTracee } from './declarations.ts';
import { readTracee } from './telemetry.ts';

export const tracee: AgentAdapter = {
  type: 'Tracee',
  probes: (path) => [{ name: 'metrics', path, needed: true }],
  read: readTracee,
  declaringKinds: [
    { group: 'tracee.aquasec.com', version: 'v1beta1', kind: 'Policy', plural: 'policies', namespaced: false },
    { group: 'tracee.aquasec.com', version: 'v1beta1', kind: 'Detector', plural: 'detectors', namespaced: false },
  ],
  readsConfigMaps: false,
  declare: declareTracee,
};
