// One finding, made as findings are made: by an event that is posted to the operator.
import { randomBytes } from 'node:crypto';
import type { Cluster } from '../fleet/cluster.ts';
import { waitUntil } from '../fleet/wait.ts';
import type { Kubectl } from '../installation/target.ts';
import { releaseName } from '../installation/render.ts';
import { compilerEvent, postEvent, type CompilerRun } from './compiler-event.ts';
import { shop } from './fleet.ts';

const authorityMap = 'workload-protection-ingest-ca';
const deadlineMs = 60_000;
const tokenBytes = 24;

export const newToken = (): string => randomBytes(tokenBytes).toString('hex');

export interface Where {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  /** `127.0.0.1:port`, where the operator takes events in. */
  readonly address: string;
  readonly token: string;
  readonly signal: AbortSignal;
}

/** Posts the event once; gives the finding as `namespace/name`. */
export const makeFinding = async ({ cluster, kubectl, address, token, signal }: Where): Promise<string> => {
  const wait = { deadlineMs, signal };
  const event = compilerEvent(await compilingPod(cluster), new Date());
  await waitUntil(
    async () => {
      const ca = await authority(kubectl);
      if (ca === '') return 'the operator has not published whom to trust';
      const serverName = `${releaseName}-operator.${releaseName}.svc`;
      return postEvent({ address, serverName, ca, token }, event);
    },
    { what: 'an event that is taken in', ...wait },
  );
  let name = '';
  await waitUntil(
    async () => {
      const found = await kubectl(['get', 'findings', '--namespace', shop.namespace, '--output=name']);
      name = found.trim().split('/').at(-1) ?? '';
      return name === '' ? `there is none in namespace ${shop.namespace}` : undefined;
    },
    { what: 'a finding of that event', ...wait },
  );
  return `${shop.namespace}/${name}`;
};

const authority = (kubectl: Kubectl): Promise<string> =>
  kubectl([
    'get',
    'configmaps',
    authorityMap,
    '--namespace',
    releaseName,
    '--ignore-not-found',
    String.raw`--output=jsonpath={.data.ca\.crt}`,
  ]);

const compilingPod = async (cluster: Cluster): Promise<CompilerRun> => {
  const pods = await cluster.list<PodLike>('v1', 'Pod', {
    namespace: shop.namespace,
    labelSelector: `app=${shop.name}`,
  });
  const [pod] = pods;
  const [container] = pod?.spec.containers ?? [];
  if (pod === undefined || container === undefined)
    throw new Error(`no pod of ${shop.namespace}/${shop.name} runs, of whose compiler an event could tell`);
  return {
    namespace: shop.namespace,
    pod: pod.metadata.name,
    container: container.name,
    image: container.image.replace(/:[^:/]+$/, ''),
    node: pod.spec.nodeName ?? '',
  };
};

interface PodLike {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
}
