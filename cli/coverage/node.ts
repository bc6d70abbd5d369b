// `coverage node X`: one node, whole.
import { resources } from '../../kube/resource.ts';
import { flagsHelp, valuesOf } from '../flags/table.ts';
import { UsageError, type Verb } from '../verb.ts';
import { readAssets } from './asset.ts';
import { detail } from './detail.ts';
import { documentOf, singleFlags } from './single.ts';
import { exitCodeOf } from './exit-code.ts';
import { runSession } from './session.ts';
import { nearestTo } from './suggest.ts';
import { ageOf } from './words.ts';

const help = `Says of one node who protects it, by which policies and rules, since when if that is known, why not, and what to do.

Usage:
  kubectl protection coverage node NAME [flags]

Examples:
  kubectl protection coverage node worker-7
  kubectl protection coverage node worker-7 -o wide     # also every rule by name

Flags:
${flagsHelp(singleFlags)}
`;

export const nodeVerb: Verb = {
  name: 'node',
  summary: 'One node: who protects it, by which rules, why not, what to do.',
  help,
  values: valuesOf(singleFlags),
  run: (args, io) =>
    runSession({ flags: singleFlags, positionals: 1, check: named }, args, io, async (session) => {
      const { given, source, report, format, paint, write, failOn, now } = session;
      const name = (given.positionals[0] ?? '').replace(/^nodes?\//, '');
      const nodes = await readAssets(source, 'Nodes');
      const asset = nodes.find(({ key }) => key === name);
      if (asset === undefined) {
        throw new Error(
          `CoverageReport ${report.metadata.name} holds no node ${name}${nearestTo(
            name,
            nodes.map(({ key }) => key),
          )}`,
        );
      }
      // A report of the past says nothing of the node of today.
      const since = report.spec.snapshotOf === undefined ? await protectedSince(source, name, now) : [];
      write(
        format === 'table' || format === 'wide'
          ? detail(asset, { paint, title: `node ${name}`, wide: format === 'wide', more: since })
          : documentOf(asset, format),
      );
      return exitCodeOf([asset.profile.state], failOn);
    }),
};

const named = ({ positionals }: { readonly positionals: readonly string[] }): void => {
  if (positionals.length === 0) throw new UsageError('say which node: kubectl protection coverage node NAME');
};

interface NodeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
    }[];
  };
}

/** Only the condition that a WorkloadPolicy may ask for remembers since when. */
const protectedSince = async (
  source: Parameters<Parameters<typeof runSession>[3]>[0]['source'],
  name: string,
  now: number,
): Promise<readonly string[]> => {
  const node = (await source.find(resources.nodes, { name })) as NodeObject | undefined;
  const condition = node?.status?.conditions?.find(({ type }) => type === 'WorkloadProtected');
  if (condition?.lastTransitionTime === undefined) return [];
  const { status, lastTransitionTime: since } = condition;
  const words = { True: 'Protected', False: 'Not protected' }[status] ?? 'Unknown';
  return [`${words} for ${ageOf(now - Date.parse(since))}, since ${since} (condition WorkloadProtected).`];
};
