// `coverage pod NAMESPACE/NAME`: one pod, by its workload and its node, since reports hold those.
import { resources, type Resource } from '../../kube/resource.ts';
import { flagsHelp, valuesOf } from '../flags/table.ts';
import { UsageError, type Verb } from '../verb.ts';
import { readAssets, workloadName } from './asset.ts';
import { agentsOf, detail } from './detail.ts';
import { assetDocument } from './asset-json.ts';
import { exitCodeOf } from './exit-code.ts';
import { runSession } from './session.ts';
import { documentOf, singleFlags } from './single.ts';
import type { CoverageSource } from './source.ts';

const help = `Says of one pod who protects it, by which policies and rules, why not, and what to do: by its workload and its node, since reports hold
those. The pod and its owners are read with your own rights.

Usage:
  kubectl protection coverage pod NAMESPACE/NAME [flags]

Examples:
  kubectl protection coverage pod shop/web-6d4b75cb6d-hx2xz

Flags:
${flagsHelp(singleFlags)}
`;

export const podVerb: Verb = {
  name: 'pod',
  summary: 'One pod, as NAMESPACE/NAME, by its workload and its node.',
  help,
  values: valuesOf(singleFlags),
  run: (args, io) =>
    runSession({ flags: singleFlags, positionals: 1, check: named }, args, io, async (session) => {
      const { given, source, report, format, paint, write, failOn, note } = session;
      const [namespace = '', name = ''] = (given.positionals[0] ?? '').replace(/^pods?\//, '').split('/');
      const pod = (await source.find(resources.pods, { namespace, name })) as OwnedObject | undefined;
      if (pod === undefined) {
        throw new Error(`there is no pod ${namespace}/${name} in ${source.source}, or you may not read it`);
      }
      if (report.spec.snapshotOf !== undefined) {
        note('the pod is of today, and the snapshot of the past: they meet in the names of its workload and node');
      }
      const chain = await ownersOf(source, namespace, pod);
      const keys = new Set(chain);
      const nodeName = pod.spec?.nodeName;
      const assets = await readAssets(source, undefined, ({ kind, key }) =>
        kind === 'Node' ? key === nodeName : keys.has(key),
      );
      const node = assets.find(({ kind }) => kind === 'Node');
      // The top of the chain that the report knows: owners above it are of kinds that nobody watches.
      const workload = chain
        .map((key) => assets.find((asset) => asset.key === key))
        .findLast((asset) => asset !== undefined);
      if (workload === undefined) {
        throw new Error(
          `CoverageReport ${report.metadata.name} holds no workload of pod ${namespace}/${name}: pods that have ended and those outside of the report's scope are left out, and a new one takes some seconds`,
        );
      }
      const top = workloadName(workload.key);
      if (format !== 'table' && format !== 'wide') {
        write(
          documentOf(workload, format, { pod: `${namespace}/${name}`, ...(node && { node: assetDocument(node) }) }),
        );
      } else {
        const where =
          nodeName === undefined
            ? 'No node runs it yet.'
            : node === undefined
              ? `It runs on node ${nodeName}, which the report does not hold.`
              : `It runs on node ${nodeName}: ${node.profile.state}, agents: ${agentsOf(node)}.`;
        const whose =
          top.kind === 'Pod'
            ? 'Nothing owns it, so it is a workload by itself.'
            : `It belongs to ${top.kind} ${top.namespace}/${top.name}, which stands as the worst of its pods; what follows is of that.`;
        const title = `pod ${namespace}/${name}`;
        write(detail(workload, { paint, title, wide: format === 'wide', more: [where, whose] }));
      }
      return exitCodeOf([workload.profile.state], failOn);
    }),
};

const named = ({ positionals: [written] }: { readonly positionals: readonly string[] }): void => {
  if (written?.includes('/') !== true) throw new UsageError('say which pod, as NAMESPACE/NAME');
};

interface OwnedObject {
  readonly metadata: {
    readonly name: string;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec?: { readonly nodeName?: string };
}

/** Kinds in the middle of a chain of owners. */
const owners: Readonly<Record<string, Resource>> = {
  ReplicaSet: resources.replicaSets,
  Job: resources.jobs,
  Deployment: resources.deployments,
  StatefulSet: resources.statefulSets,
  DaemonSet: resources.daemonSets,
};
/** Three in practice; owners may own each other. */
const longestChain = 8;

/** Keys of all that may be its workload, from the pod itself to the top of what can be read. */
const ownersOf = async (
  source: Pick<CoverageSource, 'find'>,
  namespace: string,
  pod: OwnedObject,
): Promise<readonly string[]> => {
  const keys = [`${namespace}/Pod/${pod.metadata.name}`];
  let at: OwnedObject | undefined = pod;
  while (at !== undefined && keys.length < longestChain) {
    const owner: { readonly kind: string; readonly name: string } | undefined = at.metadata.ownerReferences?.find(
      ({ controller }) => controller === true,
    );
    if (owner === undefined) break;
    keys.push(`${namespace}/${owner.kind}/${owner.name}`);
    const resource: Resource | undefined = owners[owner.kind];
    at =
      resource === undefined
        ? undefined
        : ((await source.find(resource, { namespace, name: owner.name })) as OwnedObject | undefined);
  }
  return keys;
};
