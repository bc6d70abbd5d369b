// What makes some workloads reachable from outside: Services of type LoadBalancer, and Ingresses over ClusterIP Services.
import type { Manifest } from './manifest.ts';
import type { PlannedWorkload } from './workloads.ts';

const httpPort = 80;

export const loadBalancerFor = (workload: PlannedWorkload): readonly Manifest[] => [service(workload, 'LoadBalancer')];

export const ingressFor = (workload: PlannedWorkload): readonly Manifest[] => [
  service(workload, 'ClusterIP'),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: workload.name, namespace: workload.namespace },
    spec: {
      rules: [
        {
          host: `${workload.name}.${workload.namespace}.example.com`,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: workload.name, port: { number: httpPort } } },
              },
            ],
          },
        },
      ],
    },
  },
];

const service = ({ namespace, name }: PlannedWorkload, type: 'LoadBalancer' | 'ClusterIP'): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { type, selector: { app: name }, ports: [{ port: httpPort, targetPort: 8080 }] },
});
