// The fleet of the demonstration: eight-gaps, with a Falco that says what it has loaded, and a shop that demands more than its baseline.
import { falcoAffinity, falcoTolerations } from '../fleet/agent-mix.ts';
import { maxAddressedNodes } from '../fleet/addresses.ts';
import { falco } from '../fleet/agents.ts';
import { planFleet, type FleetPlan } from '../fleet/plan.ts';
import { agentLabels } from '../fleet/pools.ts';
import { seededRandom } from '../fleet/random.ts';
import { planWorkload } from '../fleet/workloads.ts';
import { falcoInstall } from '../fleet/gaps.ts';
import { customRules } from './falco-rules.ts';

/** Pods a node; fewer than in life, so that the fleet stands within seconds. */
const podsPerNode = 3;

export const shop = { namespace: 'shop', name: 'checkout' } as const;

/** `run`: a number that runs beside each other do not share, for addresses of their own. */
export const planDemonstration = (nodes: number, run: number): FleetPlan => {
  const firstAddress = (run * nodes) % (maxAddressedNodes - nodes);
  const plan = planFleet({ nodes, seed: 1, scenario: 'eight-gaps', pods: podsPerNode * nodes, firstAddress });
  const checkout = planWorkload(
    { ...shop, pods: 3, shape: 'Deployment', pool: 'general', labels: { team: 'checkout' } },
    seededRandom(1),
  );
  return {
    ...plan,
    namespaces: [
      ...plan.namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop.namespace, labels: { team: 'checkout' } } },
    ],
    agents: [
      // As in the scenario, but with metrics and rules.
      ...falco({
        tolerations: falcoTolerations,
        nodeSelector: agentLabels.falco,
        affinity: falcoAffinity(['amd64', 'arm64']),
        updateStrategy: 'OnDelete',
        metrics: true,
        customRules: customRules(),
      }),
      ...plan.agents.filter(({ metadata }) => metadata.namespace !== falcoInstall.namespace),
    ],
    workloads: [...plan.workloads, checkout],
  };
};

/** A node with Falco that nothing else befalls. */
export const driftingNode = ({ nodes }: FleetPlan): string => {
  const node = nodes.find(({ pool }) => pool === 'stable');
  if (node === undefined) throw new Error('a fleet of the scenario eight-gaps has a node of the pool stable');
  return node.name;
};
