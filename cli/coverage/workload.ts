// `coverage workload NAMESPACE/KIND/NAME`: one workload, whole.
import { flagsHelp, valuesOf } from '../flags/table.ts';
import { UsageError, type Verb } from '../verb.ts';
import { readAssets, workloadName, type Asset } from './asset.ts';
import { detail } from './detail.ts';
import { exitCodeOf } from './exit-code.ts';
import { runSession } from './session.ts';
import { documentOf, singleFlags } from './single.ts';
import { nearestTo } from './suggest.ts';
import { workloadsNamed } from './workload-words.ts';

const help = `Says of one workload who protects it, by which policies and rules, why not, and what to do. A workload stands as the worst of its pods.

Usage:
  kubectl protection coverage workload NAMESPACE/KIND/NAME [flags]

Examples:
  kubectl protection coverage workload shop/deployment/web
  kubectl protection coverage workload shop/deploy/web
  kubectl protection coverage workload shop/web          # where one workload has the name

Flags:
${flagsHelp(singleFlags)}
`;

export const workloadVerb: Verb = {
  name: 'workload',
  summary: 'One workload, as NAMESPACE/KIND/NAME: who protects it, why not, what to do.',
  help,
  values: valuesOf(singleFlags),
  run: (args, io) =>
    runSession({ flags: singleFlags, positionals: 1, check: named }, args, io, async (session) => {
      const { given, source, report, format, paint, write, failOn } = session;
      const written = given.positionals[0] ?? '';
      const asset = theOne(written, await readAssets(source, 'Workloads'), report.metadata.name);
      const { namespace, kind, name } = workloadName(asset.key);
      write(
        format === 'table' || format === 'wide'
          ? detail(asset, { paint, title: `${kind} ${namespace}/${name}`, wide: format === 'wide' })
          : documentOf(asset, format),
      );
      return exitCodeOf([asset.profile.state], failOn);
    }),
};

const named = ({ positionals: [written] }: { readonly positionals: readonly string[] }): void => {
  if (written?.includes('/') !== true) {
    throw new UsageError('say which workload, as NAMESPACE/KIND/NAME: shop/deployment/web');
  }
};

const theOne = (written: string, workloads: readonly Asset[], report: string): Asset => {
  const found = workloadsNamed(written, workloads);
  const [first, second] = found;
  if (first === undefined) {
    const keys = workloads.map(({ key }) => key);
    throw new Error(`CoverageReport ${report} holds no workload ${written}${nearestTo(written, keys)}`);
  }
  if (second !== undefined) {
    throw new UsageError(`several workloads have this name: ${found.map(({ key }) => key).join(', ')}`);
  }
  return first;
};
