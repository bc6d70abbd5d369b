import { describe, expect, test } from 'vitest';
import { parseFlags } from '../flags/table.ts';
import { assetFilter } from './filter.ts';
import { filterFlags, filtersOf } from './filter-flags.ts';
import { assets } from './testing/fleet.ts';

const matching = (...args: readonly string[]): readonly string[] =>
  assets()
    .filter(assetFilter(filtersOf(parseFlags(filterFlags, args))))
    .map(({ key }) => key);

const nodes = ['gpu-1', 'general-2', 'general-1'];
const workloads = [
  'shop/Deployment/web',
  'shop/StatefulSet/db',
  'ml/Job/train',
  'legacy/Deployment/old-shop',
  'shop/CronJob/nightly',
];
const withFullRules = ['general-2', 'shop/Deployment/web', 'shop/StatefulSet/db'];

describe('each filter', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['none leaves all', [], [...nodes, ...workloads]],
    ['state', ['--state', 'NoAgent'], ['gpu-1', 'ml/Job/train']],
    ['state in any case', ['--state', 'noagent'], ['gpu-1', 'ml/Job/train']],
    ['alternatives by comma', ['--state', 'Warning,Exempt'], ['general-1', 'legacy/Deployment/old-shop']],
    [
      'alternatives by repetition',
      ['--state', 'Warning', '--state', 'Exempt'],
      ['general-1', 'legacy/Deployment/old-shop'],
    ],
    ['a state left out', ['--state', '!Protected,!NotRunning,!Exempt'], ['gpu-1', 'general-1', 'ml/Job/train']],
    ['evidence', ['--evidence', 'Running'], ['general-1']],
    ['no evidence', ['--evidence', 'None', '--state', 'NoAgent'], ['gpu-1', 'ml/Job/train']],
    ['reason', ['--reason', 'AgentOutdated'], ['general-1']],
    ['agent', ['--agent', 'falco', '--node', '*'], ['general-2', 'general-1']],
    ['an agent that is absent', ['--agent', '!falco', '--node', '*'], ['gpu-1']],
    ['version of an agent', ['--agent-version', '0.36.2'], ['general-1']],
    ['older versions', ['--agent-version', '<0.43'], ['general-1']],
    ['newer versions', ['--agent-version', '>=0.44.1', '--node', '*'], ['general-2']],
    ['an older version of another agent', ['--agent', 'tetragon', '--agent-version', '<0.43'], []],
    ['a detection policy', ['--policy', 'shop.yaml'], withFullRules],
    ['a WorkloadPolicy', ['--policy', 'shop'], ['shop/Deployment/web', 'shop/StatefulSet/db']],
    ['a policy that is absent', ['--policy', '!shop.yaml', '--node', '*'], ['gpu-1', 'general-1']],
    ['a policy that is only declared', ['--policy', 'declared.yaml'], []],
    ['a policy that is missing', ['--policy', 'declared.yaml', '--policy-status', 'Missing'], ['general-1']],
    ['anything that is missing', ['--policy-status', 'Missing'], ['general-1']],
    ['status of a policy', ['--policy-status', 'PartiallyLoaded'], withFullRules],
    ['status of a certain policy', ['--policy', 'falco_rules.yaml', '--policy-status', 'PartiallyLoaded'], []],
    ['type of a policy', ['--policy-type', 'ThreatDetection', '--node', '*'], ['general-2', 'general-1']],
    ['version of a policy', ['--version', '<4', '--policy', 'falco*'], ['general-1']],
    ['a rule in whatever status', ['--rule', 'Container Run as Root User'], withFullRules],
    ['a rule by a glob', ['--rule', 'debugfs*'], withFullRules],
    ['a rule in a status', ['--rule', 'Container*', '--rule-status', 'Loaded'], []],
    ['failed rules', ['--rule-status', 'Failed'], withFullRules],
    ['a rule that is absent', ['--rule', '!debugfs*', '--node', '*'], ['gpu-1', 'general-1']],
    ['a tactic by id', ['--tactic', 'TA0004'], withFullRules],
    ['a tactic as the seed writes it', ['--tactic', 'TA004-privilege-escalation'], withFullRules],
    ['a technique', ['--technique', 'T1611'], withFullRules],
    ['a technique by its sub-technique', ['--technique', 'T1059', '--node', '*'], ['general-2', 'general-1']],
    ['a technique that nothing sees', ['--technique', '!T1611', '--node', '*'], ['gpu-1', 'general-1']],
    ['namespace', ['-n', 'shop'], ['shop/Deployment/web', 'shop/StatefulSet/db', 'shop/CronJob/nightly']],
    ['node', ['--node', 'general-*'], ['general-2', 'general-1']],
    ['workload by name', ['--workload', 'web'], ['shop/Deployment/web']],
    ['workload by kind', ['--workload', 'deployment/*'], ['shop/Deployment/web', 'legacy/Deployment/old-shop']],
    ['workload whole', ['--workload', 'ml/job/train'], ['ml/Job/train']],
    ['words of a cause', ['--search', 'DEDICATED=gpu'], ['gpu-1', 'ml/Job/train']],
    ['a comma in the search', ['--search', 'a,b'], []],
    ['filters together', ['--state', 'NoAgent', '-n', 'ml'], ['ml/Job/train']],
  ])('%s', (_, args, expected) => {
    expect(matching(...args)).toEqual(expected);
  });
});

describe('a slip of the pen is told, since it would look like a gap', () => {
  test.each<readonly [readonly string[], RegExp]>([
    [['--state', 'Protcted'], /--state: "Protcted" must be one of Protected, /],
    [['--reason', 'NoAgent'], /--reason: "NoAgent" must be one of AgentMissing, /],
    [['--technique', 'escape'], /--technique: "escape" must be an ATT&CK technique such as T1611/],
    [['--tactic', 'escalation'], /--tactic: "escalation" must be an ATT&CK tactic such as TA0004/],
    [['--stat', 'x'], /--stat/],
  ])('%s', (args, message) => {
    expect(() => filtersOf(parseFlags(filterFlags, args))).toThrow(message);
  });
});
