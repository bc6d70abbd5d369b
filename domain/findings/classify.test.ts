import { assert, constantFrom, property, string, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInBehaviours } from '../../crds/schema/vocabulary.ts';
import { aPolicy, counting } from '../testing/policies.ts';
import { behaviours } from './behaviours.ts';
import { behavioursNamedBy, classify, defaultQuiet, type ClassifyContext } from './classify.ts';
import { globMatches } from './match.ts';
import type { Comparison, EventMatcher, PostureRule, SecurityEvent } from './types.ts';

const hour = 3_600_000;
const minute = 60_000;

const anEvent = (overrides: Partial<SecurityEvent> = {}): SecurityEvent => ({
  at: 0,
  agentType: 'Falco',
  tags: [],
  tactics: [],
  techniques: [],
  origin: { onHost: false },
  ...overrides,
});

const gcc = anEvent({ process: { executable: '/usr/bin/gcc', name: 'gcc' } });

const where = (field: Comparison['field'], how: Partial<Comparison>): EventMatcher => ({
  allOf: [{ field, equals: [], prefix: [], suffix: [], glob: [], ...how }],
});

const inCluster = (rules: readonly PostureRule[], overrides: Partial<ClassifyContext> = {}): ClassifyContext => {
  const policies = rules.map((rule, index) => aPolicy({ name: `policy-${index}`, posture: [rule] }));
  return { podAge: undefined, selecting: policies, named: behavioursNamedBy(policies), ...overrides };
};

const names = (event: SecurityEvent, context = inCluster([])): readonly string[] =>
  classify(event, context).map(({ behaviour }) => behaviour);

describe('a built-in behaviour', () => {
  test.each<[string, Partial<SecurityEvent>, string]>([
    ['a compiler by its process', { process: { name: 'x86_64-linux-gnu-gcc' } }, 'CompilerInContainer'],
    ['a compiler by our rule for Falco', { rule: 'Compiler Run in Container' }, 'CompilerInContainer'],
    ['an SSH server by our rule for Falco', { rule: 'SSH Server Run in Container' }, 'SshServerInContainer'],
    ['drift by another name of the rule', { rule: 'a detector', tags: ['TRC-1022'] }, 'BinaryDrift'],
    ['a compiler by Datadog’s rule', { agentType: 'Datadog', rule: 'compiler_in_container_v2' }, 'CompilerInContainer'],
    [
      'a package manager by Falco’s rule',
      { rule: 'Launch Package Management Process in Container' },
      'PackageManagerInContainer',
    ],
    ['a package manager by its process', { process: { name: 'apk' } }, 'PackageManagerInContainer'],
    ['a shell by Falco’s rule', { rule: 'Terminal shell in container' }, 'InteractiveShell'],
    ['the metadata service by its address', { destination: '169.254.169.254:80' }, 'LegacyMetadataService'],
    ['a new binary by Kubescape’s id', { agentType: 'Kubescape', rule: 'R1001' }, 'BinaryDrift'],
    ['a new binary by Tracee’s id', { agentType: 'Tracee', rule: 'TRC-1022' }, 'BinaryDrift'],
    ['a scanner', { process: { name: 'nmap' } }, 'NetworkToolInContainer'],
    ['an SSH server', { process: { name: 'sshd' } }, 'SshServerInContainer'],
  ])('is %s', (_, event, behaviour) => {
    expect(names(anEvent(event))).toEqual([behaviour]);
  });

  test.each<[string, Partial<SecurityEvent>]>([
    ['a threat detection', { rule: 'Read sensitive file untrusted', process: { name: 'cat' } }],
    ['what happens on the node itself', { process: { name: 'gcc' }, origin: { onHost: true } }],
    ['a shell without a terminal', { process: { name: 'bash' } }],
    ['a word of the agent about itself', { rule: 'Terminal shell in container', isInternal: true }],
    ['nothing in particular', {}],
  ])('is not %s', (_, event) => {
    expect(names(anEvent(event))).toEqual([]);
  });

  test('counts everywhere with its own defaults where no policy names it', () => {
    expect(classify(gcc, inCluster([]))).toEqual([
      {
        behaviour: 'CompilerInContainer',
        severity: 'Medium',
        policies: [],
        quiet: defaultQuiet,
        tactics: ['TA0005'],
        techniques: ['T1027.004'],
      },
    ]);
  });

  test('counts only where a policy that names it selects the subject', () => {
    const context = inCluster([counting()]);
    expect(names(gcc, context)).toEqual(['CompilerInContainer']);
    expect(names(gcc, { ...context, selecting: [] })).toEqual([]);
  });

  test('is left alone where the policy excludes it, and counts by a policy that does not', () => {
    const excluding = counting({ exclude: [where('Namespace', { prefix: ['build-'] })] });
    const inBuild = { namespace: 'build-7' };
    expect(names(gcc, inCluster([excluding], inBuild))).toEqual([]);
    expect(classify(gcc, inCluster([excluding, counting()], inBuild))).toMatchObject([{ policies: ['policy-1'] }]);
  });

  test('under several policies takes the worst severity and the hardest terms', () => {
    const context = inCluster([
      counting({ severity: 'Low', quietPeriod: 48 * hour, quietEvidence: 'Running', quietNodes: 0.5, quietRuns: 5 }),
      counting({ severity: 'High', quietPeriod: hour, quietEvidence: 'Delivered', quietNodes: 1, quietRuns: 1 }),
    ]);
    expect(classify(gcc, context)).toMatchObject([
      {
        severity: 'High',
        policies: ['policy-0', 'policy-1'],
        quiet: { period: 48 * hour, evidence: 'Delivered', nodes: 1, runs: 5 },
      },
    ]);
  });

  test.each<[string, number | undefined, readonly PostureRule[], number]>([
    ['in a pod that has just started', 10 * minute - 1, [], 0],
    ['in a pod that is old enough', 10 * minute, [], 1],
    ['in a pod whose age is not known', undefined, [], 1],
    [
      'in a pod that a policy finds old enough',
      minute,
      [counting({ behaviour: 'InteractiveShell', minimumPodAge: minute })],
      1,
    ],
    [
      'in a pod that a policy finds too young',
      hour,
      [counting({ behaviour: 'InteractiveShell', minimumPodAge: 2 * hour })],
      0,
    ],
  ])('of a shell %s', (_, podAge, rules, count) => {
    const shell = anEvent({ rule: 'Terminal shell in container' });
    expect(names(shell, inCluster(rules, { podAge }))).toHaveLength(count);
  });

  test('of no minimum age counts in a pod that seems to be made in the future', () => {
    expect(names(gcc, inCluster([], { podAge: -60_000 }))).toEqual(['CompilerInContainer']);
  });

  test('has a name that the API knows, advice, and a reason why it is a risk', () => {
    for (const { advice, means, risk } of behaviours) {
      expect(Math.min(advice.length, means.length, risk.length)).toBeGreaterThan(20);
    }
    expect(behaviours.map(({ name }) => name).toSorted()).toEqual(builtInBehaviours.toSorted());
  });
});

describe('a behaviour of somebody’s own', () => {
  const crypto = counting({
    behaviour: 'CryptoMiner',
    match: [where('ProcessName', { glob: ['xmrig*'] }), where('Destination', { suffix: [':3333'] })],
  });

  test('is recognised by any of its matchers', () => {
    expect(names(anEvent({ process: { name: 'xmrig-6.2' } }), inCluster([crypto]))).toEqual(['CryptoMiner']);
    expect(names(anEvent({ destination: 'pool.example.com:3333' }), inCluster([crypto]))).toEqual(['CryptoMiner']);
    expect(names(anEvent({ destination: 'pool.example.com:443' }), inCluster([crypto]))).toEqual([]);
  });

  test('has the severity that it is given, Medium otherwise, and the techniques of the rule that saw it', () => {
    const event = anEvent({ process: { name: 'xmrig' }, tactics: ['TA0040'], techniques: ['T1496'] });
    expect(classify(event, inCluster([crypto]))).toMatchObject([{ severity: 'Medium', techniques: ['T1496'] }]);
    expect(classify(event, inCluster([{ ...crypto, severity: 'Critical' }]))).toMatchObject([{ severity: 'Critical' }]);
  });

  test('may stand beside a built-in one', () => {
    const ours = counting({ behaviour: 'BuildTool', match: [where('Executable', { prefix: ['/usr/bin/'] })] });
    expect(names(gcc, inCluster([ours]))).toEqual(['CompilerInContainer', 'BuildTool']);
  });
});

describe('a glob', () => {
  test.each([
    ['*', '', true],
    ['gcc-*', 'gcc-12', true],
    ['gcc-*', 'gcc', false],
    ['?cc', 'gcc', true],
    ['?cc', 'cc', false],
    ['*a*b*c', 'xxaxxbxxbxxc', true],
    ['*a*b*c', 'xxaxxcxxb', false],
    ['[a]', 'a', false],
    ['a**b', 'ab', true],
  ])('%s on %s', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  test('says the same as a regular expression would', () => {
    const pattern = stringMatching(/^[ab*?]{0,8}$/);
    const text = string({ unit: constantFrom('a', 'b', 'c'), maxLength: 10 });
    assert(
      property(pattern, text, (glob, value) => {
        const regular = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(globMatches(glob, value)).toBe(regular.test(value));
      }),
    );
  });
});
