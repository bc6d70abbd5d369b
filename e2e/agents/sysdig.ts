// Sysdig's exporter on 9544. What it names its metrics is not public; these names stand for what a user of a `Custom` agent would map.
import { exposition, one } from './exposition.ts';
import { metricsType, text, type AgentServer, type Reading } from './simulated-agent.ts';

export const sysdigServer: AgentServer = {
  ports: [9544],
  answer: (_, path, reading) =>
    path === '/metrics' && !reading.behaviour.metricsOff ? text(sysdigMetrics(reading), metricsType) : undefined,
};

const sysdigMetrics = ({ version, startedAt, now, events, drops }: Reading): string =>
  exposition([
    {
      name: 'sysdig_agent_info',
      type: 'gauge',
      help: 'Agent build.',
      samples: one(1, { agent_version: version, mode: 'secure' }),
    },
    {
      name: 'sysdig_agent_uptime_seconds',
      type: 'counter',
      help: 'Since the start.',
      samples: one((now - startedAt) / 1000),
    },
    { name: 'sysdig_agent_events_total', type: 'counter', help: 'Events seen.', samples: one(events) },
    { name: 'sysdig_agent_events_dropped_total', type: 'counter', help: 'Events lost.', samples: one(drops) },
    {
      name: 'sysdig_agent_policy_info',
      type: 'gauge',
      help: 'Policies in force.',
      samples: [{ labels: { policy: 'Suspicious Container Activity', policy_version: '12' }, value: 1 }],
    },
  ]);
