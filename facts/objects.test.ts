// The small projections, one table each.
import { describe, expect, it } from 'vitest';
import { projectConfigMap } from './config-map.ts';
import { projectHttpRoute, projectIngress, projectService } from './exposure.ts';
import { projectNamespace } from './namespace.ts';
import { createOwnerProjection } from './owner.ts';
import { projectRuntimeClass } from './runtime-class.ts';

const metadata = { namespace: 'shop', name: 'checkout' };

describe('projectNamespace', () => {
  it.each([
    ['lives', {}, { phase: 'Active' }, false],
    ['is being deleted', { deletionTimestamp: '2026-05-04T09:00:00Z' }, { phase: 'Terminating' }, true],
    ['says that it ends', {}, { phase: 'Terminating' }, true],
  ])('sees that it %s', (_, more, status, terminating) => {
    const labels = { 'kubernetes.io/metadata.name': 'shop', env: 'production' };
    expect(projectNamespace({ metadata: { name: 'shop', labels, ...more }, status })).toStrictEqual({
      name: 'shop',
      labels,
      terminating,
    });
  });
});

describe('projectRuntimeClass', () => {
  it.each([
    [
      'kata with its own nodes',
      {
        metadata: { name: 'kata' },
        handler: 'kata-qemu',
        overhead: { podFixed: { memory: '160Mi', cpu: '250m' } },
        scheduling: {
          nodeSelector: { 'katacontainers.io/kata-runtime': 'true' },
          tolerations: [{ key: 'kata', operator: 'Exists', effect: 'NoSchedule' }],
        },
      },
      {
        name: 'kata',
        handler: 'kata-qemu',
        nodeSelector: { 'katacontainers.io/kata-runtime': 'true' },
        tolerations: [{ key: 'kata', operator: 'Exists', value: '', effect: 'NoSchedule' }],
      },
    ],
    [
      'gVisor anywhere',
      { metadata: { name: 'gvisor' }, handler: 'runsc' },
      { name: 'gvisor', handler: 'runsc', nodeSelector: {}, tolerations: [] },
    ],
  ])('reads %s', (_, raw, facts) => {
    expect(projectRuntimeClass(raw)).toStrictEqual(facts);
  });
});

describe('createOwnerProjection', () => {
  const labels = { app: 'checkout' };

  it('takes the kind from whoever lists, not from PartialObjectMetadata', () => {
    const raw = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { ...metadata, labels } };
    expect(createOwnerProjection('Deployment')(raw)).toStrictEqual({
      kind: 'Deployment',
      ...metadata,
      owner: undefined,
      labels,
    });
  });

  it('follows the controller alone, and keeps no labels below it', () => {
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'keeper', uid: '1' },
      { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'checkout', uid: '2', controller: true },
    ];
    expect(createOwnerProjection('ReplicaSet')({ metadata: { ...metadata, labels, ownerReferences } })).toStrictEqual({
      kind: 'ReplicaSet',
      ...metadata,
      owner: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'checkout' },
      labels: {},
    });
  });
});

describe('exposure', () => {
  it.each([
    ['a load balancer', { type: 'LoadBalancer', selector: { app: 'a' } }, true, { app: 'a' }],
    ['an internal Service', { type: 'ClusterIP', clusterIP: '10.0.0.1', selector: { app: 'a' } }, false, { app: 'a' }],
    ['a Service with endpoints written by hand', { type: 'LoadBalancer' }, true, undefined],
    ['an empty selector, which selects nothing', { type: 'ClusterIP', selector: {} }, false, undefined],
    ['an alias, whose selector is ignored', { type: 'ExternalName', selector: { app: 'a' } }, false, undefined],
  ])('of a Service: %s', (_, spec, loadBalancer, selector) => {
    const facts = { kind: 'Service', ...metadata, loadBalancer, selector, services: [] };
    expect(projectService({ metadata, spec })).toStrictEqual(facts);
  });

  it('of an Ingress: the Services behind its paths and its default, each once', () => {
    const backend = (name: string) => ({ service: { name, port: { number: 80 } } });
    const path = (name: string) => ({ path: `/${name}`, pathType: 'Prefix', backend: backend(name) });
    const spec = {
      ingressClassName: 'nginx',
      defaultBackend: backend('fallback'),
      rules: [
        { host: 'shop.example.com', http: { paths: [path('web'), path('api')] } },
        { host: 'www.example.com', http: { paths: [path('web')] } },
        { http: { paths: [{ path: '/', backend: { resource: { kind: 'StorageBucket', name: 'icons' } } }] } },
        { host: 'default.example.com' },
      ],
    };
    expect(projectIngress({ metadata, spec })?.services).toEqual([
      { namespace: 'shop', name: 'fallback' },
      { namespace: 'shop', name: 'web' },
      { namespace: 'shop', name: 'api' },
    ]);
  });

  it('of an HTTPRoute: the Services that it refers to, in other namespaces too, and nothing but Services', () => {
    const backendRefs = [
      { name: 'web', port: 80, weight: 90 },
      { group: '', kind: 'Service', namespace: 'canary', name: 'web', port: 80, weight: 10 },
      { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'elsewhere' },
      { kind: 'ServiceImport', name: 'elsewhere' },
    ];
    expect(projectHttpRoute({ metadata, spec: { rules: [{ backendRefs }, { filters: [] }] } })).toStrictEqual({
      kind: 'HTTPRoute',
      ...metadata,
      loadBalancer: false,
      selector: undefined,
      services: [
        { namespace: 'shop', name: 'web' },
        { namespace: 'canary', name: 'web' },
      ],
    });
  });
});

describe('projectConfigMap', () => {
  it('reads the text, under any key that Kubernetes allows', () => {
    const raw: unknown = JSON.parse(
      '{"metadata":{"name":"c","namespace":"n"},"data":{"__proto__":"a","b.yaml":"x: 1"}}',
    );
    const facts = projectConfigMap(raw);
    expect(Object.entries(facts?.data ?? {})).toEqual([
      ['__proto__', 'a'],
      ['b.yaml', 'x: 1'],
    ]);
  });

  it('has no text where there is binary data only', () => {
    expect(projectConfigMap({ metadata, binaryData: { a: 'AAECAw==' } })).toStrictEqual({ ...metadata, data: {} });
  });
});
