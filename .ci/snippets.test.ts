// What the documents tell people to write is held against what there is to be written: objects, values of the chart, metrics.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it, test } from 'vitest';
import { kinds } from '../crds/kinds.ts';
import { apiVersion } from '../crds/schema/vocabulary.ts';
import { documentedValues } from './chart-values.ts';
import { readDocuments, root } from './documents.ts';
import { metricsPage } from './metrics-reference.ts';

const documents = readDocuments();
const values = new Set(
  documentedValues(readFileSync(path.join(root, 'charts/workload-protection/values.yaml'), 'utf8')).map(
    ({ name }) => name,
  ),
);
const metrics = new Set((await metricsPage()).match(/workload_protection_\w+/g));

interface Written {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
}

const objectsIn = (text: string): readonly Written[] =>
  [...text.matchAll(/^```yaml\n(.*?)^```/gms)]
    .flatMap(([, yaml = '']) => loadAll(yaml) as readonly Written[])
    .filter((object) => object.apiVersion === apiVersion);

/** Everything in `wanted` that `there` has not, by path: a schema drops what it does not know. */
const missingIn = (there: unknown, wanted: unknown, at = ''): readonly string[] =>
  typeof wanted === 'object' && wanted !== null
    ? Object.entries(wanted).flatMap(([key, inner]) =>
        missingIn((there as Readonly<Record<string, unknown>> | undefined)?.[key], inner, `${at}.${key}`),
      )
    : there === wanted
      ? []
      : [at];

const faultsOf = (object: Written): readonly string[] => {
  const schema = kinds.find(({ kind }) => kind === object.kind)?.schema;
  if (schema === undefined) return [`no kind ${object.kind}`];
  const parsed = schema.safeParse(object);
  return parsed.success ? missingIn(parsed.data, object) : parsed.error.issues.map(({ message }) => message);
};

/** Roots of the chart's values that nothing else in the documents is called by. */
const valueNames = (text: string): readonly string[] =>
  [
    ...text.matchAll(
      /(?:--set |`)((?:operator|webhook|networkPolicy|rbac|log|image|starterPolicy|agents)\.[A-Za-z.-]+?)(?=[=:`\s])/g,
    ),
  ].map(([, name = '']) => name.replace(/^agents\.NAME\./, 'agents.falco.'));

const isValue = (name: string): boolean =>
  values.has(name) || (name.includes('.') && isOpen(name.slice(0, name.lastIndexOf('.'))));
/** Below `spec` of an agent stands whatever a ProtectionAgent has. */
const isOpen = (name: string): boolean => /^agents\.[\w-]+\.spec\b|^starterPolicy\.spec\b/.test(name);

/** Prometheus makes three of a histogram. */
const baseOf = (metric: string): string =>
  metrics.has(metric) ? metric : metric.replace(/_(?:bucket|sum|count)$/, '');

const written = [...documents].filter(([file]) => !file.startsWith('docs/adr/'));

describe.each(written)('%s', (_, text) => {
  it('shows only objects that the API takes, with fields that it has', () => {
    expect(objectsIn(text).flatMap(faultsOf)).toEqual([]);
  });

  it('names only values that the chart has', () => {
    expect(valueNames(text).filter((name) => !isValue(name))).toEqual([]);
  });

  it('names only metrics that are served', () => {
    const named = text.match(/\bworkload_protection_\w*[a-z]/g) ?? [];
    expect(named.filter((name) => !metrics.has(baseOf(name)))).toEqual([]);
  });
});

test('there are objects, values and metrics to look at', () => {
  const texts = written.map(([, text]) => text);
  expect(texts.flatMap(objectsIn).length).toBeGreaterThan(1);
  expect(texts.flatMap(valueNames).length).toBeGreaterThan(20);
});

test.each([
  ['a field that there is not', { kind: 'WorkloadPolicy', spec: { criticalty: 'High' } }, ['.spec.criticalty']],
  ['a kind that there is not', { kind: 'Policy' }, ['no kind Policy']],
])('finds %s', (_, object, faults) => {
  expect(faultsOf({ apiVersion, metadata: { name: 'x' }, ...object })).toEqual(faults);
});

test('finds a value that there is not', () => {
  expect(valueNames('`webhook.replica`').filter((name) => !isValue(name))).toEqual(['webhook.replica']);
});
