// What every adapter must do, whoever its vendor is: never throw, name no node, stay small, answer the same to the same. Each adapter's
// test calls this with what a healthy agent answers and with the objects that declare its policies.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Declarations, Reading } from '../domain/telemetry/types.ts';
import type { AgentAdapter, Answer, ConfigMapContent, DeclareInput, Memory, ReadInput } from './agent.ts';

export interface ContractCase {
  /** By the agent's version: what its probes answer where all is well, with `contractNode` as the node's name wherever it names one. */
  readonly healthy: Readonly<Record<string, ReadonlyMap<string, Answer>>>;
  readonly custom?: unknown;
  readonly objects?: DeclareInput['objects'];
  readonly configMaps?: readonly ConfigMapContent[];
  readonly daemonSets?: readonly unknown[];
}

/** The name of the node in every fixture: no reading may tell it, or nodes in the same plight would not share one. */
export const contractNode = 'contract-node-17';

export const contractDigest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** In characters of JSON: 200 policies with names and digests, or 500 rules. Nodes that say the same share it. */
const maximumReading = 128 * 1024;
/** Held for each node, and never shared. */
const maximumMemory = 8 * 1024;

const at = Date.UTC(2026, 0, 1);

export const describeContract = (adapter: AgentAdapter, given: ContractCase): void => {
  const healthy = Object.entries(given.healthy);
  const probes = adapter.probes('/metrics');
  const read = (answers: ReadonlyMap<string, Answer>, memory?: Memory, custom: unknown = given.custom) =>
    adapter.read({ answers, at, memory, custom } satisfies ReadInput);

  describe(`the contract of ${adapter.type}`, () => {
    it('asks each question once, by an absolute path', () => {
      expect(new Set(probes.map(({ name }) => name)).size).toBe(probes.length);
      for (const { path } of probes) expect(path).toMatch(/^\/\S*$/);
    });

    it.each(healthy)('finds no fault in a healthy %s, and keeps what plain data can hold', (_, answers) => {
      const result = read(answers);
      if ('failed' in result) expect.fail(result.failed);
      expect(result.reading.issues).toEqual([]);
      expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      checkReading(result.reading, result.memory);
    });

    it.each(healthy)(
      'reads the same out of the same answers of %s, and loses nothing where nothing was counted',
      (_, answers) => {
        const first = read(freeze(answers));
        expect(read(answers)).toEqual(first);
        if ('failed' in first) expect.fail(first.failed);
        const second = read(answers, Object.freeze(first.memory));
        if ('failed' in second) expect.fail(second.failed);
        expect(second.reading.drops ?? []).toEqual([]);
      },
    );

    it('never throws and stays small, whatever an agent answers and whatever was remembered', () => {
      fc.assert(
        fc.property(
          fc.tuple(...probes.map(({ name }) => anyAnswer(healthy.map(([, answers]) => answers.get(name))))),
          fc.option(fc.dictionary(fc.string(), fc.oneof(fc.double(), fc.string())), { nil: undefined }),
          fc.option(fc.jsonValue(), { nil: given.custom }),
          (answers, memory, custom) => {
            const byName = new Map(probes.map(({ name }, index) => [name, answers[index] ?? { failed: 'no answer' }]));
            const result = read(byName, memory, custom);
            if ('failed' in result) expect(result.failed.length).toBeLessThan(2000);
            else checkReading(result.reading, result.memory);
          },
        ),
        { numRuns: 300 },
      );
    });

    it('never throws, whatever objects declare', () => {
      const mutatedList = (items: readonly unknown[]) => fc.array(mutated(items), { maxLength: items.length + 2 });
      fc.assert(
        fc.property(
          fc.tuple(...adapter.declaringKinds.map(({ plural }) => mutatedList(given.objects?.get(plural) ?? []))),
          fc.array(fc.oneof(anyConfigMap, mutatedConfigMap(given.configMaps ?? [])), { maxLength: 4 }),
          mutatedList(given.daemonSets ?? []),
          (items, configMaps, daemonSets) => {
            const byPlural = new Map(adapter.declaringKinds.map(({ plural }, index) => [plural, items[index] ?? []]));
            checkDeclarations(adapter.declare(inputOf({ objects: byPlural, configMaps, daemonSets })));
          },
        ),
        { numRuns: 300 },
      );
      checkDeclarations(adapter.declare(inputOf(given)));
    });

    it('declares the same in whatever order the objects come', () => {
      const declared = sorted(adapter.declare(inputOf(given)));
      const reversed = adapter.declare(
        inputOf({
          objects: new Map([...(given.objects ?? [])].map(([plural, items]) => [plural, items.toReversed()])),
          configMaps: (given.configMaps ?? []).toReversed(),
          daemonSets: (given.daemonSets ?? []).toReversed(),
        }),
      );
      expect(sorted(reversed)).toEqual(declared);
    });
  });
};

const inputOf = (given: Partial<ContractCase>): DeclareInput => ({
  agent: 'contract',
  objects: given.objects ?? new Map(),
  configMaps: given.configMaps ?? [],
  daemonSets: given.daemonSets ?? [],
  digest: contractDigest,
});

const checkReading = (reading: Reading, memory: Memory): void => {
  const text = JSON.stringify(reading);
  expect(text.length).toBeLessThan(maximumReading);
  expect(JSON.stringify(memory).length).toBeLessThan(maximumMemory);
  expect(text).not.toContain(contractNode);
  expect(reading.at).toBe(at);
  for (const value of Object.values(memory)) expect(['number', 'string']).toContain(typeof value);
  for (const { digest } of reading.policies ?? []) if (digest !== undefined) expect(digest).toMatch(digestPattern);
  for (const { lost, total = lost } of reading.drops ?? []) {
    expect(lost).toBeGreaterThan(0);
    expect(Number.isFinite(lost)).toBe(true);
    expect(total).toBeGreaterThanOrEqual(lost);
  }
  for (const { cause, remedy } of reading.issues) expect(Math.min(cause.length, remedy.length)).toBeGreaterThan(0);
};

const digestPattern = /^sha256:[0-9a-f]{64}$/;

const checkDeclarations = ({ policies, contents }: Declarations): void => {
  for (const { agent, name, digest, declaredBy } of policies) {
    expect(agent).toBe('contract');
    expect(name).not.toBe('');
    expect(declaredBy.name).not.toBe('');
    if (digest !== undefined) expect(digest).toMatch(digestPattern);
  }
  for (const { digest } of contents) expect(digest).toMatch(digestPattern);
};

const sorted = ({ policies, contents, exclusions, notes }: Declarations): readonly (readonly string[])[] =>
  [policies, contents, exclusions, notes].map((items: readonly unknown[]) =>
    items.map((item) => JSON.stringify(item)).sort(),
  );

/** Any answer at all, and those of healthy agents cut, repeated and spoiled. */
const anyAnswer = (healthy: readonly (Answer | undefined)[]): fc.Arbitrary<Answer> => {
  const bodies = healthy.flatMap((answer) => (answer !== undefined && 'body' in answer ? [answer.body] : []));
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('', '{}', '[]', 'null', '<html></html>', '\0'.repeat(100)),
    ...bodies.map(spoiled),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ failed: fc.string({ maxLength: 200 }) }) },
    { weight: 1, arbitrary: fc.record({ status: fc.integer({ min: 100, max: 599 }), body }) },
    { weight: 5, arbitrary: fc.record({ status: fc.constant(200), body }) },
  );
};

const spoiled = (text: string): fc.Arbitrary<string> => {
  const place = fc.nat(text.length);
  return fc.oneof(
    fc.constant(text),
    fc.constant(text.repeat(50)),
    place.map((end) => text.slice(0, end)),
    fc.tuple(place, place, fc.string()).map(([start, end, filler]) => text.slice(0, start) + filler + text.slice(end)),
    fc.tuple(place, fc.stringMatching(/^[0-9.eE+-]{1,20}$/)).map(([start, number]) => {
      const from = text.slice(start).search(/\d/);
      return from === -1 ? text : text.slice(0, start + from) + number + text.slice(start + from).replace(/^\d+/, '');
    }),
  );
};

/** One of these objects with one value in it replaced by any other, or any value at all. */
const mutated = (items: readonly unknown[]): fc.Arbitrary<unknown> => {
  if (items.length === 0) return fc.jsonValue();
  return fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...items), fc.nat(), fc.jsonValue())
        .map(([item, place, value]) => replacedAt(item, place, value)),
    },
  );
};

/** With the value at one of its paths replaced. */
const replacedAt = (item: unknown, place: number, value: unknown): unknown => {
  const paths: (() => void)[] = [];
  const copy = structuredClone(item);
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      paths.push(() => void Reflect.set(node, key, value));
      walk(Reflect.get(node, key));
    }
  };
  walk(copy);
  if (paths.length > 0) paths[place % paths.length]?.();
  return copy;
};

const textMap = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 });

const anyConfigMap: fc.Arbitrary<ConfigMapContent> = fc.record({
  namespace: fc.string({ minLength: 1 }),
  name: fc.string({ minLength: 1 }),
  labels: textMap,
  annotations: textMap,
  data: textMap,
  binaryData: textMap,
});

const mutatedConfigMap = (items: readonly ConfigMapContent[]): fc.Arbitrary<ConfigMapContent> => {
  if (items.length === 0) return anyConfigMap;
  return fc.constantFrom(...items).chain((item) => {
    const keys = Object.keys(item.data);
    const key = keys.length === 0 ? fc.constant('key') : fc.constantFrom(...keys);
    return key.chain((name) =>
      spoiled(item.data[name] ?? '').map((text) => ({ ...item, data: { ...item.data, [name]: text } })),
    );
  });
};

const freeze = (answers: ReadonlyMap<string, Answer>): ReadonlyMap<string, Answer> =>
  new Map([...answers].map(([name, answer]) => [name, Object.freeze({ ...answer })]));
