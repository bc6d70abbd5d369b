import { describe, expect, test } from 'vitest';
import type { FindingRecord } from '../../domain/findings/record.ts';
import { aFalco, scraped } from '../../domain/testing/agents.ts';
import { aDeclaredPolicy, aRule, declaring } from '../../domain/testing/telemetry.ts';
import type { DeclaredPolicy, RuleFacts } from '../../domain/telemetry/types.ts';
import type { AgentDefinition } from '../../domain/types.ts';
import { createListeners, type Deliveries, type DeliveryQuestion } from './ears.ts';
import { only, setUp } from './testing/world.ts';

const minute = 60_000;
const answering = { askedSince: 0, failure: undefined };

const allWell: Deliveries = {
  undelivered: () => undefined,
  answeredAgo: () => 0,
  delivered: () => ({ ago: 0, isOpen: false }),
  counts: () => true,
  shed: () => false,
};

/** Of the finding of one workload: what is asked of whom, where Falco is installed as told. */
const earsWhere = (agents: readonly AgentDefinition[], counts: boolean, isAnswering = true) => {
  const world = setUp();
  world.post();
  world.model.setAgents(agents);
  if (isAnswering) {
    world.model.setTelemetry('node-1', 'falco', { ...answering, reading: { at: world.now(), issues: [] } });
  }
  world.model.evaluate(world.now());
  const questions: DeliveryQuestion[] = [];
  const listeners = createListeners(
    world.model,
    {
      undelivered: (question) => {
        questions.push(question);
        return { why: 'it is said so', isMissing: false };
      },
      answeredAgo: () => 20,
      delivered: () => ({ ago: 10, isOpen: false }),
      counts: () => counts,
      shed: () => false,
    },
    world.ended,
  );
  const { record }: { readonly record: FindingRecord } = only(world.book()).finding;
  const [node] = listeners.nodesOf(record) ?? [];
  return { ear: node?.ears[0], question: questions[0] };
};

describe('the most that an agent can show', () => {
  test.each<[string, Partial<AgentDefinition>, boolean, boolean, readonly [string, string]]>([
    ['is that it runs, where it is not asked', {}, false, false, ['Running', 'Running']],
    ['is what it has shown', { telemetry: scraped }, false, true, ['Reporting', 'Reporting']],
    [
      'is that its events arrive, and what it has shown, where it counts',
      { telemetry: scraped },
      true,
      true,
      ['Delivered', 'Reporting'],
    ],
    [
      'is that its events arrive, where it posts',
      { telemetry: { ...scraped, mode: 'Push' } },
      false,
      false,
      ['Delivered', 'Running'],
    ],
    ['is that its events arrive, where it has a canary', { canary: minute }, false, false, ['Delivered', 'Running']],
    ['is nothing more, where it counted and is not asked any more', {}, true, false, ['Running', 'Running']],
  ])('%s', (_, falco, counts, isAnswering, [reachable, shown]) => {
    expect(earsWhere([aFalco(falco)], counts, isAnswering).ear).toMatchObject({ reachable, shown });
  });
});

describe('delivery is asked for', () => {
  test('with the rules of the finding, on its node, within staleAfter', () => {
    const { ear, question } = earsWhere([aFalco({ telemetry: scraped })], true);
    expect(ear?.undelivered?.why).toBe('it is said so');
    expect(question).toEqual({
      node: 'node-1',
      agent: 'falco',
      rules: ['Compiler run in container'],
      withinMs: 3 * minute,
      staleAfter: 3 * minute,
      isOften: false,
    });
  });

  test('within three intervals of a canary', () => {
    expect(earsWhere([aFalco({ telemetry: scraped, canary: 10 * minute })], true).question).toMatchObject({
      withinMs: 30 * minute,
      staleAfter: 3 * minute,
    });
  });

  test('without counters where two of a kind work on the node, since events do not say of which they are', () => {
    const twins = [aFalco({ telemetry: scraped }), aFalco({ name: 'falco-too', telemetry: scraped })];
    expect(earsWhere(twins, true).question).toMatchObject({ staleAfter: undefined });
  });

  test('of nobody who is gone', () => {
    expect(earsWhere([], true).ear).toMatchObject({
      undelivered: { why: 'there is no ProtectionAgent falco any more' },
      reachable: 'Running',
    });
  });
});

test('a node that is gone before its pods are is said to be gone, and not its ProtectionAgent', () => {
  const world = setUp();
  world.post();
  world.model.removeNode('node-1');
  const [node] = createListeners(world.model, allWell, world.ended).nodesOf(only(world.book()).finding.record) ?? [];
  expect(node?.ears[0]?.trouble).toBe('the node is gone, and its pods are not yet');
});

describe('of an agent that never says what it has loaded', () => {
  test.each<[string, Partial<RuleFacts>, string | undefined]>([
    ['a rule that is declared', {}, undefined],
    ['a rule of another name', { name: 'another' }, undefined],
    [
      'a rule that is declared and switched off',
      { status: 'Disabled' },
      'falco: rule Compiler run in container of custom is disabled',
    ],
  ])('%s is taken for what its object says', (_, rule, expected) => {
    const world = setUp();
    world.post();
    const rules = [aRule({ name: 'Compiler run in container', ...rule })];
    world.model.setDeclarations('falco', declaring({ policies: [aDeclaredPolicy({ name: 'custom', rules })] }));
    world.model.evaluate(world.now());
    const hearing = { ...allWell, counts: () => false };
    const [node] = createListeners(world.model, hearing, world.ended).nodesOf(only(world.book()).finding.record) ?? [];
    expect(node?.ears[0]?.ruleNotLoaded).toBe(expected);
  });

  test('a rule whose object is gone is heard no more, also after another leader has taken over', () => {
    const world = setUp();
    world.post();
    const rules = [aRule({ name: 'Compiler run in container' })];
    const hearing = { ...allWell, counts: () => false };
    const declare = (policies: readonly DeclaredPolicy[]): void => {
      world.model.setDeclarations('falco', declaring({ policies }));
      world.model.evaluate(world.now());
      world.book().look(createListeners(world.model, hearing, world.ended), world.now(), 0);
    };
    const troubleOf = (declaredRules: readonly string[]): string | undefined => {
      const record = { ...only(world.book()).finding.record, declaredRules };
      return createListeners(world.model, hearing, world.ended).nodesOf(record)?.[0]?.ears[0]?.ruleNotLoaded;
    };
    declare([]);
    expect(troubleOf(only(world.book()).finding.record.declaredRules)).toBeUndefined();
    declare([aDeclaredPolicy({ name: 'custom', rules })]);
    const { declaredRules } = only(world.book()).finding.record;
    expect(declaredRules).toEqual(['Compiler run in container']);
    expect(troubleOf(declaredRules)).toBeUndefined();
    declare([]);
    expect(troubleOf(only(world.book()).finding.record.declaredRules)).toBe(
      'falco: no object declares rule Compiler run in container any more',
    );
  });
});
