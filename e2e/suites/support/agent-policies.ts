// What agents' own objects declare where their charts make them by default, and one policy such as users of KubeArmor write: by these alone
// is known which rules they have, since none of these agents says so itself.
import type { Manifest } from '../../fleet/manifest.ts';

const definition = (group: string, version: string, kind: string, plural: string, scope: string): Manifest => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope,
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

/** As much of them as is needed to make an object. */
export const policyDefinitions: readonly Manifest[] = [
  definition('kubescape.io', 'v1', 'Rules', 'rules', 'Namespaced'),
  definition('kubescape.io', 'v1', 'RuntimeRuleAlertBinding', 'runtimerulealertbindings', 'Cluster'),
  definition('security.kubearmor.com', 'v1', 'KubeArmorPolicy', 'kubearmorpolicies', 'Namespaced'),
  definition('tracee.aquasec.com', 'v1beta1', 'Policy', 'policies', 'Cluster'),
];

const kubescapeRules = [
  ['R0001', 'Unexpected process launched'],
  ['R1001', 'Drifted process executed'],
  ['R2000', 'Exec to pod'],
] as const;

/** Rules of default installations, and a policy against the package managers of the workload `kubearmor`. */
export const declaredPolicies: readonly Manifest[] = [
  {
    apiVersion: 'kubescape.io/v1',
    kind: 'Rules',
    metadata: { name: 'default-rules', namespace: 'kubescape' },
    spec: { rules: kubescapeRules.map(([id, name]) => ({ id, name, enabled: true, tags: ['process'] })) },
  },
  {
    apiVersion: 'kubescape.io/v1',
    kind: 'RuntimeRuleAlertBinding',
    metadata: { name: 'all-rules-all-pods' },
    spec: {
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
      },
      rules: kubescapeRules.map(([, ruleName]) => ({ ruleName })),
    },
  },
  {
    apiVersion: 'tracee.aquasec.com/v1beta1',
    kind: 'Policy',
    metadata: { name: 'default-policy' },
    spec: { scope: ['global'], rules: [{ event: 'dropped_executable' }, { event: 'docker_abuse' }] },
  },
  {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: 'harden-web-pkg-mngr-exec', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'kubearmor' } },
      process: { matchPaths: ['/usr/bin/apt', '/usr/bin/apt-get', '/sbin/apk'].map((path) => ({ path })) },
      action: 'Block',
      severity: 5,
    },
  },
];
