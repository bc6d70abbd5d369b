// Whatever the API server sends, no projection throws: one odd object must never end a watch.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAgentDefinition } from './agent.ts';
import { projectConfigMap } from './config-map.ts';
import { projectDaemonSet } from './daemon-set.ts';
import { projectHttpRoute, projectIngress, projectService } from './exposure.ts';
import { projectNamespace } from './namespace.ts';
import { projectNode } from './node.ts';
import { createOwnerProjection } from './owner.ts';
import { createPodProjection } from './pod.ts';
import { projectPodShape } from './pod-shape.ts';
import { toPolicy } from './policy.ts';
import { projectRuntimeClass } from './runtime-class.ts';
import { projectScheduling } from './scheduling.ts';

const projections: readonly (readonly [string, (raw: unknown) => unknown])[] = [
  ['projectNode', projectNode],
  ['createPodProjection', createPodProjection()],
  ['projectPodShape', projectPodShape],
  ['projectScheduling', projectScheduling],
  ['projectDaemonSet', projectDaemonSet],
  ['createOwnerProjection', createOwnerProjection('ReplicaSet')],
  ['projectNamespace', projectNamespace],
  ['projectRuntimeClass', projectRuntimeClass],
  ['projectService', projectService],
  ['projectIngress', projectIngress],
  ['projectHttpRoute', projectHttpRoute],
  ['projectConfigMap', projectConfigMap],
  ['toPolicy', toPolicy],
  ['toAgentDefinition', toAgentDefinition],
];

/** Every field that any projection reads, so that damage anywhere in it is damage somewhere that counts. */
const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] };
const container = {
  name: 'a',
  image: 'b:1',
  restartPolicy: 'Always',
  env: [
    { name: 'A', value: 'b' },
    { name: 'C', valueFrom: { configMapKeyRef: { name: 'd' } } },
  ],
  envFrom: [{ configMapRef: { name: 'e' } }],
  resources: { requests: { 'a/b': '1' }, limits: { 'a/b': '1' } },
  securityContext: { privileged: true, windowsOptions: { hostProcess: true } },
};
const containerStatus = {
  name: 'a',
  ready: false,
  state: { waiting: { reason: 'r', message: 'm' }, terminated: { exitCode: 1, reason: 'Error' } },
  lastState: { terminated: { exitCode: 1, reason: 'Error' } },
};
const podSpec = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          {
            matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }],
            matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }],
          },
        ],
      },
    },
  },
  nodeSelector: { a: 'b' },
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }],
  initContainers: [container],
  containers: [container],
  ephemeralContainers: [container],
  os: { name: 'linux' },
  securityContext: { windowsOptions: { hostProcess: true } },
  volumes: [
    { configMap: { name: 'a' }, hostPath: { path: '/' }, projected: { sources: [{ configMap: { name: 'b' } }] } },
  ],
};
const whole = {
  metadata: {
    name: 'a',
    namespace: 'b',
    labels: { a: 'b' },
    creationTimestamp: '2026-05-04T08:15:30Z',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'a', uid: '1', controller: true }],
  },
  spec: {
    ...podSpec,
    template: { metadata: { labels: { a: 'b' } }, spec: podSpec },
    taints: [{ key: 'virtual-kubelet.io/provider', value: 'azure', effect: 'NoSchedule' }],
    type: 'Falco',
    selector: { namespaceSelector: selector, podSelector: selector, nodeSelector: selector },
    defaultBackend: { service: { name: 'a' } },
    rules: [
      { http: { paths: [{ backend: { service: { name: 'a' } } }] }, backendRefs: [{ kind: 'Service', name: 'a' }] },
    ],
    require: { agents: [{ name: 'a' }], policies: [{ name: 'b' }], mitre: [{ tactic: 'TA0002' }] },
    exemptions: [{ selector: { podSelector: selector }, reason: 'long enough', expiresAt: '2027-03-01T00:00:00Z' }],
    pods: { selector, container: { names: ['a'] }, images: ['b'] },
    protection: { anyOf: [{ env: { name: 'A', value: 'b' } }], remedy: 'r' },
  },
  status: {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', message: 'm' },
      { type: 'Ready', status: 'False' },
    ],
    initContainerStatuses: [containerStatus],
    containerStatuses: [containerStatus],
    allocatable: { 'a/b': '1' },
    nodeInfo: { operatingSystem: 'linux' },
  },
  data: { a: 'b' },
  handler: 'kata',
  scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'a' }] },
};

/** The whole object with anything at all in place of some of its parts. */
const damaged = fc
  .array(fc.tuple(fc.array(fc.nat(11), { minLength: 1, maxLength: 9 }), fc.jsonValue()), { minLength: 1, maxLength: 3 })
  .map((damages) => damages.reduce<unknown>((object, [path, part]) => replaced(object, path, part), whole));

/** Each step picks a child by number, so that every path leads somewhere. */
const replaced = (value: unknown, [step, ...rest]: readonly number[], part: unknown): unknown => {
  if (step === undefined || typeof value !== 'object' || value === null) return part;
  const keys = Object.keys(value);
  if (keys.length === 0) return part;
  const at = step % keys.length;
  const children = Object.entries(value).map(([key, child], index): [string, unknown] => [
    key,
    index === at ? replaced(child, rest, part) : child,
  ]);
  return Array.isArray(value) ? children.map(([, child]) => child) : Object.fromEntries(children);
};

describe.each(projections)('%s', (_, project) => {
  it('never throws on arbitrary JSON', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (raw) => void project(raw)));
  });

  it('never throws on an object with odd parts', () => {
    fc.assert(
      fc.property(damaged, (raw) => void project(raw)),
      { numRuns: 500 },
    );
  });
});

describe('our own kinds', () => {
  it('are readable while undamaged, so that the damage is what is tested', () => {
    expect([toPolicy(whole), toAgentDefinition(whole)]).toMatchObject([{ ok: true }, { ok: true }]);
  });
});
