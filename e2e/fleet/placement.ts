// Steps with which gaps are made and mended: templates changed, agents' pods replaced on some nodes, and waits until it shows.
import type { Cluster, PatchType } from './cluster.ts';
import { eachOf } from './apply.ts';
import { waitUntil } from './wait.ts';

/** A DaemonSet of an agent, and how its pods are found. */
export interface AgentInstall {
  readonly namespace: string;
  readonly daemonSet: string;
  readonly labelSelector: string;
}

/** Controllers, scheduler and kwok do each step in a second or two; a busy machine may need far more. */
const deadlineMs = 120_000;
const concurrency = 16;

const pathOf = ({ namespace, daemonSet }: AgentInstall): string =>
  `/apis/apps/v1/namespaces/${namespace}/daemonsets/${daemonSet}`;

/** Changes the pod template, and waits until the controller has seen it, so that what is made next is made from it. */
export const changeTemplate = async (
  cluster: Cluster,
  install: AgentInstall,
  template: object,
  type: PatchType = 'merge',
): Promise<void> => {
  const { metadata } = await cluster.patch<DaemonSet>(pathOf(install), { spec: { template } }, type);
  await waitUntil(
    async () => {
      const { status } = await cluster.get<DaemonSet>(pathOf(install));
      return (status?.observedGeneration ?? 0) >= metadata.generation
        ? undefined
        : 'its controller has not seen the change';
    },
    { what: `the new template of DaemonSet ${install.namespace}/${install.daemonSet}`, deadlineMs },
  );
};

/** Deletes the agent's pods on these nodes; its controller makes new ones where it may. */
export const replacePods = async (
  cluster: Cluster,
  install: AgentInstall,
  nodes: ReadonlySet<string>,
): Promise<void> => {
  const old = (await podsOf(cluster, install)).filter((pod) => nodes.has(nodeOf(pod) ?? ''));
  await eachOf(old, concurrency, ({ metadata: { namespace, name } }) =>
    cluster.remove(`/api/v1/namespaces/${namespace}/pods/${name}`, { graceSeconds: 0 }),
  );
  const gone = new Set(old.map(({ metadata }) => metadata.uid));
  await waitUntil(
    async () => {
      const left = (await podsOf(cluster, install)).filter(({ metadata }) => gone.has(metadata.uid));
      return left.length === 0 ? undefined : `${left.length} are still there`;
    },
    { what: `the end of the old pods of ${install.namespace}/${install.daemonSet}`, deadlineMs },
  );
};

/** Replaces the pods on these nodes by ones of a changed template, and gives the template back: a rollout that stopped half-way. */
export const leaveOn = async (
  cluster: Cluster,
  install: AgentInstall,
  nodes: ReadonlySet<string>,
  change: { readonly template: object; readonly back: object; readonly type?: PatchType },
  isThere: (pod: AgentPod) => boolean,
): Promise<void> => {
  await changeTemplate(cluster, install, change.template, change.type);
  await replacePods(cluster, install, nodes);
  await waitForPods(cluster, install, nodes, isThere);
  await changeTemplate(cluster, install, change.back, change.type);
};

/** Each of these nodes has a pod of the agent of which `isThere` holds. */
export const waitForPods = async (
  cluster: Cluster,
  install: AgentInstall,
  nodes: ReadonlySet<string>,
  isThere: (pod: AgentPod) => boolean,
): Promise<void> =>
  waitUntil(
    async () => {
      const seen = new Set((await podsOf(cluster, install)).filter(isThere).map(nodeOf));
      const missing = [...nodes].filter((node) => !seen.has(node));
      return missing.length === 0
        ? undefined
        : `${missing.length} of ${nodes.size} nodes have none, ${missing[0]} for one`;
    },
    { what: `such a pod of ${install.namespace}/${install.daemonSet} on each node`, deadlineMs },
  );

/** None of these nodes has a pod of the agent. */
export const waitForNone = async (cluster: Cluster, install: AgentInstall, nodes: ReadonlySet<string>): Promise<void> =>
  waitUntil(
    async () => {
      const left = (await podsOf(cluster, install)).filter((pod) => nodes.has(nodeOf(pod) ?? ''));
      return left.length === 0 ? undefined : `${left.length} are still there`;
    },
    { what: `nodes without a pod of ${install.namespace}/${install.daemonSet}`, deadlineMs },
  );

export const podsOf = (cluster: Cluster, { namespace, labelSelector }: AgentInstall): Promise<readonly AgentPod[]> =>
  cluster.list<AgentPod>('v1', 'Pod', { namespace, labelSelector });

export const isReady = ({ status }: AgentPod): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export const waitsFor =
  (reason: string) =>
  ({ status }: AgentPod): boolean =>
    status.containerStatuses?.some(({ state }) => state?.waiting?.reason === reason) ?? false;

/** Where it runs, or where its DaemonSet wants it while it is pending. */
export const nodeOf = ({ spec }: AgentPod): string | undefined =>
  spec.nodeName ??
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values[0];

export interface AgentPod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly {
            readonly matchFields?: readonly { readonly values: readonly string[] }[];
          }[];
        };
      };
    };
  };
  readonly status: {
    readonly phase?: string;
    readonly reason?: string;
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[];
  };
}

interface DaemonSet {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly observedGeneration?: number };
}
