// The Datadog Agent's Workload Protection: it answers nobody in the cluster, and posts what it has to say; see push.ts.
import type { AgentAdapter } from '../agent.ts';
import { declareDatadog } from './declarations.ts';

export const datadog: AgentAdapter = {
  type: 'Datadog',
  probes: () => [],
  read: () => ({
    failed:
      'the Datadog Agent has no endpoint that says what Workload Protection has loaded: let it post its events, and set spec.telemetry.mode: Push',
  }),
  declaringKinds: [],
  readsConfigMaps: true,
  declare: declareDatadog,
};
