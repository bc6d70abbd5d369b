/** The chart as Helm sees it. Helm is taken from where the control plane's programs are kept, else from PATH; it is never built here. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { binaryCache, platformName, presentIn } from '../../e2e/control-plane/binaries/cache.ts';
import { versions } from '../../e2e/control-plane/versions.ts';

export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface Helm {
  /** The text of `helm template`; rejects with what Helm complained of. */
  readonly template: (...settings: readonly string[]) => Promise<string>;
  readonly objects: (...settings: readonly string[]) => Promise<readonly Rendered[]>;
  readonly lint: (...settings: readonly string[]) => Promise<string>;
}

export const chart = path.join(import.meta.dirname, '..', 'workload-protection');
export const releaseNamespace = 'watchers';

/** A rendering takes a fifth of a second; the rest is for a machine that is busy. */
const deadlineMs = 30_000;
const longestOutput = 16 * 1024 * 1024;

/** A few settings as `--set-json` arguments: `{'operator.replicas': 3}`. */
export const set = (values: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** Undefined where there is no Helm. */
export async function findHelm(environment: NodeJS.ProcessEnv = process.env): Promise<Helm | undefined> {
  const cache = binaryCache(environment, platformName(process.platform, process.arch)).folderOf(
    'helm',
    versions.kubernetes,
  );
  for (const folder of [cache, ...(environment['PATH'] ?? '').split(path.delimiter)]) {
    if (folder !== '' && (await presentIn(folder, ['helm'])).has('helm')) return helmAt(path.join(folder, 'helm'));
  }
  return undefined;
}

function helmAt(helm: string): Helm {
  const run = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(helm, args, { timeout: deadlineMs, maxBuffer: longestOutput });
    return stdout;
  };
  const template = async (...settings: readonly string[]): Promise<string> =>
    // Without a cluster to ask, Helm assumes an old one.
    run('template', 'release', chart, '-n', releaseNamespace, '--kube-version', versions.kubernetes, ...settings);
  return {
    template,
    objects: async (...settings) =>
      (loadAll(await template(...settings)) as readonly (Rendered | null)[]).filter((object) => object !== null),
    lint: async (...settings) => run('lint', '--strict', chart, ...settings),
  };
}
