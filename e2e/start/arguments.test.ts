import { describe, expect, test } from 'vitest';
import { parseArguments, usage } from './arguments.ts';

describe('the command line of npm start', () => {
  test('needs nothing', () => {
    expect(parseArguments([])).toEqual({ nodes: 60, once: false });
  });

  test('may name a cluster', () => {
    expect(parseArguments(['--context', 'a', '--yes', '--webhook-url', 'https://10.0.0.1:9443'])).toEqual({
      nodes: 60,
      once: false,
      context: { name: 'a', kubeconfig: undefined, yes: true, webhookUrl: new URL('https://10.0.0.1:9443') },
    });
  });

  test.each([['--help'], ['-h']])('asks for help by %s', (flag) => {
    expect(parseArguments([flag])).toBeUndefined();
  });

  test.each([
    [['--nodes', 'many'], '--nodes takes a number from 20 to 1000, not many'],
    [['--nodes', '1001'], '--nodes takes a number'],
    [['--nodes', '20.5'], '--nodes takes a number'],
    [['--kubeconfig', 'f'], '--kubeconfig goes with --context'],
    [['--webhook-url', 'https://a'], '--webhook-url goes with --context'],
    [['--context', 'a', '--nodes', '30'], '--nodes does not go with --context'],
    [['--context', 'a', '--webhook-url', 'http://a:1'], '--webhook-url takes https://host:port, not http://a:1'],
    [['--context', 'a', '--webhook-url', 'https://a/path'], '--webhook-url takes https://host:port'],
    [['--unknown'], "Unknown option '--unknown'"],
  ])('%j is refused in words', (args, words) => {
    expect(() => parseArguments(args)).toThrow(words);
  });

  test('explains each of its options', () => {
    for (const option of ['nodes', 'context', 'kubeconfig', 'yes', 'webhook-url', 'once', 'help'])
      expect(usage).toContain(`--${option} `);
  });
});
