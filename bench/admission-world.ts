// What admission is measured over: the picture of a fleet, twenty policies of which five select each pod, and reviews as API servers
// send them.
import { createAgentCatalogue } from '../domain/coverage/agents.ts';
import type { ClusterPicture } from '../domain/placement/answer.ts';
import { drawPicture } from '../domain/placement/picture.ts';
import type { NodeReport } from '../domain/placement/reported-presence.ts';
import { aFalco } from '../domain/testing/agents.ts';
import { aDaemonSet } from '../domain/testing/pods.ts';
import { admitting, aPolicy, labelled, requiring, selecting } from '../domain/testing/policies.ts';
import type { Policy } from '../domain/types.ts';
import { projectNode } from '../facts/node.ts';
import { fleet, isGpu, zones } from './objects.ts';

export const policyCount = 20;
/** What a decision has to read, as the API server's own clients write it. */
const reviewBytes = 2400;
const day = 86_400_000;

export const admissionPicture = (nodes: number, now: number): ClusterPicture => {
  const facts = [...fleet({ nodes, pods: 0, workloads: 0 })].flatMap(({ value }) =>
    (value as { readonly kind: string }).kind === 'Node' ? (projectNode(value) ?? []) : [],
  );
  const index = new Map(facts.map(({ name }, at) => [name, at]));
  return drawPicture(
    {
      nodes: facts,
      reportOf: (name) => reportOn(index.get(name) ?? 0),
      catalogue: createAgentCatalogue([aFalco()], [aDaemonSet()]),
      policies: policies(),
      isStale: false,
    },
    now,
  );
};

const watched: NodeReport = {
  agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }],
  reasons: [],
};
const unwatched: NodeReport = { agents: [], reasons: [] };
const broken: NodeReport = {
  agents: [{ name: 'falco', version: '0.43.0', state: 'Failed', evidence: 'Declared' }],
  reasons: [{ reason: 'AgentNotReady', cause: 'container falco crashes', remedy: 'See its log', agent: 'falco' }],
};

/** The agent does not tolerate the GPU pool, and one node in fifty has it broken. */
const reportOn = (index: number): NodeReport => (isGpu(index) ? unwatched : index % 50 === 0 ? broken : watched);

/** A quarter of them selects the pods of each of four tiers; one of them judges by node, too. */
const policies = (): readonly Policy[] =>
  Array.from({ length: policyCount }, (_, index) =>
    aPolicy({
      name: `policy-${index}`,
      selector: selecting({
        pod: labelled({ tier: `tier-${index % 4}` }),
        ...(index >= 16
          ? { node: labelled({ 'topology.kubernetes.io/zone': `region-1${zones[index % 3] ?? 'a'}` }) }
          : {}),
      }),
      require: requiring({ agents: index % 2 === 0 ? [{ name: 'falco', minVersion: '0.40.0' }] : [] }),
      admission: admitting({
        mode: index % 5 === 0 ? 'Deny' : 'Warn',
        when: index % 3 === 0 ? 'AnyNode' : 'AllNodes',
        kinds: ['Pod'],
      }),
    }),
  );

/** Reviews of new pods, each of a template of its own. */
export const reviews = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => review(index));

const review = (index: number): string => {
  const filled = (padding: number): string => JSON.stringify(reviewOf(index, padding));
  return filled(Math.max(0, reviewBytes - filled(0).length));
};

const reviewOf = (index: number, padding: number): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: `0b4ee8a1-0000-4000-8000-${String(index).padStart(12, '0')}`,
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    requestKind: { group: '', version: 'v1', kind: 'Pod' },
    requestResource: { group: '', version: 'v1', resource: 'pods' },
    namespace: `team-${index % 200}`,
    operation: 'CREATE',
    userInfo: {
      username: 'system:serviceaccount:kube-system:replicaset-controller',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
    },
    object: podOf(index, 'x'.repeat(padding)),
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  },
});

const podOf = (index: number, padding: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    generateName: `app-${index}-5d89fb8c7b-`,
    namespace: `team-${index % 200}`,
    labels: { app: `app-${index}`, tier: `tier-${index % 4}`, 'pod-template-hash': '5d89fb8c7b' },
    annotations: { 'checksum/config': padding },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `app-${index}-5d89fb8c7b`, uid: 'u', controller: true },
    ],
  },
  spec: {
    containers: [
      {
        name: 'main',
        image: `registry.example.com/apps/app-${index}:1.0.0`,
        ports: [{ containerPort: 8080, protocol: 'TCP' }],
        env: [{ name: 'MODE', value: 'production' }],
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        volumeMounts: [
          { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
      },
    ],
    volumes: [{ name: 'kube-api-access', projected: { defaultMode: 420 } }],
    restartPolicy: 'Always',
    serviceAccountName: 'default',
    schedulerName: 'default-scheduler',
    ...(index % 3 === 0 ? { nodeSelector: { pool: 'general' } } : {}),
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ...(index % 10 === 0 ? [{ key: 'dedicated', operator: 'Exists' }] : []),
    ],
  },
  status: {},
});

/** Older than every grace period. */
export const worldNow = Date.parse('2026-01-01T00:00:00Z') + 30 * day;
