// The kinds that we speak of, and the paths that they live at.

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface PathOptions {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** Without a namespace a namespaced kind's path is that of all namespaces, which only reading knows. */
export function pathOf(resource: Resource, { namespace, name, subresource }: PathOptions = {}): string {
  const base = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  if (resource.namespaced && name !== undefined && namespace === undefined) {
    throw new TypeError(`the path of ${resource.kind} ${name} needs a namespace`);
  }
  const within = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${base}${within}/${resource.plural}${one}${subresource === undefined ? '' : `/${subresource}`}`;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `pods`, `daemonsets.apps`: how kubectl, RBAC errors and our metrics name a kind. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

export const resources = {
  nodes: clusterWide('', 'v1', 'nodes', 'Node'),
  pods: namespaced('', 'v1', 'pods', 'Pod'),
  namespaces: clusterWide('', 'v1', 'namespaces', 'Namespace'),
  services: namespaced('', 'v1', 'services', 'Service'),
  configMaps: namespaced('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: namespaced('', 'v1', 'secrets', 'Secret'),
  coreEvents: namespaced('', 'v1', 'events', 'Event'),
  replicationControllers: namespaced('', 'v1', 'replicationcontrollers', 'ReplicationController'),
  daemonSets: namespaced('apps', 'v1', 'daemonsets', 'DaemonSet'),
  deployments: namespaced('apps', 'v1', 'deployments', 'Deployment'),
  statefulSets: namespaced('apps', 'v1', 'statefulsets', 'StatefulSet'),
  replicaSets: namespaced('apps', 'v1', 'replicasets', 'ReplicaSet'),
  jobs: namespaced('batch', 'v1', 'jobs', 'Job'),
  cronJobs: namespaced('batch', 'v1', 'cronjobs', 'CronJob'),
  runtimeClasses: clusterWide('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass'),
  ingresses: namespaced('networking.k8s.io', 'v1', 'ingresses', 'Ingress'),
  httpRoutes: namespaced('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  events: namespaced('events.k8s.io', 'v1', 'events', 'Event'),
  validatingWebhookConfigurations: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
  ),
  mutatingWebhookConfigurations: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ),
  validatingAdmissionPolicies: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
  ),
  validatingAdmissionPolicyBindings: clusterWide(
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
  ),
  clusterRoles: clusterWide('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole'),
  protectionAgents: ours('protectionagents', 'ProtectionAgent'),
  workloadPolicies: ours('workloadpolicies', 'WorkloadPolicy'),
  coverageReports: ours('coveragereports', 'CoverageReport'),
  coverageSlices: ours('coverageslices', 'CoverageSlice'),
  findings: namespaced('workloadprotection.dev', 'v1alpha1', 'findings', 'Finding'),
} as const satisfies Record<string, Resource>;

function ours(plural: string, kind: string): Resource {
  return clusterWide('workloadprotection.dev', 'v1alpha1', plural, kind);
}

function clusterWide(group: string, version: string, plural: string, kind: string): Resource {
  return { group, version, plural, kind, namespaced: false };
}

function namespaced(group: string, version: string, plural: string, kind: string): Resource {
  return { group, version, plural, kind, namespaced: true };
}
