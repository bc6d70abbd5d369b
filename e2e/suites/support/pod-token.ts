// A ServiceAccount's token as a kubelet asks for it: bound to a pod, and so to its node.
import type { World } from './world.ts';

export interface BoundPod {
  readonly name: string;
  readonly uid: string;
}

export const podToken = async (world: World, inNamespace: string, { name, uid }: BoundPod): Promise<string> => {
  const path = `/api/v1/namespaces/${inNamespace}/serviceaccounts/default/token`;
  const { status, body } = await world.plane.api.call('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: ['workload-protection'],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  });
  if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
  return (body as { readonly status: { readonly token: string } }).status.token;
};
