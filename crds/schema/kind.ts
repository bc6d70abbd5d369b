/** What every kind has in common: the envelope of a Kubernetes object, and the table that stands beside each schema. */
import { z } from 'zod';
import { apiVersion } from './vocabulary.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly description: string;
  /** 1: shown by `-o wide` only. */
  readonly priority?: 1;
}

/** Everything about a kind that is not a field of it. */
export interface KindTable {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly scope: 'Cluster' | 'Namespaced';
  readonly hasStatus: boolean;
  readonly columns: readonly PrinterColumn[];
  /** Simple paths of texts and flags; the API server allows eight. */
  readonly selectableFields: readonly string[];
  readonly schema: z.ZodType;
}

const ownerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

/** The part of the metadata that we read. The API server owns its schema: none of this is written into a CRD. */
const objectMeta = z.object({
  /** Empty in the review of an object that is created with generateName. */
  name: z.string().default(''),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().optional(),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(ownerReference).optional(),
});

export function kind<const Kind extends string, T extends z.core.$ZodLooseShape>(
  name: Kind,
  description: string,
  shape: T,
) {
  return z
    .object({
      apiVersion: z.literal(apiVersion).default(apiVersion),
      kind: z.literal(name).default(name),
      metadata: objectMeta.prefault({}),
      ...shape,
    })
    .describe(description);
}

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since this object was created.',
};
