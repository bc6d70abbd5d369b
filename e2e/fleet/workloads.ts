// The workloads of a fleet: every kind of owner chain that a cluster has, some risky, some exposed, some in sandboxes.
import { completesAfterAnnotation } from './behaviour.ts';
import { pinnedTo, type PoolName } from './pools.ts';
import type { Manifest, ObjectRef, StringMap } from './manifest.ts';
import type { Random } from './random.ts';

export interface PlannedWorkload extends ObjectRef {
  /** Where its pods are pinned; undefined: wherever the scheduler likes. */
  readonly pool: PoolName | undefined;
  /** Pods that it will have. */
  readonly pods: number;
  /** What the test applies to have it: the workload, or what hangs from it where its own kind is not served. */
  readonly manifests: readonly Manifest[];
  readonly labels: StringMap;
}

export interface WorkloadRequest {
  readonly namespace: string;
  readonly name: string;
  readonly pods: number;
  readonly shape: WorkloadShape;
  readonly risk?: Risk;
  readonly pool?: PoolName | undefined;
  readonly runtimeClass?: string;
  readonly sidecars?: readonly object[];
  readonly labels?: StringMap;
}

export const workloadShapes = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Pod', 'Rollout'] as const;
export type WorkloadShape = (typeof workloadShapes)[number];

export const risks = ['privileged', 'hostPID', 'hostNetwork', 'hostPath'] as const;
export type Risk = (typeof risks)[number];

export const planWorkload = (request: WorkloadRequest, random: Random): PlannedWorkload => {
  const { namespace, name, shape, pool } = request;
  const labels = { app: name, 'app.kubernetes.io/name': name, ...request.labels };
  const template = { metadata: { labels }, spec: podSpec(request, random) };
  return {
    kind: shape,
    namespace,
    name,
    pool,
    pods: shape === 'CronJob' ? 0 : shape === 'Pod' ? 1 : request.pods,
    labels,
    manifests: [manifestOf(request, template, random)],
  };
};

interface Template {
  readonly metadata: { readonly labels: StringMap };
  readonly spec: Readonly<Record<string, unknown>>;
}

const manifestOf = (request: WorkloadRequest, template: Template, random: Random): Manifest => {
  const { namespace, name, pods: replicas } = request;
  const { labels } = template.metadata;
  const metadata = { name, namespace, labels };
  const selector = { matchLabels: { app: name } };
  const runToEnd = {
    metadata: { labels, annotations: { [completesAfterAnnotation]: '24h' } },
    spec: { ...template.spec, restartPolicy: 'Never' },
  };
  switch (request.shape) {
    case 'Deployment':
      return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, selector, template } };
    case 'StatefulSet': {
      const spec = { replicas, selector, template, serviceName: name, podManagementPolicy: 'Parallel' };
      return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec };
    }
    case 'DaemonSet':
      return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { selector, template } };
    case 'Job': {
      const spec = { parallelism: replicas, completions: replicas, template: runToEnd };
      return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec };
    }
    case 'CronJob': {
      // Once a year: it is there to be seen, not to run during a test.
      const spec = { schedule: '0 3 1 1 *', jobTemplate: { spec: { template: runToEnd } } };
      return { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec };
    }
    case 'Pod':
      return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec };
    case 'Rollout': {
      // The Rollout itself is of a kind that this API server does not serve; its ReplicaSet is what can be seen.
      const uid = `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`;
      const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true };
      return {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { ...metadata, name: `${name}-${random.hex(9)}`, ownerReferences: [owner] },
        spec: { replicas, selector, template },
      };
    }
  }
};

const podSpec = (request: WorkloadRequest, random: Random): Readonly<Record<string, unknown>> => {
  const { name, risk, runtimeClass, sidecars = [], pool } = request;
  const main = {
    name: 'app',
    image: `registry.example.com/${request.namespace}/${name}:1.${random.between(0, 30)}.${random.between(0, 9)}`,
    // Small, so that where pods land is decided by labels and taints and not by what is left on a node.
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
    ...(risk === 'privileged' ? { securityContext: { privileged: true } } : {}),
  };
  return {
    containers: [main, ...sidecars],
    // A pretended kubelet lets nothing linger.
    terminationGracePeriodSeconds: 1,
    ...(risk === 'hostPID' ? { hostPID: true } : {}),
    ...(risk === 'hostNetwork' ? { hostNetwork: true } : {}),
    ...(risk === 'hostPath' ? { volumes: [{ name: 'host', hostPath: { path: '/var/log' } }] } : {}),
    ...(runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass }),
    ...(pool === undefined ? {} : pinnedTo(pool)),
  };
};
