import { execFile } from 'node:child_process';
import { describe, expect, it, test } from 'vitest';
import { reasons } from '../../domain/reason.ts';
import { assetStates } from '../../crds/schema/vocabulary.ts';
import { runCli, verbs } from '../run.ts';
import { anIo } from '../testing/io.ts';
import type { Verb } from '../verb.ts';
import { candidatesFor } from './complete.ts';
import { scripts } from './scripts.ts';

const offered = (...words: readonly string[]): readonly string[] => candidatesFor(verbs, words).candidates;

describe('what is offered', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['verbs', ['e'], ['explain']],
    ['verbs under a verb', ['coverage', 'no'], ['node']],
    ['reasons to explain', ['explain', 'techn'], ['TechniqueUncovered']],
    ['shells', ['completion', 'f'], ['fish']],
    ['flags', ['coverage', '--agent'], ['--agent', '--agent-version']],
    ['flags of a verb under a verb', ['coverage', 'agents', '--outd'], ['--outdated']],
    ['flags of check', ['check', '--off'], ['--offline']],
    ['values of a flag', ['coverage', '--state', 'NoA'], ['NoAgent']],
    ['values in whatever case', ['coverage', '--state', 'noa'], ['NoAgent']],
    ['values after a short flag', ['coverage', '-o', 'w'], ['wide']],
    ['values after =', ['coverage', '--fail-on=F'], ['--fail-on=Failed']],
    ['the next value of a list', ['coverage', '--state', 'Failed,NoP'], ['Failed,NoProtection']],
    ['values that check names in its help', ['check', '--fail-on', 'I'], ['Incomplete']],
    ['platforms', ['coverage', 'attack', '--platform', ''], ['Containers', 'Linux', 'All']],
    ['nothing after a flag that takes anything', ['coverage', '--agent', ''], []],
    ['flags again after a switch', ['coverage', '--watch', '--rep'], ['--report']],
  ])('%s', (_, words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  it('are all states and reasons that there are', () => {
    expect(offered('coverage', '--state', '')).toEqual(assetStates);
    expect(new Set(offered('coverage', 'gaps', '--reason', ''))).toEqual(new Set(Object.keys(reasons)));
  });

  it('are files where a flag takes one', () => {
    expect(candidatesFor(verbs, ['coverage', '--kubeconfig', ''])).toEqual({ candidates: [], files: true });
    expect(candidatesFor(verbs, ['coverage', '--report', ''])).toEqual({ candidates: [], files: false });
  });

  const all = (among: readonly Verb[], path: readonly string[] = []): readonly (readonly [string, Verb])[] =>
    among.flatMap((verb) => [
      [[...path, verb.name].join(' '), verb] as const,
      ...all(verb.verbs ?? [], [...path, verb.name]),
    ]);

  it.each(all(verbs))('for %s are all flags of its help', (name, { help }) => {
    const explained = [...help.matchAll(/^ {2}(?:-\w, | {4})(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(offered(...name.split(' '), '--')).toEqual([...new Set([...explained, '--help'])]);
  });
});

it('answers as kubectl asks: candidates, then what to do', async () => {
  const io = anIo({});
  expect(await runCli(['__complete', 'coverage', '--help', '-o', 'js'], io)).toBe(0);
  expect(io.out()).toBe('json\n:4\n');
});

describe('the scripts', () => {
  it.each(Object.entries(scripts))('for %s ask the program', (_, script) => {
    expect(script).toContain('kubectl-protection __complete');
  });

  /** bash with a program that answers what it was asked. */
  const inBash = (line: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const words = line.map((word) => `'${word}'`).join(' ');
      const text = [
        'kubectl-protection() { shift; printf "%s|" "$@"; echo; echo one; echo two; echo :4; }',
        scripts.bash,
        `COMP_WORDS=(kubectl-protection ${words}); COMP_CWORD=${line.length}`,
        '_kubectl_protection; printf "%s\\n" "${COMPREPLY[@]}"',
      ].join('\n');
      execFile('bash', ['-c', text], (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
    });

  test.each<readonly [readonly string[], string]>([
    [['coverage', '--sta'], 'coverage|--sta|'],
    [['coverage', '--state', ''], 'coverage|--state||'],
    [['coverage', '--state', '=', 'No'], 'coverage|--state|No|'],
    [['coverage', '--state', '='], 'coverage|--state||'],
  ])('bash hands on %s', async (line, asked) => {
    expect(await inBash(line)).toBe(`${asked}\none\ntwo\n`);
  });
});
