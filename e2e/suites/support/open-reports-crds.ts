// The OpenReports API as far as it is written here: with every field that a report of ours has, and no room for any other.
import type { Manifest } from '../../fleet/manifest.ts';

const text = { type: 'string' };
const reference = {
  type: 'object',
  properties: { apiVersion: text, kind: text, namespace: text, name: text, uid: text },
};
const outcomes = ['pass', 'fail', 'warn', 'error', 'skip'];

const schema = {
  type: 'object',
  properties: {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' },
    source: text,
    scope: reference,
    summary: {
      type: 'object',
      properties: Object.fromEntries(outcomes.map((outcome) => [outcome, { type: 'integer' }])),
    },
    results: {
      type: 'array',
      items: {
        type: 'object',
        required: ['policy'],
        properties: {
          source: text,
          policy: text,
          rule: text,
          category: text,
          message: text,
          severity: { type: 'string', enum: ['critical', 'high', 'low', 'medium', 'info'] },
          result: { type: 'string', enum: outcomes },
          scored: { type: 'boolean' },
          properties: { type: 'object', additionalProperties: text },
          resources: { type: 'array', items: reference },
        },
      },
    },
  },
};

const definition = (plural: string, kind: string, scope: 'Namespaced' | 'Cluster'): Manifest => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${plural}.openreports.io`,
  },
  spec: {
    group: 'openreports.io',
    scope,
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [{ name: 'v1alpha1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});

export const openReportsDefinitions: readonly Manifest[] = [
  definition('reports', 'Report', 'Namespaced'),
  definition('clusterreports', 'ClusterReport', 'Cluster'),
];
