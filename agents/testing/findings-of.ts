// What becomes of an event in a small cluster without policies: on node-1 the pod of a Deployment, with two containers.
import { attribute, type PodIdentity } from '../../domain/findings/attribute.ts';
import { classify } from '../../domain/findings/classify.ts';
import type { SecurityEvent } from '../../domain/findings/types.ts';

export const containerId = '3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01';

const pod: PodIdentity = {
  namespace: 'shop',
  name: 'web-6d5f9c7b8d-x2k4p',
  uid: '6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f',
  node: 'node-1',
  createdAt: 0,
  workload: { kind: 'Deployment', name: 'web' },
  containers: [
    { name: 'web', image: 'registry.example.com/shop/web:1.4.2' },
    { name: 'proxy', image: 'registry.example.com/proxy:3' },
  ],
};

/** `shop/Deployment/web/web: CompilerInContainer`, `Node/node-1: a signal`; where it belongs to nobody, why. */
export const findingsOf = (event: SecurityEvent): string => {
  if (event.isInternal === true) return 'of the agent itself';
  const whose = attribute({
    origin: event.origin,
    senderNode: undefined,
    pod: (namespace, name) => (namespace === pod.namespace && name === pod.name ? pod : undefined),
    isNode: (name) => name === 'node-1' || name === 'node-2',
    container: (node, id) =>
      node === 'node-1' && id.length >= 12 && containerId.startsWith(id)
        ? { namespace: pod.namespace, pod: pod.name, container: 'web' }
        : undefined,
  });
  if (whose.kind === 'Refused' || whose.kind === 'Unattributed') return whose.reason;
  const subject =
    whose.kind === 'Node' ? `Node/${whose.node}` : `shop/Deployment/${whose.pod.workload.name}/${whose.container}`;
  const found = classify(event, { podAge: 3_600_000, selecting: [], named: new Set() });
  return `${subject}: ${found.map(({ behaviour }) => behaviour).join(' and ') || 'a signal'}`;
};
