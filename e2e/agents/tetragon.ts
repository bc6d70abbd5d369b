// Tetragon's metrics on 2112, on by default. There is no health endpoint over HTTP: liveness is gRPC.
import { exposition, one } from './exposition.ts';
import { metricsType, text, type AgentServer, type Reading } from './simulated-agent.ts';

export const tetragonServer: AgentServer = {
  ports: [2112],
  answer: (_, path, reading) => (path === '/metrics' ? text(tetragonMetrics(reading), metricsType) : undefined),
};

/** Policies that each simulated Tetragon has been given. */
const policies = ['tcp-connect', 'privileges-raise'] as const;

const tetragonMetrics = ({ version, behaviour, startedAt, now, events, drops }: Reading): string => {
  const failed = Math.min(policies.length, behaviour.policiesInError);
  return exposition([
    {
      name: 'tetragon_bpf_missed_events_total',
      type: 'counter',
      help: 'Number of Tetragon perf events that are failed to be sent from the kernel.',
      samples: one(drops, { error: 'ENOSPC', msg_op: '5' }),
    },
    {
      name: 'tetragon_build_info',
      type: 'gauge',
      help: 'Build information about tetragon',
      samples: one(1, {
        commit: '0123456789ab',
        go_version: 'go1.26.5',
        modified: 'false',
        time: '2026-08-20T09:00:00Z',
        version,
      }),
    },
    {
      name: 'tetragon_events_exported_total',
      type: 'counter',
      help: 'Total number of events exported',
      samples: one(Math.floor(events / 10)),
    },
    {
      name: 'tetragon_events_last_exported_timestamp',
      type: 'gauge',
      help: 'Timestamp of the most recent event to be exported',
      samples: one((now / 1000).toExponential(9)),
    },
    {
      name: 'tetragon_export_ratelimit_events_dropped_total',
      type: 'counter',
      help: 'Number of events dropped on export due to rate limiting',
      samples: one(0),
    },
    {
      name: 'tetragon_observer_ringbuf_events_lost_total',
      type: 'counter',
      help: 'Number of ring buffer events lost.',
      samples: one(drops),
    },
    {
      name: 'tetragon_observer_ringbuf_events_received_total',
      type: 'counter',
      help: 'Number of ring buffer events received.',
      samples: one(events - drops),
    },
    {
      name: 'tetragon_tracingpolicy_kernel_memory_bytes',
      type: 'gauge',
      help: 'The amount of kernel memory in bytes used by policy’s sensors non-shared BPF maps (memlock).',
      samples: policies.slice(failed).map((policy) => ({ labels: { policy, policy_namespace: '' }, value: 1_048_576 })),
    },
    {
      name: 'tetragon_tracingpolicy_loaded',
      type: 'gauge',
      help: 'The number of loaded tracing policy by state.',
      samples: [
        { labels: { state: 'disabled' }, value: 0 },
        { labels: { state: 'enabled' }, value: policies.length - failed },
        { labels: { state: 'error' }, value: 0 },
        { labels: { state: 'load_error' }, value: failed },
      ],
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'Start time of the process since unix epoch in seconds.',
      samples: one((startedAt / 1000).toExponential(9)),
    },
  ]);
};
