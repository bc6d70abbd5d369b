/** The CustomResourceDefinition of a kind, from its schema and its table. */
import { category, group, version } from './schema/vocabulary.ts';
import type { KindTable } from './schema/kind.ts';
import { structuralSchema, type StructuralSchema } from './structural.ts';

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly scope: KindTable['scope'];
    readonly versions: readonly [
      {
        readonly name: string;
        readonly served: true;
        readonly storage: true;
        readonly additionalPrinterColumns: KindTable['columns'];
        readonly selectableFields: readonly { readonly jsonPath: string }[];
        readonly subresources?: { readonly status: Readonly<Record<string, never>> };
        readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      },
    ];
  };
}

export function customResourceDefinition(table: KindTable): CustomResourceDefinition {
  const { kind, plural, singular, shortName, scope, columns, selectableFields, hasStatus, schema } = table;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: [category] },
      scope,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })),
          ...(hasStatus && { subresources: { status: {} } }),
          schema: { openAPIV3Schema: structuralSchema(schema) },
        },
      ],
    },
  };
}
