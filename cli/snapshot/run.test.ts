import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import { resources } from '../../kube/resource.ts';
import { startFakeKube } from '../../kube/testing/fake-kube.ts';
import { runCli } from '../run.ts';
import { anIo } from '../testing/io.ts';

test('a snapshot that the cluster warns of is taken, and the warning is shown', async () => {
  const kube = await startFakeKube();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'snapshot-'));
  try {
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c' } }],
      clusters: [{ name: 'c', cluster: { server: kube.access.server } }],
    };
    await writeFile(path.join(folder, 'config'), dump(config));
    kube.put(resources.coverageReports, { metadata: { name: 'cluster' }, spec: {} });
    const headers = { warning: '299 - "the report cluster is 3 days old"' };
    kube.inject({ verb: 'create', fault: { answer: 201, headers, body: { metadata: { name: 'before-audit' } } } });
    const io = anIo({ env: { KUBECONFIG: path.join(folder, 'config') } });
    const code = await runCli(['snapshot', '--name', 'before-audit', '--timeout', '0'], io);
    expect([code, io.out(), io.err()]).toEqual([0, 'before-audit\n', 'Warning: the report cluster is 3 days old\n']);
  } finally {
    await kube.close();
    await rm(folder, { recursive: true, force: true });
  }
});
