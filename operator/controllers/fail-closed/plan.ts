// The second ValidatingWebhookConfiguration, for namespaces that would rather have no pod than one that nobody judged. It is made from what
// the first one holds of pods, the authority included, and so follows every change and rotation of it.
import { list, object, text } from '../../../facts/read.ts';
import type { Applied } from '../../../kube/apply.ts';

/** The configuration that the chart renders. */
export const sourceName = 'workload-protection';
const sourceEntry = 'pods.workloadprotection.dev';
export const failClosedName = 'workload-protection-fail-closed';
/** Namespaces opt in by it. */
const failClosedLabel = 'workloadprotection.dev/fail-closed';
/** The ClusterRole that lets the operator do all this. Owned by it, the configuration goes when the chart takes it away. */
export const ownerName = 'workload-protection-fail-closed';

export type FailurePolicy = 'Fail' | 'Ignore';

export interface Configuration {
  readonly name: string;
  readonly uid: string;
  /** As the API server gives them. */
  readonly webhooks: readonly Readonly<Record<string, unknown>>[];
}

export const readConfiguration = (raw: unknown): Configuration | undefined => {
  const { metadata, webhooks } = object(raw);
  const { name, uid } = object(metadata);
  return text(name) === '' ? undefined : { name: text(name), uid: text(uid), webhooks: list(webhooks).map(object) };
};

/** Where API servers call, and whom they trust there. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly authorities: string;
}

const httpsPort = 443;

/** Undefined where there is no entry for pods: then there is nothing to fail closed with. */
export const targetOf = (source: Configuration): Target | undefined => {
  const entry = podsEntry(source);
  if (entry === undefined) return undefined;
  const { url, service, caBundle } = object(entry['clientConfig']);
  const authorities = Buffer.from(text(caBundle), 'base64').toString('utf8');
  if (typeof url === 'string') {
    const { hostname, port } = new URL(url);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || httpsPort), authorities };
  }
  const { namespace, name, port } = object(service);
  return { host: `${text(name)}.${text(namespace)}.svc`, port: Number(port ?? httpsPort), authorities };
};

/** The entry that the second configuration has. */
export const failClosedEntry = (
  source: Configuration,
  failurePolicy: FailurePolicy,
): Readonly<Record<string, unknown>> | undefined => {
  const entry = podsEntry(source);
  if (entry === undefined) return undefined;
  const { url, service, ...trust } = object(entry['clientConfig']);
  const strict = '/fail-closed';
  return {
    ...entry,
    name: `fail-closed.${sourceEntry}`,
    failurePolicy,
    clientConfig:
      typeof url === 'string'
        ? { url: `${url}${strict}`, ...trust }
        : { service: { ...object(service), path: `${text(object(service)['path'])}${strict}` }, ...trust },
    // What is left out there is left out here, the label notwithstanding: the cluster's own namespaces, and ours.
    namespaceSelector: { ...object(entry['namespaceSelector']), matchLabels: { [failClosedLabel]: 'true' } },
  };
};

export const failClosedObject = (entry: Readonly<Record<string, unknown>>, ownerUid: string): Applied => ({
  metadata: {
    name: failClosedName,
    labels: { 'app.kubernetes.io/part-of': 'workload-protection', 'app.kubernetes.io/component': 'operator' },
    ownerReferences: [
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: ownerName, uid: ownerUid },
    ],
  },
  webhooks: [entry],
});

export const policyOf = (configuration: Configuration | undefined): FailurePolicy | undefined => {
  const policy = configuration?.webhooks[0]?.['failurePolicy'];
  return policy === 'Fail' || policy === 'Ignore' ? policy : undefined;
};

const podsEntry = ({ webhooks }: Configuration): Readonly<Record<string, unknown>> | undefined =>
  webhooks.find(({ name }) => name === sourceEntry);
