// Which workloads are reachable from outside: by a LoadBalancer Service, or a Service behind an Ingress or an HTTPRoute.
import type { ExposureFacts, Labels } from '../types.ts';

/** Namespace → selectors of the Services in it that face outwards. */
export type Exposure = ReadonlyMap<string, readonly Labels[]>;

export const exposureOf = (facts: Iterable<ExposureFacts>): Exposure => {
  const all = [...facts];
  const routed = new Set(all.flatMap(({ services }) => services.map(({ namespace, name }) => `${namespace}/${name}`)));
  const selectors = new Map<string, Labels[]>();
  for (const { kind, namespace, name, loadBalancer, selector } of all) {
    if (kind !== 'Service' || selector === undefined) continue;
    if (!loadBalancer && !routed.has(`${namespace}/${name}`)) continue;
    const known = selectors.get(namespace);
    if (known === undefined) selectors.set(namespace, [selector]);
    else known.push(selector);
  }
  return selectors;
};

export const isExposed = (exposure: Exposure, namespace: string, labels: Labels): boolean =>
  exposure.get(namespace)?.some((selector) => selects(selector, labels)) ?? false;

/** A Service with an empty selector selects nothing by itself. */
const selects = (selector: Labels, labels: Labels): boolean => {
  const entries = Object.entries(selector);
  return entries.length > 0 && entries.every(([key, value]) => labels[key] === value);
};
