import { expect, onTestFinished, test } from 'vitest';
import { createCoverageModel } from '../domain/coverage/model.ts';
import { silentLog } from '../kube/log.ts';
import { resources } from '../kube/resource.ts';
import { eventually } from '../kube/testing/eventually.ts';
import { startFakeKube } from '../kube/testing/fake-kube.ts';
import { createTransport } from '../kube/transport.ts';
import { createOurObjects, createWatches } from './watches.ts';

const { findings, coverageReports, coverageSlices, protectionAgents, workloadPolicies } = resources;
const ofOurs = [findings, coverageReports, coverageSlices, protectionAgents, workloadPolicies];

test('what a leader goes on from is as it stands, however silent the watches have been', async () => {
  const kube = await startFakeKube();
  const transport = createTransport(kube.access, { userAgent: 'test', qps: 10_000, burst: 10_000 });
  const stop = new AbortController();
  const put = (generation: number): void => {
    const spec = { report: 'cluster', assets: 'Nodes', index: 0, of: 1, frozen: false };
    for (const resource of ofOurs) {
      const namespace = resource.namespaced ? { namespace: 'shop' } : {};
      kube.put(resource, { metadata: { name: 'one', ...namespace, labels: { generation: `${generation}` } }, spec });
    }
  };
  put(1);
  const ours = createOurObjects();
  const watches = createWatches(
    {
      transport,
      model: createCoverageModel(),
      touch: () => {},
      leaving: () => {},
      succeeded: () => {},
      log: silentLog,
      metrics: {},
      onMissed: () => {},
    },
    ours,
  );
  const running = watches.map(({ reflector }) => reflector.run(stop.signal));
  onTestFinished(async () => {
    stop.abort();
    await Promise.all(running);
    await transport.close();
    await kube.close();
  });
  await Promise.all(watches.map(({ reflector }) => reflector.synced));
  await eventually('all watch', () => kube.watches === watches.length);
  kube.silenceWatches();
  put(2);

  const caughtUp = watches.flatMap(({ catchUp }) => (catchUp === undefined ? [] : [catchUp(stop.signal)]));
  expect(caughtUp).toHaveLength(ofOurs.length);
  await Promise.all(caughtUp);

  const versions = [ours.findings, ours.reports, ours.agents, ours.policies].flatMap((store) =>
    [...store.list()].map(({ metadata }) => metadata.resourceVersion),
  );
  const held = [...versions, ...[...ours.slices.list()].map(({ resourceVersion }) => resourceVersion)];
  const standing = ofOurs.flatMap(({ group, plural }) =>
    kube.cluster.list(`${group}/${plural}`).map(({ metadata }) => metadata.resourceVersion),
  );
  expect(standing).toHaveLength(ofOurs.length);
  expect(new Set(held)).toEqual(new Set(standing));
});
