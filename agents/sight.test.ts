import { describe, expect, it } from 'vitest';
import type { PostureRule } from '../domain/findings/types.ts';
import type { Ruleset, RulesetPolicy } from '../domain/telemetry/ruleset.ts';
import { counting, labelled, selecting } from '../domain/testing/policies.ts';
import { aLoaded, aRuleset } from '../domain/testing/telemetry.ts';
import { unseenBehaviours, type InstalledAgent, type SightInput } from './sight.ts';

const rulesets = (
  rules: readonly string[] | undefined,
  policy: Partial<RulesetPolicy> = {},
  proof: Ruleset['proof'] = 'Complete',
): readonly Ruleset[] => [
  aRuleset(
    [
      aLoaded({
        name: 'falco_rules.yaml',
        rules: rules?.map((name) => ({ name, status: 'Loaded', tactics: [], techniques: [] })),
        ...policy,
      }),
    ],
    proof,
  ),
];
const noPolicies = [aRuleset([])];

const agent = (type: string, loaded: InstalledAgent['rulesets'] = [undefined]): InstalledAgent => ({
  name: type.toLowerCase(),
  type,
  rulesets: loaded,
});

const unseen = (behaviour: string | PostureRule, input: Partial<SightInput>): string | undefined =>
  unseenBehaviours({
    posture: [typeof behaviour === 'string' ? counting({ behaviour }) : behaviour],
    selector: selecting(),
    agents: [],
    asksKubelets: undefined,
    ...input,
  })[0]?.why;

const own = (...rules: readonly string[]): PostureRule =>
  counting({
    behaviour: 'OfOurOwn',
    match: [{ allOf: [{ field: 'Rule', equals: rules, prefix: [], suffix: [], glob: [] }] }],
  });
const ownProgram: PostureRule = counting({
  behaviour: 'OfOurOwn',
  match: [{ allOf: [{ field: 'ProcessName', equals: ['x'], prefix: [], suffix: [], glob: [] }] }],
});

describe('nobody can see', () => {
  it.each<[string, string | PostureRule, Partial<SightInput>, RegExp]>([
    ['a compiler, where no agent is installed', 'CompilerInContainer', { agents: [] }, /no agent is installed/],
    [
      'a compiler, where Falco has only rules of others',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets(['Terminal shell in container']))] },
      /^falco has loaded no rule .*\(Compiler Run in Container\): load config\/falco\/posture-rules\.yaml$/,
    ],
    [
      'a compiler, where the rule for it is off',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets(['Compiler Run in Container'], { status: 'Disabled' }))] },
      /load config/,
    ],
    [
      'a shell, where Datadog has lost its rule',
      'InteractiveShell',
      { agents: [agent('Datadog', rulesets(['aws_imds']))] },
      /^datadog .*interactive_shell_in_container_v2.*switch it on/,
    ],
    [
      'drift, where there is only Tetragon',
      'BinaryDrift',
      { agents: [agent('Tetragon')] },
      /^tetragon has no rule for it: Falco, Datadog/,
    ],
    [
      'drift, where there are two that do not',
      'BinaryDrift',
      { agents: [agent('Tetragon'), agent('KubeArmor')] },
      /^tetragon has no rule.*; kubearmor has no rule/,
    ],
    [
      'a terminal, where Tetragon has no TracingPolicy',
      'InteractiveShell',
      { agents: [agent('Tetragon', noPolicies)] },
      /^tetragon has loaded no policy at all: give it a TracingPolicy with the tag terminal$/,
    ],
    [
      'what only a rule tells that is not loaded',
      own('Ours'),
      { agents: [agent('Falco', rulesets(['Another']))] },
      /no rule that match describes/,
    ],
    [
      'cgroups, where kubelets are not asked',
      'OutdatedCgroups',
      { asksKubelets: false },
      /operator\.kubeletMetrics\.enabled/,
    ],
    [
      'a node, where pods are selected',
      'OutdatedKernel',
      { asksKubelets: true, selector: { namespace: labelled({ env: 'x' }), pod: undefined } },
      /it is of nodes/,
    ],
  ])('%s', (_, behaviour, input, why) => {
    expect(unseen(behaviour, input)).toMatch(why);
  });
});

describe('somebody can see, or may', () => {
  it.each<[string, string | PostureRule, Partial<SightInput>]>([
    ['anything, where it is not known which agents there are', 'CompilerInContainer', { agents: undefined }],
    [
      'a compiler, where Falco has the rule',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets(['Compiler Run in Container']))] },
    ],
    [
      'a compiler, where a node of Falco has the rule',
      'CompilerInContainer',
      { agents: [agent('Falco', [...rulesets([]), ...rulesets(['Compiler run in container'])])] },
    ],
    [
      'a compiler, where the rule is declared, and nobody denies it',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets(['Compiler Run in Container'], { status: 'Declared' }))] },
    ],
    [
      'a compiler, where nobody knows what a node of Falco has',
      'CompilerInContainer',
      { agents: [agent('Falco', [...rulesets([]), undefined])] },
    ],
    [
      'a compiler, where there may be more rules',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets([], {}, 'Partial'))] },
    ],
    [
      'a compiler, where nobody knows what is in a file',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets(undefined))] },
    ],
    [
      'a compiler, where there is an agent beside that does',
      'CompilerInContainer',
      { agents: [agent('Falco', rulesets([])), agent('Tetragon')] },
    ],
    ['anything, where an agent is house-made', 'BinaryDrift', { agents: [agent('Tetragon'), agent('Custom')] }],
    [
      'drift, where a TracingPolicy says it in those words',
      'BinaryDrift',
      { agents: [agent('Tetragon', rulesets(['Drifted process executed']))] },
    ],
    [
      'a terminal, where Tetragon has some TracingPolicy',
      'InteractiveShell',
      { agents: [agent('Tetragon', rulesets(['x']))] },
    ],
    [
      'an SSH server, for which Datadog has no rule of its own',
      'SshServerInContainer',
      { agents: [agent('Datadog', rulesets(['x']))] },
    ],
    ['what a loaded rule tells', own('Ours'), { agents: [agent('Falco', rulesets(['Ours']))] }],
    ['what is told by more than a rule', ownProgram, { agents: [agent('Falco', rulesets(['Another']))] }],
    ['what Tetragon may call otherwise', own('Ours'), { agents: [agent('Tetragon', rulesets(['Another']))] }],
    ['cgroups, where kubelets are asked', 'OutdatedCgroups', { asksKubelets: true }],
    ['cgroups, where it is not known whether they are', 'OutdatedCgroups', { asksKubelets: undefined }],
    ['a kernel, without any agent', 'OutdatedKernel', { agents: [], asksKubelets: false }],
  ])('%s', (_, behaviour, input) => {
    expect(unseen(behaviour, input)).toBeUndefined();
  });
});
