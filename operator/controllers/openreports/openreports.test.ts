import { describe, expect, test } from 'vitest';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aPod } from '../../../domain/testing/pods.ts';
import { KubeError } from '../../../kube/errors.ts';
import { silentLog } from '../../../kube/log.ts';
import type { Transport } from '../../../kube/transport.ts';
import { createRecordingWriter } from '../../testing/recording-writer.ts';
import { createOpenReportKeeper } from './keep.ts';
import { ofNodes, planOpenReports } from './plan.ts';

/** Without grace: what is missing is missing at once. */
const long = 3_600_000;

const aFleet = (nodes: number, namespaces: readonly string[]) => {
  const model = createCoverageModel();
  for (let index = 0; index < nodes; index++) model.upsertNode(aNode({ name: `node-${index}`, createdAt: 0 }));
  for (const namespace of namespaces) model.upsertPod(aPod({ namespace, name: 'web', node: 'node-0' }));
  model.evaluate(long);
  return model;
};

describe('the plan', () => {
  test('has a report on each namespace that is wanted and has workloads, and on nodes', () => {
    const { tally } = aFleet(2, ['shop', 'bank']);
    const reports = planOpenReports(tally, new Set([ofNodes, 'shop', 'empty']));
    expect([...reports.keys()].toSorted()).toEqual([ofNodes, 'shop']);
    expect(reports.get('shop')).toMatchObject({
      scope: { kind: 'Namespace', name: 'shop' },
      summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 },
      results: [
        {
          source: 'workload-protection',
          policy: 'baseline',
          rule: 'AgentMissing',
          result: 'fail',
          resources: [{ kind: 'Pod', namespace: 'shop', name: 'web' }],
        },
      ],
    });
    expect(reports.get(ofNodes)).toMatchObject({ summary: { fail: 2 } });
  });

  test('lists so many at most, and counts all', () => {
    const report = planOpenReports(aFleet(1000, []).tally, new Set([ofNodes])).get(ofNodes);
    expect(report?.results).toHaveLength(250);
    expect(report?.summary.fail).toBe(1000);
    // Etcd takes 1.5 MB.
    expect(JSON.stringify(report).length).toBeLessThan(600_000);
  });
});

interface Cluster {
  readonly apis: readonly string[];
  readonly held?: readonly { readonly namespace?: string; readonly content: string }[];
}

/** Answers what the keeper reads: which APIs there are, what an earlier leader wrote, and the role that owns it. */
const transportOf = ({ apis, held = [] }: Cluster): Transport => {
  const answer = (path: string): unknown => {
    if (path.includes('/clusterroles/')) return { metadata: { uid: 'uid-of-role' } };
    const [, , group = '', version, plural] = path.split('/');
    if (!apis.includes(`${group}/${version}`)) {
      throw new KubeError({ code: 404, reason: 'NotFound', message: 'no such API', request: path });
    }
    if (plural === undefined) return { resources: [{ name: 'reports' }, { name: 'policyreports' }] };
    const isClusterWide = plural.startsWith('cluster');
    return {
      items: held
        .filter(({ namespace }) => (namespace === undefined) === isClusterWide)
        .map(({ namespace, content }) => ({
          metadata: {
            name: 'workload-protection',
            namespace,
            annotations: { 'workloadprotection.dev/content': content },
          },
        })),
    };
  };
  return { request: async ({ path }: { readonly path: string }) => answer(path) } as unknown as Transport;
};

const setUp = (cluster: Cluster, model = aFleet(1, ['shop'])) => {
  const writer = createRecordingWriter();
  let now = 0;
  const keeper = createOpenReportKeeper({
    model,
    transport: transportOf(cluster),
    writer,
    enqueue: () => {},
    now: () => now,
    onWrite: () => {},
    log: silentLog,
  });
  const written = (): readonly string[] =>
    writer.writes
      .splice(0)
      .map(({ verb, kind, object }) => `${verb} ${kind} ${object?.metadata.namespace ?? ''}`.trimEnd());
  return { model, writer, keeper, written, pass: (ms: number) => (now += ms) };
};

const openReports = ['openreports.io/v1alpha1'];

describe('the keeper', () => {
  test('writes one report for each namespace and one for nodes, owned by the role that lets it', async () => {
    const { keeper, writer, written } = setUp({ apis: openReports });
    await keeper.reconcile();
    for (const { object } of writer.writes) {
      expect(object?.metadata.ownerReferences).toMatchObject([{ kind: 'ClusterRole', uid: 'uid-of-role' }]);
    }
    expect(written().toSorted()).toEqual(['apply ClusterReport', 'apply Report shop']);
  });

  test('writes nothing that stands there already, and nothing twice', async () => {
    const first = setUp({ apis: openReports });
    await first.keeper.reconcile();
    const held = first.writer.writes.map(({ object }) => ({
      ...(object?.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      content: object?.metadata.annotations?.['workloadprotection.dev/content'] ?? '',
    }));
    const next = setUp({ apis: openReports, held });
    await next.keeper.reconcile();
    next.keeper.changed(['node-0'], ['shop/Pod/web']);
    next.pass(10_000);
    await next.keeper.reconcile();
    expect(next.written()).toEqual([]);
  });

  test('takes the older API where only that is installed, and the newer one where both are', async () => {
    const old = setUp({ apis: ['wgpolicyk8s.io/v1alpha2'] });
    await old.keeper.reconcile();
    expect(old.written().toSorted()).toEqual(['apply ClusterPolicyReport', 'apply PolicyReport shop']);
    const both = setUp({ apis: ['wgpolicyk8s.io/v1alpha2', ...openReports] });
    await both.keeper.reconcile();
    expect(both.written().toSorted()).toEqual(['apply ClusterReport', 'apply Report shop']);
  });

  test('waits where there is neither', async () => {
    const { keeper, written } = setUp({ apis: [] });
    expect(await keeper.reconcile()).toEqual({ requeueAfterMs: 600_000 });
    expect(written()).toEqual([]);
  });

  test('deletes what an earlier leader wrote of a namespace that has no workloads any more', async () => {
    const { keeper, written } = setUp({ apis: openReports, held: [{ namespace: 'gone', content: 'x' }] });
    await keeper.reconcile();
    expect(written()).toContain('delete Report');
  });

  test('writes at most every ten seconds, and what could not be written later', async () => {
    const { model, keeper, writer, written, pass } = setUp({ apis: openReports });
    writer.failNext(new Error('etcd is full'));
    await expect(keeper.reconcile()).rejects.toThrow('etcd is full');
    expect(await keeper.reconcile()).toEqual({ requeueAfterMs: 10_000 });
    pass(10_000);
    await keeper.reconcile();
    expect(written()).toHaveLength(2);
    model.removePod('shop', 'web');
    const { nodes, workloads } = model.evaluate(long);
    keeper.changed(nodes, workloads);
    pass(10_000);
    await keeper.reconcile();
    expect(written()).toEqual(['delete Report']);
  });

  test('writes again what somebody deleted, and takes up an API that came later', async () => {
    const { keeper, written, pass } = setUp({ apis: openReports });
    expect(await keeper.reconcile()).toEqual({ requeueAfterMs: 600_000 });
    expect(written()).toHaveLength(2);
    pass(60_000);
    await keeper.reconcile();
    expect(written()).toEqual([]);
    // The cluster still says that there are none.
    pass(600_000);
    await keeper.reconcile();
    expect(written()).toHaveLength(2);
  });

  test('goes on where a namespace is about to go', async () => {
    const { keeper, writer, written } = setUp({ apis: openReports }, aFleet(1, ['bank', 'shop']));
    const causes = [{ reason: 'NamespaceTerminating' }];
    writer.failNext(new KubeError({ code: 403, reason: 'Forbidden', message: 'going', request: '', causes }));
    await keeper.reconcile();
    expect(written()).toHaveLength(2);
  });
});
