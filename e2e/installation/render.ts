// The chart as Helm renders it, as objects.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { runTool, type Target } from './target.ts';

export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  readonly namespace: string;
  /** Values files in the order in which Helm lays them over another. */
  readonly values: readonly object[];
}

export const releaseName = 'workload-protection';
export const chart = path.join(import.meta.dirname, '..', '..', 'charts', 'workload-protection');

/** A rendering takes a fifth of a second; the rest is for a machine that is busy. */
const deadlineMs = 60_000;

/** By the real `helm template`, told the version of the cluster, since it would else assume an old one. */
export const renderChart = async (
  target: Target,
  { namespace, values }: RenderOptions,
): Promise<readonly RenderedObject[]> => {
  const folder = path.join(target.directory, 'values');
  await mkdir(folder, { recursive: true });
  const files = await Promise.all(
    values.map(async (layer, index) => {
      const file = path.join(folder, `${index}.json`);
      await writeFile(file, JSON.stringify(layer));
      return file;
    }),
  );
  const text = await runTool(
    target.binaries.helm,
    [
      'template',
      releaseName,
      chart,
      '--namespace',
      namespace,
      '--include-crds',
      '--kube-version',
      target.kubernetesVersion,
      ...files.flatMap((file) => ['--values', file]),
    ],
    { deadlineMs },
  );
  return (loadAll(text) as readonly (RenderedObject | null)[]).filter((object) => object !== null);
};
