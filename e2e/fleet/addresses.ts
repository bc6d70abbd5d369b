// Addresses of nodes and pods, all on loopback, so that simulated agents can answer on the very address that a pod reports.
// 127.0.0.0/8 is divided: a /24 for the pods of each node in the lower part, one address for each node in the upper part.

/** Below it lie 127.0.x.x (the machine's own services) and room for tests that take fixed addresses. */
const firstPodBlock = 16;
const firstNodeBlock = 128;
export const maxAddressedNodes = (firstNodeBlock - firstPodBlock) * 256;

export interface NodeAddresses {
  readonly nodeIp: string;
  readonly podCidr: string;
}

/** `index` counts over all fleets that live on the machine at once: a second fleet starts behind the first. */
export const addressesOf = (index: number): NodeAddresses => {
  if (index < 0 || index >= maxAddressedNodes) {
    throw new Error(`no loopback address is left for node ${index}: at most ${maxAddressedNodes} nodes have one`);
  }
  const high = Math.floor(index / 256);
  const low = index % 256;
  return {
    nodeIp: `127.${firstNodeBlock + high}.${low}.1`,
    podCidr: `127.${firstPodBlock + high}.${low}.0/24`,
  };
};
