import { describe, expect, test } from 'vitest';
import { aLoadedPolicy, aRule, saying, silent } from '../testing/telemetry.ts';
import { createTelemetryBook } from './book.ts';

/** Made anew each time, as adapters do. */
const policies = (version = '1') => [aLoadedPolicy({ version, rules: [aRule()] })];

describe('what agents say', () => {
  test('is one statement while they go on saying the same', () => {
    const book = createTelemetryBook();
    const { after: first } = book.set(
      'n1',
      'falco',
      saying({ at: 1, version: '0.44.1', policies: policies(), drops: [] }),
    );
    const { before, after } = book.set(
      'n1',
      'falco',
      saying({ at: 2, version: '0.44.1', policies: policies(), drops: [] }),
    );
    expect(before).toBe(first);
    expect(after).toMatchObject({ at: 2 });
    expect(after?.statement).toBe(first?.statement);
  });

  test.each([
    ['version', { version: '0.45.0' }],
    ['policies', { policies: policies('2') }],
    ['completeness', { policiesAre: 'Complete' as const }],
    ['drops', { drops: [{ lost: 1, where: 'buffer' }] }],
    ['issues', { issues: [{ reason: 'AgentHealth' as const, cause: 'it is ill', remedy: 'Mend it' }] }],
    ['silence on its policies', { policies: undefined }],
  ])('is another statement with another %s', (_, change) => {
    const book = createTelemetryBook();
    const said = { version: '0.44.1', policies: policies() };
    const { policies: silence, ...others } = { ...said, ...change };
    const { after: first } = book.set('n1', 'falco', saying(said));
    const { after } = book.set(
      'n1',
      'falco',
      saying(silence === undefined ? others : { ...others, policies: silence }),
    );
    expect(after?.statement).not.toBe(first?.statement);
  });

  test('is held once for 5,000 nodes, by each of the few things that they say', () => {
    const book = createTelemetryBook();
    for (let index = 0; index < 5000; index++) {
      book.set(`n${index}`, 'falco', saying({ policies: policies(String(index % 3)) }));
    }
    expect(book.size()).toBe(3);
    expect(book.of('n3', 'falco')?.statement?.loaded).toBe(book.of('n6', 'falco')?.statement?.loaded);
  });

  test('is forgotten with the last who said it', () => {
    const book = createTelemetryBook();
    book.set('n1', 'falco', saying({ policies: policies() }));
    book.set('n2', 'falco', saying({ policies: policies() }));
    book.set('n1', 'falco', saying({ policies: policies('2') }));
    expect(book.size()).toBe(2);
    book.set('n2', 'falco', silent());
    expect(book.size()).toBe(1);
    book.set('n1', 'falco', undefined);
    expect(book.size()).toBe(0);
    expect(book.of('n1', 'falco')).toBeUndefined();
  });

  test('is one for each agent, even where they say the same', () => {
    const book = createTelemetryBook();
    book.set('n1', 'falco', saying({ policies: policies() }));
    book.set('n1', 'tetragon', saying({ policies: policies() }));
    expect(book.size()).toBe(2);
  });
});
