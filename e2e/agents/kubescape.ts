// Kubescape's node-agent: /livez and /readyz on 7888, and on 8080 metrics where they are switched on.
import { exposition, one } from './exposition.ts';
import { metricsType, text, unavailable, type AgentServer, type Reading } from './simulated-agent.ts';

const healthPort = 7888;
const metricsPort = 8080;

export const kubescapeServer: AgentServer = {
  ports: [metricsPort, healthPort],
  answer(port, path, reading) {
    const { answers, metricsOff } = reading.behaviour;
    if (port === healthPort) {
      if (path === '/livez') return text('');
      if (path === '/readyz') return answers === 'not-ready' ? unavailable('') : text('');
      return undefined;
    }
    return path === '/metrics' && !metricsOff ? text(kubescapeMetrics(reading), metricsType) : undefined;
  },
};

/** The names of the released agent; its newer builds rename them. */
const kubescapeMetrics = ({ events, drops }: Reading): string =>
  exposition([
    counter('node_agent_alert_counter', 'The total number of alerts sent by the engine', one(2, { rule_id: 'R0001' })),
    counter(
      'node_agent_dns_counter',
      'The total number of DNS events received from the eBPF probe',
      one(Math.floor(events / 20)),
    ),
    counter(
      'node_agent_ebpf_event_failure_counter',
      'The total number of failed events received from the eBPF probe',
      one(drops),
    ),
    counter(
      'node_agent_exec_counter',
      'The total number of exec events received from the eBPF probe',
      one(Math.floor(events / 10)),
    ),
    counter(
      'node_agent_network_counter',
      'The total number of network events received from the eBPF probe',
      one(Math.floor(events / 4)),
    ),
    counter(
      'node_agent_open_counter',
      'The total number of open events received from the eBPF probe',
      one(Math.floor(events / 2)),
    ),
    counter('node_agent_rule_counter', 'The total number of rules processed by the engine', [
      { labels: { rule_id: 'R0001' }, value: events },
      { labels: { rule_id: 'R1006' }, value: events },
    ]),
  ]);

const counter = (name: string, help: string, samples: ReturnType<typeof one>) =>
  ({ name, help, type: 'counter', samples }) as const;
