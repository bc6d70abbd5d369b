// Service, Ingress and HTTPRoute → ExposureFacts: what makes workloads reachable from outside.
import type { ExposureFacts } from '../domain/types.ts';
import { metadataOf } from './metadata.ts';
import { list, object, text, textMap, textOrNone } from './read.ts';

export const projectService = (raw: unknown): ExposureFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { namespace, name } = metadata;
  const { type, selector } = object(object(raw).spec);
  const labels = textMap(selector);
  // An ExternalName ignores its selector, and an empty one selects nothing: its endpoints are written by hand.
  const selects = type !== 'ExternalName' && Object.keys(labels).length > 0;
  return {
    kind: 'Service',
    namespace,
    name,
    loadBalancer: type === 'LoadBalancer',
    selector: selects ? labels : undefined,
    services: [],
  };
};

export const projectIngress = (raw: unknown): ExposureFacts | undefined => {
  const { defaultBackend, rules } = object(object(raw).spec);
  const backends = list(rules).flatMap((rule) =>
    list(object(object(rule).http).paths).map((path) => object(path).backend),
  );
  return behind('Ingress', raw, (namespace) =>
    [defaultBackend, ...backends].map((backend) => ({
      namespace,
      name: text(object(object(backend).service).name),
    })),
  );
};

export const projectHttpRoute = (raw: unknown): ExposureFacts | undefined =>
  behind('HTTPRoute', raw, (own) =>
    list(object(object(raw).spec).rules)
      .flatMap((rule) => list(object(rule).backendRefs))
      .map((item) => {
        const { group, kind, namespace, name } = object(item);
        const isService = text(group) === '' && (kind === undefined || kind === 'Service');
        return { namespace: textOrNone(namespace) ?? own, name: isService ? text(name) : '' };
      }),
  );

type BackingService = ExposureFacts['services'][number];

/** Each Service once; what names none (a bucket, another kind) is left out. */
const behind = (
  kind: 'Ingress' | 'HTTPRoute',
  raw: unknown,
  servicesIn: (namespace: string) => readonly BackingService[],
): ExposureFacts | undefined => {
  const metadata = metadataOf(raw);
  if (metadata === undefined) return undefined;
  const { namespace, name } = metadata;
  const named = servicesIn(namespace).filter((service) => service.name !== '');
  const services = new Map(named.map((service) => [`${service.namespace}/${service.name}`, service]));
  return { kind, namespace, name, loadBalancer: false, selector: undefined, services: [...services.values()] };
};
