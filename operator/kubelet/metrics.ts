// What Prometheus can ask about kubelets that are asked.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { KubeletMetrics } from './keep.ts';
import { kubeletOutcomes } from './trouble.ts';

const prefix = 'workload_protection_';

export const createKubeletMetrics = (registry: Registry): KubeletMetrics => {
  const registers = [registry];
  let answers: Parameters<KubeletMetrics['setAnswers']>[0];
  const asked = new Counter({
    name: `${prefix}kubelet_asks_total`,
    help: `Times that a kubelet was asked for its cgroup version, by what came of it: ${kubeletOutcomes.join(', ')}.`,
    labelNames: ['outcome'],
    registers,
  });
  const nodes = new Gauge({
    name: `${prefix}node_cgroups`,
    help: 'Nodes by the cgroup version that their kubelets say, in the leader; unknown: not asked yet, or no answer. Only where kubelets are asked.',
    labelNames: ['version'],
    registers: [],
    collect() {
      this.reset();
      if (answers === undefined) return;
      for (const version of ['v1', 'v2', 'unknown']) this.set({ version }, 0);
      for (const { version } of answers()) this.inc({ version: version === undefined ? 'unknown' : `v${version}` });
    },
  });
  registry.registerMetric(nodes);
  return {
    asked: (outcome) => asked.inc({ outcome }),
    setAnswers: (next) => {
      answers = next;
    },
  };
};
