// One corpus, asked twice: as the API server would ask the webhook, whose picture comes from what the operator reports, and as files by
// `check`, whose picture comes from where DaemonSets would run. What passes the one passes the other.
import path from 'node:path';
import { expect, test } from 'vitest';
import { createAgentCatalogue } from '../domain/coverage/agents.ts';
import { drawPicture } from '../domain/placement/picture.ts';
import type { NodeReport } from '../domain/placement/reported-presence.ts';
import { list, object, text } from '../facts/read.ts';
import { createControllerWebhook, createPodWebhook } from '../webhook/placement.ts';
import type { Cluster } from '../webhook/cluster.ts';
import type { Ruling } from '../webhook/review.ts';
import { parseCheckFlags } from './check-flags.ts';
import { check } from './check.ts';
import { readObjects, type FoundObject } from './input/documents.ts';
import { readPaths } from './input/files.ts';
import type { CheckResult } from './judge/result.ts';
import { anIo } from './testing/io.ts';
import { declaredIn } from './world/declared.ts';
import { readyMadeAgents } from './world/ready-made.ts';

const here = path.join(import.meta.dirname, 'testing');
const now = Date.parse('2026-06-01T00:00:00Z');
const io = anIo({ cwd: here, now });

/** By hand, since a verdict that both get wrong would still agree. */
const expected: Readonly<Record<string, string>> = {
  'Deployment edge/gateway': 'Protected',
  'Job edge/gateway-certificates': 'Protected',
  'Deployment data/database-operator': 'Protected',
  'StatefulSet data/orders': 'Partly',
  'CronJob data/orders-backup': 'Protected',
  'Job ml/train': 'Unprotected',
  'DaemonSet logging/log-shipper': 'Partly',
  'Pod tenants/tenant-job': 'Unprotected',
  'Deployment office/intranet': 'Unprotected',
  'ReplicationController lab/old': 'Exempt',
  'ReplicaSet burst/serverless': 'Unprotected',
  'Deployment burst/tomorrow': 'Protected',
  'StatefulSet monitoring/metrics-server': 'Protected',
  'DaemonSet monitoring/node-exporter': 'Partly',
  'Deployment monitoring/dashboards': 'Unprotected',
  'Job monitoring/admission-create': 'Protected',
};

const objectsIn = async (...paths: readonly string[]): Promise<readonly FoundObject[]> =>
  (await readPaths(paths, io)).texts.flatMap((source) => readObjects(source).objects);

const corpus = await objectsIn('corpus');
const declared = declaredIn([...corpus, ...(await objectsIn('world'))], 'default');
const report = await check(
  parseCheckFlags([
    '--filename=corpus',
    '--policies=world/policies.yaml',
    '--nodes=world/nodes.yaml',
    '--agents=world/falco.yaml',
  ]),
  io,
);

/** What the operator would have written: Falco runs where nothing keeps it away. */
const reported: Readonly<Record<string, NodeReport>> = Object.fromEntries(
  ['general-1', 'general-2', 'sandbox-1', 'gpu-1', 'windows-1', 'fargate-1'].map((node) => [
    node,
    {
      agents: /^(?:general|sandbox)/.test(node)
        ? [{ name: 'falco', version: '0.44.1', state: 'Protected', evidence: 'Running' }]
        : [],
      reasons: [],
    },
  ]),
);

const catalogue = createAgentCatalogue(
  readyMadeAgents(),
  declared.daemonSets.map(({ facts }) => facts),
);
const picture = drawPicture(
  {
    nodes: declared.nodes,
    reportOf: (node) => reported[node],
    catalogue,
    policies: declared.policies,
    isStale: false,
  },
  now,
);
const cluster = {
  picture: () => picture,
  namespaceLabels: (name: string) => ({
    ...declared.namespaces.find((each) => each.name === name)?.labels,
    'kubernetes.io/metadata.name': name,
  }),
  runtimeClass: (name: string) => declared.runtimeClasses.find((each) => each.name === name),
} as unknown as Cluster;

const askWebhook = ({ kind, namespace, name }: CheckResult): Ruling => {
  const raw = corpus.find(
    (each) =>
      each.raw.kind === kind &&
      object(each.raw.metadata).name === name &&
      object(each.raw.metadata).namespace === namespace,
  )?.raw;
  const [group = '', version = ''] = text(raw?.apiVersion).includes('/')
    ? text(raw?.apiVersion).split('/')
    : ['', text(raw?.apiVersion)];
  const webhook = kind === 'Pod' ? createPodWebhook(cluster, () => now) : createControllerWebhook(cluster, () => now);
  const ruling = webhook({
    uid: 'u',
    userInfo: { username: 'cleo' },
    kind: { group, version, kind },
    operation: 'CREATE',
    namespace,
    name,
    object: raw,
  });
  if (ruling instanceof Promise) throw new Error('placement is answered at once');
  return ruling;
};

test('every workload of the corpus is judged, and as was written down by hand', () => {
  const found = report.results.map(({ kind, namespace, name, verdict }) => [`${kind} ${namespace}/${name}`, verdict]);
  expect(Object.fromEntries(found)).toEqual(expected);
  expect(list(report.problems)).toEqual([]);
});

test.each(report.results.map((result) => [`${result.kind} ${result.namespace}/${result.name}`, result] as const))(
  'check and webhook agree on %s',
  (_, result) => {
    const ruling = askWebhook(result);
    expect(ruling.verdict).toBe(result.verdict);
    // The webhook says why only where a policy minds.
    const cause = ruling.auditAnnotations?.cause;
    if (cause !== undefined) expect(result.gaps.map((gap) => gap.cause)).toContain(cause);
  },
);
