// Tetragon: metrics on port 2112 unless switched off; policies are TracingPolicy objects without any status.
import type { AgentAdapter } from '../agent.ts';
import { declareTetragon } from './declarations.ts';
import { readTetragon } from './telemetry.ts';

export const tetragon: AgentAdapter = {
  type: 'Tetragon',
  probes: (path) => [{ name: 'metrics', path, needed: true }],
  read: readTetragon,
  declaringKinds: [
    {
      group: 'cilium.io',
      version: 'v1alpha1',
      kind: 'TracingPolicy',
      plural: 'tracingpolicies',
      namespaced: false,
    },
    {
      group: 'cilium.io',
      version: 'v1alpha1',
      kind: 'TracingPolicyNamespaced',
      plural: 'tracingpoliciesnamespaced',
      namespaced: true,
    },
  ],
  readsConfigMaps: false,
  declare: declareTetragon,
};
