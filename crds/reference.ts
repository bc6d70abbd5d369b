/** The API reference in Markdown: one table of fields per kind, and the types that several of them share once. */
import type { z } from 'zod';
import type { KindTable } from './schema/kind.ts';
import { conditions } from './schema/conditions.ts';
import { assetSelector, labelSelector } from './schema/selectors.ts';
import { apiVersion, category } from './schema/vocabulary.ts';
import { counts, gap, smallCounts } from './schema/verdict.ts';
import { fieldSchema, structuralSchema, type StructuralSchema } from './structural.ts';

interface SharedType {
  readonly name: string;
  readonly schema: StructuralSchema;
  readonly key: string;
}

export function apiReference(kinds: readonly KindTable[]): string {
  const shared = sharedTypes();
  return [
    `# API reference: ${apiVersion}`,
    '',
    'Generated from `crds/schema` by `npm run generate`; a test fails when it is out of date. The same text is in `kubectl explain`.',
    '',
    `\`kubectl get ${category} -A\` lists the objects of all kinds. Fields that are not marked *required* may be left out. Times are RFC 3339; durations are written as in \`90s\`, \`5m\` or \`24h\`.`,
    '',
    '| kind | short name | scope | what it is |',
    '|---|---|---|---|',
    ...kinds.map(
      ({ kind, shortName, scope, schema }) =>
        `| [${kind}](#${kind.toLowerCase()}) | \`${shortName}\` | ${scope} | ${structuralSchema(schema).description ?? ''} |`,
    ),
    '',
    ...kinds.flatMap((table) => kindSection(table, shared)),
    '## Shared types',
    '',
    ...shared.flatMap((type) => sharedSection(type, shared)),
  ].join('\n');
}

function sharedSection({ name, schema }: SharedType, shared: readonly SharedType[]): readonly string[] {
  const others = shared.filter((other) => other.name !== name);
  return [`### ${name}`, ''].concat(fieldTable(schema, '', others));
}

function kindSection({ kind, schema, selectableFields }: KindTable, shared: readonly SharedType[]): readonly string[] {
  const root = structuralSchema(schema);
  const { apiVersion: _, kind: __, metadata: ___, ...properties } = root.properties ?? {};
  return [
    `## ${kind}`,
    '',
    root.description ?? '',
    '',
    `Field selectors: ${selectableFields.map((path) => `\`${path.slice(1)}\``).join(', ')}.`,
    '',
    ...fieldTable({ ...root, properties }, '', shared),
    ...ruleList(root),
  ];
}

function ruleList(root: StructuralSchema): readonly string[] {
  const messages = [...new Set(rulesWithin(root))];
  return messages.length === 0
    ? []
    : ['The API server refuses objects with these messages:', '', ...messages.map((message) => `- ${message}`), ''];
}

function rulesWithin(schema: StructuralSchema): readonly string[] {
  const inside = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => message),
    ...inside.flatMap((field) => (field === undefined ? [] : rulesWithin(field))),
  ];
}

function fieldTable(schema: StructuralSchema, path: string, shared: readonly SharedType[]): readonly string[] {
  return ['| field | type | what it is |', '|---|---|---|', ...rows(schema, path, shared), ''];
}

function rows(schema: StructuralSchema, path: string, shared: readonly SharedType[]): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const required = (schema.required ?? []).includes(name) && field.default === undefined;
    const type = typeOf(field, shared);
    const row = `| \`${here}\` | ${type.text} | ${required ? '*Required.* ' : ''}${cell(field.description ?? '')}${facts(field)} |`;
    if (type.shared) return [row];
    return [row].concat(rows(field.items ?? field, field.items === undefined ? here : `${here}[]`, shared));
  });
}

function typeOf(
  field: StructuralSchema,
  shared: readonly SharedType[],
): { readonly text: string; readonly shared: boolean } {
  if (field.items !== undefined) {
    const item = typeOf(field.items, shared);
    return { text: `list of ${item.text}`, shared: item.shared };
  }
  if (field.additionalProperties !== undefined) {
    return { text: `map of ${typeOf(field.additionalProperties, shared).text}`, shared: false };
  }
  const known = shared.find(({ key }) => key === identity(field));
  if (known !== undefined) return { text: `[${known.name}](#${known.name.toLowerCase()})`, shared: true };
  return {
    text: field.format === 'date-time' ? 'time' : field.format === 'date' ? 'day' : (field.type ?? ''),
    shared: false,
  };
}

/** Values, default and bounds, as one reads them after the description. */
function facts(field: StructuralSchema): string {
  const values = field.enum ?? field.items?.enum;
  const said = [
    values === undefined ? undefined : `One of ${values.map((value) => `\`${value}\``).join(', ')}.`,
    field.default === undefined || isGroup(field) ? undefined : `Default \`${JSON.stringify(field.default)}\`.`,
    bounds(field),
  ];
  return said.flatMap((sentence) => (sentence === undefined ? [] : [` ${cell(sentence)}`])).join('');
}

function bounds({
  type,
  format,
  minimum,
  maximum,
  minItems,
  maxItems,
  maxLength,
  maxProperties,
  enum: values,
}: StructuralSchema) {
  if (maxItems !== undefined) return minItems === undefined ? `At most ${maxItems}.` : `${minItems} to ${maxItems}.`;
  if (maxProperties !== undefined) return `At most ${maxProperties}.`;
  // 32 bits are no limit that a reader would want to know.
  if (type === 'integer' && maximum !== undefined && maximum < 2 ** 31 - 1) return `${minimum ?? 0} to ${maximum}.`;
  return type === 'string' && format === undefined && values === undefined
    ? `At most ${maxLength} characters.`
    : undefined;
}

function sharedTypes(): readonly SharedType[] {
  const item = (list: z.ZodType) => fieldSchema(list).items ?? {};
  const named: Readonly<Record<string, StructuralSchema>> = {
    LabelSelector: fieldSchema(labelSelector('')),
    AssetSelector: fieldSchema(assetSelector('')),
    Counts: fieldSchema(counts('')),
    SmallCounts: fieldSchema(smallCounts('')),
    Gap: fieldSchema(gap),
    Condition: item(conditions('')),
  };
  return Object.entries(named).map(([name, schema]) => ({ name, schema, key: identity(schema) }));
}

/** Two fields are of one type if they differ in nothing but description and default. */
function identity(schema: StructuralSchema): string {
  return JSON.stringify({ ...schema, description: undefined, default: undefined });
}

/** The default of a group is that of its fields, which say theirs themselves. */
const isGroup = (field: StructuralSchema): boolean => field.properties !== undefined;

const cell = (sentence: string): string => sentence.replaceAll('|', String.raw`\|`);
