import { describe, expect, it, test } from 'vitest';
import { reasons } from '../../domain/reason.ts';
import { runCli, verbs } from '../run.ts';
import { anIo } from '../testing/io.ts';
import type { Verb } from '../verb.ts';
import { explanations } from './texts.ts';

const explain = async (...args: readonly string[]) => {
  const io = anIo({});
  const code = await runCli(['explain', ...args], io);
  return { code, out: io.out(), err: io.err() };
};

describe('explain', () => {
  it('lists all reasons, the worst state first', async () => {
    const { out } = await explain();
    const names = out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(' ')[0]);
    expect(new Set(names)).toEqual(new Set(Object.keys(reasons)));
    expect(names[0]).toBe('AgentMissing');
    expect(names.at(-1)).toBe('AgentHealth');
  });

  it.each(Object.keys(reasons))('says of %s what makes it, what mends it and where to look', async (reason) => {
    const { code, out } = await explain(reason);
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(
        `^${reason}: \\w+\\n.*\\n[^]*What makes it\\n  - .*[^]*What mends it\\n  - .*[^]*--reason ${reason}\\n`,
      ),
    );
  });

  it('takes a reason in any case', async () => {
    expect((await explain('policydrift')).out).toMatch(/^PolicyDrift: Warning\n/);
  });

  test.each([
    ['AgentMising', /there is no reason "AgentMising"; did you mean AgentMissing\?/],
    ['Whatever', /there is no reason "Whatever"; kubectl protection explain lists them/],
  ])('says of %s what there is', async (written, message) => {
    const { code, err } = await explain(written);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  const find = (words: readonly string[]): Verb | undefined =>
    words.reduce<Verb | undefined>(
      (verb, word) => (verb === undefined ? verbs : (verb.verbs ?? [])).find(({ name }) => name === word) ?? verb,
      undefined,
    );

  it('sends people only to verbs and flags that there are', () => {
    const commands = Object.values(explanations).flatMap(
      ({ see = '' }) => /^kubectl protection (.+)/.exec(see)?.[1] ?? [],
    );
    for (const command of commands) {
      const verb = find(command.split(' '));
      for (const flag of command.match(/--[\w-]+/g) ?? []) expect(verb?.help, command).toContain(`${flag} `);
    }
  });
});
