// Any other agent that serves Prometheus metrics: spec.custom of its ProtectionAgent says which of them means what.
import type { AgentAdapter } from '../agent.ts';
import { readCustom } from './telemetry.ts';

export const custom: AgentAdapter = {
  type: 'Custom',
  probes: (path) => [{ name: 'metrics', path, needed: true }],
  read: readCustom,
  declaringKinds: [],
  readsConfigMaps: false,
  declare: () => ({ policies: [], contents: [], exclusions: [], notes: [] }),
};
