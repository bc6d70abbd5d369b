// A fleet at the edge of what Kubernetes supports, as the objects that a real one would have: pods of about six kilobytes with
// managedFields, as kubelets leave them.
import { createHash } from 'node:crypto';

export interface FleetSize {
  readonly nodes: number;
  readonly pods: number;
  readonly workloads: number;
}

export interface StoredObject {
  /** Below `/registry/`. */
  readonly key: string;
  readonly value: unknown;
}

export const zones = ['a', 'b', 'c'] as const;
const pools = ['general', 'memory', 'arm', 'gpu', 'spot'] as const;
const createdAt = '2026-01-01T00:00:00Z';
const namespaces = 200;

const uid = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const metadata = (name: string, namespace: string | undefined, more: object): object => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: uid(`${namespace ?? ''}/${name}`),
  creationTimestamp: createdAt,
  ...more,
});

export const nodeName = (index: number): string => `node-${String(index).padStart(4, '0')}`;

/** One node in ten is of the GPU pool and tainted, so that it lacks the agent. */
export const isGpu = (index: number): boolean => index % 10 === 9;

export function* fleet({ nodes, pods, workloads }: FleetSize): Generator<StoredObject> {
  for (let index = 0; index < namespaces; index++) yield namespaceObject(index);
  for (let index = 0; index < nodes; index++) yield nodeObject(index);
  yield daemonSetObject();
  for (let index = 0; index < workloads; index++) {
    yield deploymentObject(index);
    yield replicaSetObject(index);
  }
  let made = 0;
  for (let index = 0; index < nodes; index++) {
    if (isGpu(index)) continue;
    yield agentPod(index);
    made++;
  }
  for (let index = 0; made < pods; index++, made++) yield workloadPod(index, index % workloads, index % nodes);
}

const namespaceName = (index: number): string => `team-${String(index).padStart(3, '0')}`;

const namespaceObject = (index: number): StoredObject => {
  const name = namespaceName(index);
  const labels = {
    'kubernetes.io/metadata.name': name,
    team: `team-${index % 40}`,
    env: index % 3 === 0 ? 'staging' : 'production',
  };
  return {
    key: `namespaces/${name}`,
    value: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: metadata(name, undefined, { labels }),
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    },
  };
};

const nodeObject = (index: number): StoredObject => {
  const name = nodeName(index);
  const pool = isGpu(index) ? 'gpu' : (pools[index % 4] ?? 'general');
  return {
    key: `minions/${name}`,
    value: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: metadata(name, undefined, {
        labels: {
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': pool === 'arm' ? 'arm64' : 'amd64',
          'topology.kubernetes.io/zone': `region-1${zones[index % zones.length] ?? 'a'}`,
          'node.kubernetes.io/instance-type': 'm5.4xlarge',
          pool,
        },
        managedFields: managedFields('kubelet', 20),
      }),
      spec: {
        providerID: `aws:///region-1a/i-${uid(name).slice(0, 8)}`,
        ...(isGpu(index) ? { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] } : {}),
      },
      status: {
        capacity: { cpu: '16', memory: '65Gi', pods: '110' },
        allocatable: { cpu: '15', memory: '60Gi', pods: '110', ...(isGpu(index) ? { 'nvidia.com/gpu': '4' } : {}) },
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: createdAt }],
        nodeInfo: {
          architecture: pool === 'arm' ? 'arm64' : 'amd64',
          operatingSystem: 'linux',
          kernelVersion: '6.1.100',
          osImage: 'Bottlerocket OS 1.20',
          kubeletVersion: 'v1.36.3',
          containerRuntimeVersion: 'containerd://2.1.0',
        },
      },
    },
  };
};

const agentLabels = { 'app.kubernetes.io/name': 'falco', 'app.kubernetes.io/instance': 'falco' };
const agentNamespace = namespaceName(0);
const agentImage = 'docker.io/falcosecurity/falco:0.44.1';

const daemonSetObject = (): StoredObject => ({
  key: `daemonsets/${agentNamespace}/falco`,
  value: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata('falco', agentNamespace, { labels: agentLabels, generation: 1 }),
    spec: {
      selector: { matchLabels: agentLabels },
      template: { metadata: { labels: agentLabels }, spec: { containers: [{ name: 'falco', image: agentImage }] } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  },
});

const workloadName = (index: number): string => `service-${String(index).padStart(5, '0')}`;
const workloadNamespace = (index: number): string => namespaceName(index % namespaces);

const template = (index: number): object => ({
  metadata: { labels: { app: workloadName(index), tier: index % 2 === 0 ? 'web' : 'worker' } },
  spec: { containers: [{ name: 'main', image: `registry.example.com/apps/${workloadName(index)}:1.${index % 50}.0` }] },
});

const deploymentObject = (index: number): StoredObject => {
  const [name, namespace] = [workloadName(index), workloadNamespace(index)];
  return {
    key: `deployments/${namespace}/${name}`,
    value: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(name, namespace, { labels: { app: name }, generation: 1 }),
      spec: {
        replicas: 15,
        selector: { matchLabels: { app: name } },
        template: template(index),
        strategy: { type: 'Recreate' },
      },
      status: { observedGeneration: 1, replicas: 15, readyReplicas: 15 },
    },
  };
};

const replicaSetName = (index: number): string => `${workloadName(index)}-${uid(`rs-${index}`).slice(0, 8)}`;

const ownedBy = (apiVersion: string, kind: string, namespace: string, name: string): object => ({
  ownerReferences: [
    { apiVersion, kind, name, uid: uid(`${namespace}/${name}`), controller: true, blockOwnerDeletion: true },
  ],
});

const replicaSetObject = (index: number): StoredObject => {
  const [name, namespace] = [replicaSetName(index), workloadNamespace(index)];
  return {
    key: `replicasets/${namespace}/${name}`,
    value: {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: metadata(name, namespace, {
        labels: { app: workloadName(index) },
        generation: 1,
        ...ownedBy('apps/v1', 'Deployment', namespace, workloadName(index)),
      }),
      spec: { replicas: 15, selector: { matchLabels: { app: workloadName(index) } }, template: template(index) },
      status: { replicas: 15, readyReplicas: 15 },
    },
  };
};

const agentPod = (node: number): StoredObject =>
  pod(`falco-${String(node).padStart(4, '0')}`, agentNamespace, nodeName(node), {
    labels: agentLabels,
    owner: ownedBy('apps/v1', 'DaemonSet', agentNamespace, 'falco'),
    container: 'falco',
    image: agentImage,
  });

const workloadPod = (index: number, workload: number, node: number): StoredObject =>
  pod(`${replicaSetName(workload)}-${String(index).padStart(6, '0')}`, workloadNamespace(workload), nodeName(node), {
    labels: {
      app: workloadName(workload),
      tier: workload % 2 === 0 ? 'web' : 'worker',
      'pod-template-hash': 'abc12345',
    },
    owner: ownedBy('apps/v1', 'ReplicaSet', workloadNamespace(workload), replicaSetName(workload)),
    container: 'main',
    image: `registry.example.com/apps/${workloadName(workload)}:1.${workload % 50}.0`,
  });

interface PodOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: object;
  readonly container: string;
  readonly image: string;
}

/** What kubelet and API server add to a plain pod: environment, probes, volumes, statuses, managedFields. */
const pod = (
  name: string,
  namespace: string,
  node: string,
  { labels, owner, container, image }: PodOptions,
): StoredObject => ({
  key: `pods/${namespace}/${name}`,
  value: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(name, namespace, {
      generateName: name.slice(0, -6),
      labels,
      annotations: { 'prometheus.io/scrape': 'true', 'checksum/config': uid(`config-${container}`) },
      ...owner,
      managedFields: [...managedFields('kube-controller-manager', 30), ...managedFields('kubelet', 30)],
    }),
    spec: {
      nodeName: node,
      serviceAccountName: 'default',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      securityContext: {},
      containers: [
        {
          name: container,
          image,
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          env: Array.from({ length: 12 }, (_, index) => ({
            name: `SETTING_${index}`,
            value: `value-of-setting-${index}-of-${container}`,
          })),
          volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
          readinessProbe: {
            httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
        },
      ],
      volumes: [
        { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }], defaultMode: 420 } },
      ],
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    },
    status: {
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: '10.1.0.1',
      startTime: createdAt,
      conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
        (type) => ({
          type,
          status: 'True',
          lastTransitionTime: createdAt,
        }),
      ),
      containerStatuses: [
        {
          name: container,
          ready: true,
          started: true,
          restartCount: 0,
          image,
          imageID: `${image}@sha256:${createHash('sha256').update(image).digest('hex')}`,
          containerID: `containerd://${createHash('sha256').update(name).digest('hex')}`,
          state: { running: { startedAt: createdAt } },
        },
      ],
      qosClass: 'Burstable',
    },
  },
});

/** As bulky as the real thing, where they are half of an object. */
const managedFields = (manager: string, fields: number): readonly object[] => [
  {
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: createdAt,
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:spec': Object.fromEntries(
        Array.from({ length: fields }, (_, index) => [`f:someFieldOfTheObject${index}`, { '.': {}, 'f:nested': {} }]),
      ),
    },
  },
];
