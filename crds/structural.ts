/** A zod schema as the structural schema that a CustomResourceDefinition takes. */
import { z } from 'zod';

export interface StructuralSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** The envelope belongs to the API server, which describes metadata itself and allows nobody else to. */
const envelope: Readonly<Record<string, StructuralSchema>> = {
  apiVersion: { description: 'Group and version of this schema of the object.', type: 'string' },
  kind: { description: 'The kind of the object.', type: 'string' },
  metadata: { type: 'object' },
};

/** The schema of a kind. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const root = jsonSchema(schema);
  const own = Object.entries(root.properties ?? {}).filter(([name]) => !(name in envelope));
  return finish({ ...root, properties: { ...envelope, ...Object.fromEntries(own) } });
}

/** The schema of a field, that is, of anything without an envelope. */
export function fieldSchema(schema: z.ZodType): StructuralSchema {
  return finish(jsonSchema(schema));
}

function jsonSchema(schema: z.ZodType): StructuralSchema {
  const { $schema: _, ...node } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ jsonSchema }) => makeStructural(jsonSchema),
  }) as StructuralSchema & { readonly $schema?: string };
  return node;
}

/** Takes out what zod adds and structural schemas forbid or do not need. */
function makeStructural(node: z.core.JSONSchema.BaseSchema): void {
  // Unknown fields are pruned by the server; a structural schema may not have both this and properties.
  if (node.properties !== undefined) delete node.additionalProperties;
  if (node.type === 'integer') {
    if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
    if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  }
  // The format says it, in one word instead of 300 characters.
  if (node.format === 'date-time' || node.format === 'date') delete node.pattern;
  if (typeof node.pattern === 'string') node.pattern = node.pattern.replaceAll(String.raw`\/`, '/');
}

/** The order in which a reader wants it, which is also what keeps the files stable when zod changes its own. */
const keyOrder: readonly (keyof StructuralSchema)[] = [
  'description',
  'type',
  'format',
  'enum',
  'pattern',
  'default',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
  'required',
  'properties',
  'items',
  'additionalProperties',
];

function finish(node: StructuralSchema): StructuralSchema {
  const { properties, items, additionalProperties, ...rest } = node;
  const whole: StructuralSchema = {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, finish(field)])),
    }),
    ...(items && { items: finish(items) }),
    ...(additionalProperties && { additionalProperties: finish(additionalProperties) }),
  };
  return inOrder('default' in whole ? { ...whole, default: completed(whole.default, whole) } : whole);
}

/**
 * A default with the defaults of the fields inside it. In objects the API server would add them by itself, but it checks the rules of
 * a definition's defaults without doing so, and refuses `{}` for "no such key".
 */
function completed(value: unknown, { properties }: StructuralSchema): unknown {
  if (properties === undefined || typeof value !== 'object' || value === null) return value;
  const defaults = Object.entries(properties).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  );
  return { ...Object.fromEntries(defaults), ...value };
}

function inOrder(node: StructuralSchema): StructuralSchema {
  const keys = Object.keys(node) as (keyof StructuralSchema)[];
  const unexpected = keys.find((key) => !keyOrder.includes(key));
  if (unexpected !== undefined) {
    throw new Error(`a schema has the key "${unexpected}", which no structural schema of ours may have`);
  }
  return Object.fromEntries(keyOrder.filter((key) => key in node).map((key) => [key, node[key]]));
}
