/** One entry of WorkloadPolicy.spec.posture: a risky behaviour, built in or of the user's own, and when it counts as gone. */
import type { z } from 'zod';
import { durationField } from './duration.ts';
import { atomicList, between, group, oneOf, text, withRules, type Immutable } from './fields.ts';
import { versionText } from './names.ts';
import { ratioField } from './ratio.ts';
import { builtInBehaviours, quietEvidenceLevels, ranks } from './vocabulary.ts';

/** The fields of an event, in the neutral form into which every agent's events are brought. */
export const eventFields = [
  'Agent',
  'Policy',
  'Rule',
  'Tag',
  'Executable',
  'ProcessName',
  'Arguments',
  'ParentName',
  'FilePath',
  'Destination',
  'Namespace',
  'Workload',
  'Container',
  'Image',
] as const;

const versioned = ['OutdatedKernel', 'OutdatedContainerRuntime'] as const;
const quoted = (values: readonly string[]) => `[${values.map((value) => `'${value}'`).join(', ')}]`;
const isBuiltIn = (behaviour: string) => builtInBehaviours.some((known) => known === behaviour);
const isVersioned = (behaviour: string) => versioned.some((known) => known === behaviour);

const patterns = (description: string) =>
  atomicList(description, text('What to compare with.', { max: 512, min: 1 }), 64).optional();

const comparison = withRules(
  group('One field of the event, compared with values of which one must match. There are no regular expressions.', {
    field: oneOf('The field of the event.', eventFields),
    equals: patterns('Exactly one of these.'),
    prefix: patterns('Begins with one of these.'),
    suffix: patterns('Ends with one of these.'),
    glob: patterns('Matches one of these, where * is any run of characters and ? any one.'),
  }),
  {
    rule: 'has(self.equals) || has(self.prefix) || has(self.suffix) || has(self.glob)',
    message: 'a comparison needs equals, prefix, suffix or glob, such as {field: ProcessName, equals: [gcc]}',
    holds: ({ equals, prefix, suffix, glob }) => [equals, prefix, suffix, glob].some((values) => values !== undefined),
  },
);

const matcher = group('Events for which every comparison holds.', {
  allOf: atomicList('Comparisons that must all hold.', comparison, 8, 1),
});

export const postureRule = withRules(
  group('A risky behaviour that is to become a finding.', {
    behaviour: text(
      `A built-in behaviour (${builtInBehaviours.join(', ')}), or a name of your own together with match.`,
      {
        max: 63,
        min: 3,
        pattern: /^[A-Z][A-Za-z0-9]*$/,
        mustBe: 'behaviour must be one word in CamelCase, such as CompilerInContainer',
      },
    ),
    match: group('Which events are this behaviour. Only for names of your own.', {
      anyOf: atomicList('Descriptions of which one must fit.', matcher, 16, 1),
    }).optional(),
    severity: oneOf("How bad it is. Left out, the behaviour's own; Medium for names of your own.", ranks).optional(),
    quietPeriod: durationField(
      'quietPeriod',
      'How long the behaviour must stay away, in observed time, until its finding is resolved.',
      {
        atLeast: '1s',
        atMost: '8760h',
      },
    ).default('24h'),
    quietEvidence: oneOf(
      'What must be known of the agent for time to count as observed. Left out, the most that the agent as installed can show.',
      quietEvidenceLevels,
    ).optional(),
    quietNodes: ratioField(
      'quietNodes',
      "The share of the nodes that run the workload's pods on which the agent must have watched.",
    ).default('100%'),
    quietRuns: between(
      'For Jobs and CronJobs, how many clean observed runs resolve the finding, instead of time.',
      1,
      100,
    ).default(3),
    minimumPodAge: durationField(
      'minimumPodAge',
      'Events from younger pods are left alone. InteractiveShell takes 10m where this is left out.',
      {
        atMost: '8760h',
      },
    ).optional(),
    minimumVersion: versionText(
      'minimumVersion',
      'For OutdatedKernel and OutdatedContainerRuntime, the oldest version that is not a finding.',
    ).optional(),
    exclude: atomicList('Events that are left alone, such as those of a build namespace.', matcher, 32).optional(),
  }),
  {
    rule: `self.behaviour in ${quoted(builtInBehaviours)} ? !has(self.match) : has(self.match)`,
    message: `behaviour must be a built-in one without match (${builtInBehaviours.join(', ')}), or a name of your own with match`,
    holds: ({ behaviour, match }) => isBuiltIn(behaviour) === (match === undefined),
  },
  {
    rule: `self.behaviour in ${quoted(versioned)} ? has(self.minimumVersion) : !has(self.minimumVersion)`,
    message:
      'minimumVersion is required for OutdatedKernel and OutdatedContainerRuntime, such as "5.15", and is not for other behaviours',
    holds: ({ behaviour, minimumVersion }) => isVersioned(behaviour) === (minimumVersion !== undefined),
  },
);

export type PostureRule = Immutable<z.infer<typeof postureRule>>;
export type EventMatcher = Immutable<z.infer<typeof matcher>>;
