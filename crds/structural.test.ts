import { describe, expect, test } from 'vitest';
import { customResourceDefinition } from './definition.ts';
import { kinds } from './kinds.ts';
import type { StructuralSchema } from './structural.ts';

interface Visited {
  readonly path: string;
  readonly node: StructuralSchema;
  /** A field has a name; the items of a list and the values of a map do not. */
  readonly isField: boolean;
}

function everything(node: StructuralSchema, path: string, isField = true): readonly Visited[] {
  return [
    { path, node, isField },
    ...Object.entries(node.properties ?? {}).flatMap(([name, field]) => everything(field, `${path}.${name}`)),
    ...(node.items === undefined ? [] : everything(node.items, `${path}[]`, false)),
    ...(node.additionalProperties === undefined ? [] : everything(node.additionalProperties, `${path}{}`, false)),
  ];
}

const envelope = /^\w+\.(apiVersion|kind|metadata)$/;

describe.each(kinds)('$kind', (table) => {
  const definition = customResourceDefinition(table);
  const [version] = definition.spec.versions;
  const visited = everything(version.schema.openAPIV3Schema, table.kind);
  const own = visited.filter(({ path }) => !envelope.test(path));
  const offenders = (breaks: (visit: Visited) => boolean, among: readonly Visited[] = own) =>
    among.filter(breaks).map(({ path }) => path);

  test('every node has a type that a structural schema may have', () => {
    const types = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);
    expect(offenders(({ node }) => !types.has(node.type ?? ''), visited)).toEqual([]);
  });

  test('no node has both named and free properties, and nothing refers elsewhere', () => {
    const forbidden = [
      '$ref',
      'id',
      'allOf',
      'anyOf',
      'oneOf',
      'not',
      'nullable',
      'title',
      'x-kubernetes-preserve-unknown-fields',
    ];
    expect(offenders(({ node }) => node.properties !== undefined && node.additionalProperties !== undefined)).toEqual(
      [],
    );
    expect(offenders(({ node }) => forbidden.some((key) => key in node), visited)).toEqual([]);
  });

  test('every field has a description that is a sentence', () => {
    expect(
      offenders(
        ({ node, isField, path }) =>
          isField && !path.endsWith('.metadata') && !/^[A-Z0-9].*[.]$/s.test(node.description ?? ''),
        visited,
      ),
    ).toEqual([]);
  });

  test('every text is bounded', () => {
    expect(
      offenders(({ node }) => node.type === 'string' && node.enum === undefined && node.maxLength === undefined),
    ).toEqual([]);
  });

  test('every number is bounded', () => {
    expect(offenders(({ node }) => node.type === 'integer' && node.minimum === undefined)).toEqual([]);
    expect(
      offenders(({ node }) => node.type === 'integer' && node.maximum === undefined && node.format !== 'int64'),
    ).toEqual([]);
  });

  test('every list is bounded and says how it is merged', () => {
    const lists = own.filter(({ node }) => node.type === 'array');
    expect(offenders(({ node }) => node.maxItems === undefined, lists)).toEqual([]);
    expect(offenders(({ node }) => !['atomic', 'map'].includes(node['x-kubernetes-list-type'] ?? ''), lists)).toEqual(
      [],
    );
  });

  test('only short lists are merged by key, and their keys are required', () => {
    const merged = own.filter(({ node }) => node['x-kubernetes-list-type'] === 'map');
    expect(offenders(({ node }) => (node.maxItems ?? Infinity) > 64, merged)).toEqual([]);
    expect(
      offenders(({ node }) => {
        const keys = node['x-kubernetes-list-map-keys'] ?? [];
        return keys.length === 0 || keys.some((key) => !(node.items?.required ?? []).includes(key));
      }, merged),
    ).toEqual([]);
  });

  test('every map is bounded', () => {
    expect(
      offenders(({ node }) => node.additionalProperties !== undefined && node.maxProperties === undefined),
    ).toEqual([]);
  });

  test('every rule has a message of one line that does not only repeat the rule', () => {
    const rules = visited.flatMap(({ node }) => node['x-kubernetes-validations'] ?? []);
    expect(rules.filter(({ message }) => message === '' || message.includes('\n') || message.length > 2048)).toEqual(
      [],
    );
    expect(rules.filter(({ rule, message }) => message.includes(rule))).toEqual([]);
  });

  test('a field that has a default is not required', () => {
    expect(
      offenders(({ node }) => (node.required ?? []).some((name) => node.properties?.[name]?.default !== undefined)),
    ).toEqual([]);
  });

  test('columns and selectable fields name fields that exist', () => {
    const known = new Set(visited.map(({ path }) => path.slice(table.kind.length)));
    const plain = (path: string) => path.replaceAll(/\[[^\]]*\]/g, '[]');
    const paths = [...table.columns.map(({ jsonPath }) => jsonPath), ...table.selectableFields];
    const unknown = paths.filter((path) => !path.startsWith('.metadata.') && !known.has(plain(path)));
    expect(unknown).toEqual([]);
  });

  test('selectable fields are texts or flags, and no more than the API server takes', () => {
    const selectable = new Set(
      own
        .filter(({ node }) => node.type === 'string' || node.type === 'boolean')
        .map(({ path }) => path.slice(table.kind.length)),
    );
    expect(table.selectableFields.filter((path) => !selectable.has(path))).toEqual([]);
    expect(table.selectableFields.length).toBeLessThanOrEqual(8);
  });

  test('the names are those that users type', () => {
    const { names } = definition.spec;
    expect(names.plural).toMatch(/^[a-z]+s$/);
    expect(names.categories).toEqual(['workload-protection']);
    expect(names.shortNames).toHaveLength(1);
  });
});

test('only findings live in a namespace', () => {
  expect(kinds.filter(({ scope }) => scope === 'Namespaced').map(({ kind }) => kind)).toEqual(['Finding']);
});

test('short names and plurals are all different', () => {
  const names = kinds.flatMap(({ shortName, plural, singular }) => [shortName, plural, singular]);
  expect(new Set(names).size).toBe(names.length);
});
