// Agents for tests.
import type { AgentDefinition, AgentTelemetry } from '../types.ts';
import { minutes } from './policies.ts';

export const aFalco = (overrides: Partial<AgentDefinition> = {}): AgentDefinition => ({
  name: 'falco',
  type: 'Falco',
  namespaces: [],
  pods: {
    selector: { matchLabels: { 'app.kubernetes.io/name': 'falco' }, matchExpressions: [] },
    containerNames: ['falco'],
    images: ['falcosecurity/falco'],
    minimumEvidence: 2,
  },
  sidecar: undefined,
  protection: [],
  protectionRemedy: 'Switch it on',
  minVersion: undefined,
  operatingSystems: ['linux'],
  runtimeHandlers: [],
  telemetry: { mode: 'None', interval: minutes, staleAfter: 3 * minutes },
  ...overrides,
});

/** It knows a sidecar too, and runtime protection is a switch of its own. */
export const aDatadog = (overrides: Partial<AgentDefinition> = {}): AgentDefinition =>
  aFalco({
    name: 'datadog',
    type: 'Datadog',
    pods: {
      selector: { matchLabels: { app: 'datadog' }, matchExpressions: [] },
      containerNames: ['agent'],
      images: ['datadog/agent'],
      minimumEvidence: 2,
    },
    sidecar: {
      selector: undefined,
      containerNames: ['datadog-agent'],
      images: ['datadog/agent'],
      minimumEvidence: 2,
    },
    ...overrides,
  });

/** Asked every minute, stale after three. */
export const scraped: AgentTelemetry = { mode: 'Scrape', interval: minutes, staleAfter: 3 * minutes };
