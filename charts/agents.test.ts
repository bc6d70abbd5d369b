/** The ready-made ProtectionAgents and the samples: valid, with no field that the API would drop, and each recognises its own product alone. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { kinds } from '../crds/kinds.ts';
import { recognise } from '../domain/agent-recognition.ts';
import * as fleet from '../e2e/fleet/agents.ts';
import type { Manifest } from '../e2e/fleet/manifest.ts';
import { toAgentDefinition } from '../facts/agent.ts';
import { projectDaemonSet } from '../facts/daemon-set.ts';

const root = path.join(import.meta.dirname, '..');
const agentFolder = path.join('charts', 'workload-protection', 'files', 'agents');
const sampleFolder = path.join('config', 'samples');

const yamlIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(path.join(root, folder)))
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .map((file) => path.join(folder, file));
const read = async (file: string): Promise<unknown> => load(await readFile(path.join(root, file), 'utf8'));

const agentFiles = await yamlIn(agentFolder);
const sampleFiles = await yamlIn(sampleFolder);
const agents = await Promise.all(
  agentFiles.map(async (file) => {
    const parsed = toAgentDefinition(await read(file));
    if (!parsed.ok) throw new Error(`${file} is no valid ProtectionAgent: ${JSON.stringify(parsed)}`);
    return parsed.value;
  }),
);

/** The agents that recognise the DaemonSet among the manifests by its template, with the version that they read off it. */
const recognised = (manifests: readonly Manifest[]): readonly string[] => {
  const daemonSet = projectDaemonSet(manifests.find(({ kind }) => kind === 'DaemonSet'))!;
  return agents.flatMap(({ name, pods }) => {
    const container = recognise(pods, daemonSet.podLabels, daemonSet.containers);
    return container === undefined ? [] : [`${name} ${container.version ?? 'without version'}`];
  });
};

describe('the ready-made agents and the samples', () => {
  it.each([...agentFiles, ...sampleFiles])('%s is valid and says nothing that the API does not know', async (file) => {
    const object = await read(file);
    const table = kinds.find(({ kind }) => kind === (object as { kind?: unknown }).kind);
    // What the schema does not know it drops, so that what was written is then missing from what comes out.
    expect(table!.schema.parse(object)).toMatchObject(object as object);
  });

  it('have a sample of each kind', async () => {
    const sampled = await Promise.all(sampleFiles.map(async (file) => ((await read(file)) as { kind: string }).kind));
    expect(sampled.toSorted()).toEqual(kinds.map(({ kind }) => kind).toSorted());
  });

  it.each([agentFolder, sampleFolder])('%s is listed whole for kustomize', async (folder) => {
    const { resources } = (await read(path.join(folder, 'kustomization.yaml'))) as {
      readonly resources: readonly string[];
    };
    // Only the operator writes CoverageSlices: the sample is there to be read.
    const files = (await yamlIn(folder))
      .map((file) => path.basename(file))
      .filter((file) => file !== 'coverage-slice.yaml');
    expect(resources.toSorted()).toEqual(files.toSorted());
  });

  it('lists every CRD of the chart for kustomize', async () => {
    const folder = path.join('charts', 'workload-protection', 'crds');
    const { resources } = (await read(path.join(folder, 'kustomization.yaml'))) as {
      readonly resources: readonly string[];
    };
    expect(resources.toSorted()).toEqual((await yamlIn(folder)).map((file) => path.basename(file)).toSorted());
  });
});

describe('recognition', () => {
  const overridden = { 'app.kubernetes.io/name': 'sensor', 'app.kubernetes.io/component': undefined };

  it.each<readonly [string, readonly Manifest[], string]>([
    ['Falco by its chart', fleet.falco(), 'falco 0.44.1'],
    ['Falco with nameOverride', fleet.falco({ nameOverride: 'sensor' }), 'falco 0.44.1'],
    ['Falco by its operator', fleet.falcoByOperator(), 'falco 0.44.1'],
    ['Falco from a mirror', fleet.falco({ image: 'mirror.example.com:5000/hub/falcosecurity/falco' }), 'falco 0.44.1'],
    ['Falco from a renamed image', fleet.falco({ image: 'mirror.example.com/sensor' }), 'falco 0.44.1'],
    ['Tetragon', fleet.tetragon(), 'tetragon v1.7.0'],
    ['Tetragon with labels overridden', fleet.tetragon({ labelsOverride: overridden }), 'tetragon v1.7.0'],
    ['Datadog by its chart', fleet.datadogByHelm({ cws: true }), 'datadog 7.81.1'],
    ['Datadog by its chart, with protection off', fleet.datadogByHelm(), 'datadog 7.81.1'],
    ['Datadog by its operator', fleet.datadogByOperator({ cws: true }), 'datadog 7.81.1'],
    ['Datadog from another registry', fleet.datadogByHelm({ image: 'public.ecr.aws/datadog/agent' }), 'datadog 7.81.1'],
    ['KubeArmor by its chart', fleet.kubeArmor(), 'kubearmor v1.7.4'],
    ['KubeArmor by its operator', fleet.kubeArmorByOperator(), 'kubearmor v1.7.4'],
    ['Kubescape', fleet.kubescapeNodeAgent(), 'kubescape v0.3.158'],
    ['Tracee', fleet.tracee(), 'tracee 0.24.1'],
    ["Sysdig's classic agent", fleet.sysdigAgent(), 'sysdig 14.7.4'],
    ["Sysdig's host shield", fleet.sysdigHostShield(), 'sysdig-shield 0.19.0'],
  ])('takes %s for what it is and for nothing else', (_, manifests, expected) => {
    expect(recognised(manifests)).toEqual([expected]);
  });

  it('trusts a label alone in nobody', () => {
    const manifests = fleet.falco({ image: 'registry.example.com/shop/frontend' });
    const renamed = JSON.parse(
      JSON.stringify(manifests).replaceAll('"name":"falco"', '"name":"frontend"'),
    ) as typeof manifests;
    expect(recognised(renamed)).toEqual([]);
  });

  it('knows from which version on Datadog and Falco count as current, and judges no other by its version', () => {
    expect(
      agents.filter(({ minVersion }) => minVersion !== undefined).map(({ name, minVersion }) => [name, minVersion]),
    ).toEqual([
      ['datadog', '7.65.0'],
      ['falco', '0.41.0'],
    ]);
  });
});
