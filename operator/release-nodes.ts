// What is done before the operator goes for good: whatever it has written onto nodes is taken off, so that no node is left waiting for
// an operator that never comes. Refused while a policy still asks for the startup taint, since pools that register their nodes with it
// would leave every node to come unschedulable.
import { workloadPolicySchema, type WorkloadPolicy } from '../crds/schema/workload-policy.ts';
import { isStartupTaint } from '../domain/nodes/plan.ts';
import { projectNode } from '../facts/node.ts';
import { parseSpec } from '../facts/parse.ts';
import { createWriter } from '../kube/apply.ts';
import { loadCluster } from '../kube/config.ts';
import { listPages } from '../kube/list.ts';
import type { Log } from '../kube/log.ts';
import { resources } from '../kube/resource.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { removeStartupTaint } from './controllers/nodes/startup-taint.ts';
import { fieldManager } from './status.ts';

/** Rejects where a policy still asks for the startup taint, or where a node could not be written to. */
export const releaseNodes = async (kubeconfig: string | undefined, log: Log, signal: AbortSignal): Promise<void> => {
  const access = await loadCluster({ kubeconfig });
  const transport = createTransport(access, { userAgent: 'workload-protection-release-nodes' });
  try {
    const asking = await policiesAsking(transport, signal);
    if (asking.length > 0) {
      throw new Error(
        `WorkloadPolicy ${asking.join(', ')} still asks for the startup taint: first let the node pools register their nodes without workloadprotection.dev/unprotected, then set spec.nodes.startupTaint.enabled to false`,
      );
    }
    const released = await releaseEach(transport, signal);
    log.info(released, 'nothing of ours is left on any node');
  } finally {
    await transport.close();
  }
};

const policiesAsking = async (transport: Transport, signal: AbortSignal): Promise<readonly string[]> => {
  const names: string[] = [];
  await listPages(
    transport,
    { resource: resources.workloadPolicies },
    (items) => {
      for (const item of items) {
        const parsed = parseSpec<WorkloadPolicy>(workloadPolicySchema, item);
        if (parsed.ok && parsed.value.spec.nodes.startupTaint.enabled) names.push(parsed.value.metadata.name);
      }
    },
    signal,
  );
  return names;
};

const releaseEach = async (
  transport: Transport,
  signal: AbortSignal,
): Promise<{ readonly taints: number; readonly conditions: number }> => {
  const writer = createWriter(transport);
  const released = { taints: 0, conditions: 0 };
  await listPages(
    transport,
    { resource: resources.nodes },
    async (items) => {
      for (const node of items.flatMap((item) => projectNode(item) ?? [])) {
        if (node.taints.some(isStartupTaint) && (await removeStartupTaint(writer, node))) released.taints++;
        if (node.condition === undefined) continue;
        const metadata = { name: node.name, uid: node.uid };
        await writer.applyStatus(resources.nodes, { metadata, status: { conditions: [] } }, { fieldManager, signal });
        released.conditions++;
      }
    },
    signal,
  );
  return released;
};
