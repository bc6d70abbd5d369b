/** Finding: a risky behaviour of one workload or node, whose case people work on and whose silence the operator measures. */
import type { z } from 'zod';
import { conditions, observedGeneration } from './conditions.ts';
import { durationField } from './duration.ts';
import {
  atomicList,
  count,
  day,
  flag,
  group,
  instant,
  largeCount,
  mapOf,
  oneOf,
  text,
  withRules,
  type Immutable,
} from './fields.ts';
import { ageColumn, kind, type KindTable } from './kind.ts';
import { tacticId, techniqueId } from './names.ts';
import { ratioField } from './ratio.ts';
import { casePhases, findingPhases, quietEvidenceLevels, ranks, suspendedReasons } from './vocabulary.ts';

const note = group('A note.', {
  text: text('What is to be remembered.', { max: 2000, min: 1 }),
  author: text("Who wrote it. Stamped from the request's user; left out in a request.", { max: 256 }).optional(),
  time: instant('When. Stamped; left out in a request.').optional(),
});

const caseFile = withRules(
  group('The work of people on this finding. The operator never writes here.', {
    owner: text('Who works on it, such as an e-mail address.', { max: 253, min: 1 }).optional(),
    team: text('The team that it belongs to.', { max: 253, min: 1 }).optional(),
    phase: oneOf(
      'How far the work is: New, Triaged, Remediating, Fixed or RiskAccepted. Fixed claims a fix, which the quiet period then proves or refutes; RiskAccepted needs a reason and an end.',
      casePhases,
    ).default('New'),
    dueDate: day('The day by which it should be fixed.').optional(),
    riskAcceptedUntil: instant('When the acceptance ends by itself.').optional(),
    riskAcceptedReason: text('Why the risk is accepted.', { max: 2000, min: 8 }).optional(),
    remediation: text('What is being done about it.', { max: 2000 }).optional(),
    links: atomicList(
      'Tickets, pull requests and runbooks.',
      group('A link.', {
        title: text('What it is.', { max: 253 }).optional(),
        url: text('Where it is.', {
          max: 2000,
          pattern: /^https?:\/\/[^ ]+$/,
          mustBe: 'url must begin with http:// or https://, such as "https://tracker.example.com/SEC-7"',
        }),
      }),
      32,
    ).optional(),
    notes: atomicList('Notes, the oldest first. Notes are only ever added.', note, 100).optional(),
  }),
  {
    rule: "self.phase != 'RiskAccepted' || (has(self.riskAcceptedReason) && has(self.riskAcceptedUntil))",
    message:
      'spec.case.phase RiskAccepted needs riskAcceptedReason and riskAcceptedUntil, such as "build image, isolated network" and "2027-03-01T00:00:00Z"',
    holds: ({ phase, riskAcceptedReason, riskAcceptedUntil }) =>
      phase !== 'RiskAccepted' || (riskAcceptedReason !== undefined && riskAcceptedUntil !== undefined),
  },
);

const subject = group('Whose behaviour it is.', {
  reference: text('In short, such as "Deployment/checkout" or "Node/worker-7".', { max: 400 }),
  kind: text('Kind of the workload, or Node.', { max: 63 }),
  name: text('Name of the workload or node.', { max: 253 }),
  namespace: text('Namespace of the workload.', { max: 63 }).optional(),
  uid: text('UID of the workload or node, which tells it from a later one of the same name.', { max: 63 }).optional(),
  container: text('The container.', { max: 63 }).optional(),
  image: text('The image in which the behaviour was last seen, as the pod names it.', { max: 1024 }).optional(),
  imageDigest: text('The digest of that image, as the status of the latest pod says.', { max: 128 }).optional(),
  pods: atomicList('A few of the pods that were seen, the latest first.', text('A pod.', { max: 253 }), 20).optional(),
  podsSeen: count('How many pods were seen.').default(0),
  nodes: atomicList('A few of the nodes on which it was seen.', text('A node.', { max: 253 }), 20).optional(),
  services: atomicList('Services that select the workload.', text('A Service.', { max: 63 }), 20).optional(),
  team: text('The team, from labels or annotations of the pods, the workload or its namespace.', {
    max: 253,
  }).optional(),
});

/** Names of nodes in one list. */
const mostNodesMissing = 20;

const quiet = group('The quiet period: how long the behaviour has stayed away while someone was listening.', {
  required: durationField('required', 'Observed time without the behaviour after which the finding is resolved.'),
  requiredRuns: count(
    'For Jobs and CronJobs, clean observed runs after which it is resolved, instead of time.',
  ).optional(),
  observedBefore: durationField('observedBefore', 'Observed time that was counted before runningSince.').default('0s'),
  observedRuns: count('Clean observed runs so far.').optional(),
  runningSince: instant('Since when the clock runs. Left out while it stands still.').optional(),
  clearsAt: instant(
    'When the finding is resolved if nothing happens until then. Left out while the clock stands still.',
  ).optional(),
  suspendedReason: oneOf(`Why the clock stands still: ${suspendedReasons.join(', ')}.`, suspendedReasons).optional(),
  suspendedMessage: text('Why, in a sentence with names and numbers.', { max: 1024 }).optional(),
  evidence: oneOf('What must be known of the agent for time to count as observed.', quietEvidenceLevels).optional(),
  requiredNodes: ratioField(
    'requiredNodes',
    'The share of the nodes that run the workload on which an agent must watch. Left out where it must on all of them.',
  ).optional(),
  heard: group('On how many of the nodes that run the workload the behaviour would be heard. Left out where on all.', {
    nodes: count('Nodes on which it would be.'),
    of: count('Nodes that run the workload.'),
  }).optional(),
  missing: atomicList(
    'Of which agents events are missing: they have counted more than arrived. Nothing is proven there until something of the agent arrives, whichever leader there is then. Empty where nobody knows of any.',
    group('Of one agent.', {
      agent: text('The ProtectionAgent.', { max: 253 }),
      nodes: atomicList(
        `The nodes. Left out where there are more than ${mostNodesMissing}: then every node that runs the workload is in doubt.`,
        text('A node.', { max: 253 }),
        mostNodesMissing,
      ).optional(),
    }),
    16,
  ).optional(),
});

const imageChange = group(
  'Set while all running pods of the workload run another image than the one in which the behaviour was last seen: evidence of a fix, and no proof.',
  {
    from: text('The image in which the behaviour was last seen, with its digest where it is known.', { max: 1200 }),
    to: atomicList('The images that run now.', text('An image.', { max: 1200 }), 5),
    pods: count('How many pods ran when this was written.'),
    since: instant('When it was first found so.'),
  },
);

const event = group('An event. Secrets in it are masked.', {
  id: text('Its identifier, where the agent gives one.', { max: 128 }).optional(),
  time: instant('When it happened.'),
  agent: text('The ProtectionAgent that saw it.', { max: 253 }).optional(),
  rule: text('The rule that saw it.', { max: 253 }).optional(),
  node: text('The node.', { max: 253 }).optional(),
  pod: text('The pod.', { max: 253 }).optional(),
  executable: text('Path of the executable.', { max: 1024 }).optional(),
  arguments: text('Its arguments, cut to length.', { max: 1024 }).optional(),
  parent: text('The process that started it.', { max: 1024 }).optional(),
  user: text('The user that it ran as.', { max: 253 }).optional(),
  file: text('The file that was touched.', { max: 1024 }).optional(),
  destination: text('The address that was reached.', { max: 253 }).optional(),
  message: text("The agent's own words.", { max: 2000 }).optional(),
  agentType: text('The type of the agent.', { max: 63 }).optional(),
  policy: text("The agent's policy that saw it.", { max: 253 }).optional(),
  process: text('Name of the process.', { max: 1024 }).optional(),
  tags: atomicList('Tags of the event.', text('A tag.', { max: 253 }), 16).optional(),
  podAge: durationField('podAge', 'How old the pod was.').optional(),
  version: text('Which version the node had, of what is outdated.', { max: 253 }).optional(),
  countedBy: text('Digest of the rules of policies by which it counted.', { max: 63 }).optional(),
});

const transition = group('A transition.', {
  time: instant('When.'),
  actor: text('Who: a user, or the operator.', { max: 256 }),
  from: oneOf('The phase before; left out for the first.', findingPhases).optional(),
  to: oneOf('The phase after.', findingPhases),
  reason: text('Why, as one word in CamelCase.', { max: 63, pattern: /^[A-Z][A-Za-z0-9]*$/ }),
  message: text('Why, in a sentence.', { max: 1024 }).optional(),
});

const status = group('What was seen, and how it stands.', {
  observedGeneration: observedGeneration().optional(),
  conditions: conditions(
    'Verified (the quiet period has been observed), FixFailed (the behaviour came back after a fix was claimed), ImageChanged (all pods run another image than the one in which it was last seen; left out where no image is known)',
  ).optional(),
  behaviour: text('The behaviour, built in or of a policy.', { max: 63 }),
  severity: oneOf('How bad it is.', ranks),
  subject,
  phase: oneOf(
    'Open, Remediating, Verifying (a fix is claimed and being proven), Resolved or RiskAccepted.',
    findingPhases,
  ),
  policies: atomicList(
    'WorkloadPolicies that make the behaviour a finding here.',
    text('A WorkloadPolicy.', { max: 253 }),
    32,
  ).optional(),
  count: largeCount('How many events there were.').default(0),
  firstSeen: instant('When the first was.').optional(),
  lastSeen: instant('When the last was.').optional(),
  fixedAt: instant('When a fix was last claimed.').optional(),
  resolvedAt: instant('When it was resolved.').optional(),
  resolution: oneOf(
    'Verified: the quiet period was observed. Gone: the workload or node was deleted, which proves nothing.',
    ['Verified', 'Gone'],
  ).optional(),
  reopened: count('How often the behaviour came back after it was resolved.').default(0),
  imageChange: imageChange.optional(),
  quiet: quiet.optional(),
  evidence: atomicList('The last few events, the latest first.', event, 10).optional(),
  agents: atomicList('ProtectionAgents that saw it.', text('A ProtectionAgent.', { max: 253 }), 16).optional(),
  rules: atomicList('Rules that saw it.', text('A rule.', { max: 253 }), 32).optional(),
  declaredRules: atomicList(
    'Of these, those that an object in the cluster has declared. One that none declares any more sees nothing, so that the clock stands still.',
    text('A rule.', { max: 253 }),
    32,
  ).optional(),
  mitre: group('Its place in MITRE ATT&CK.', {
    tactics: atomicList('Tactics.', tacticId('A tactic.'), 16).optional(),
    techniques: atomicList('Techniques.', techniqueId('A technique.'), 32).optional(),
  }).optional(),
  remediation: group('How it may be mended.', {
    text: text('Advice.', { max: 4000 }),
    links: atomicList('Further reading.', text('An address.', { max: 2000 }), 8).optional(),
  }).optional(),
  history: atomicList(
    'Every transition, the oldest first. Past the limit the second oldest is dropped.',
    transition,
    100,
  ).optional(),
  journal: mapOf(
    "Positions in the operator's journals up to which events are counted here, by journal, so that a replay never counts twice.",
    largeCount('A position.'),
    16,
  ).optional(),
  tombstone: group('Set where the finding outlived its namespace: what is left of it.', {
    time: instant('When the namespace went.'),
    digest: text('SHA-256 over the RFC 8785 JSON of the finding as it was.', {
      max: 71,
      pattern: /^sha256:[0-9a-f]{64}$/,
    }),
    exported: flag('True if it was sent to every sink before.').default(false),
  }).optional(),
});

export const findingSchema = kind(
  'Finding',
  'A risky behaviour of one workload or node, such as a compiler that runs in a production container. People keep its case; the operator measures whether it is gone.',
  {
    spec: group('What people decide.', { case: caseFile.prefault({}) }).prefault({}),
    status: status.optional(),
  },
);

export type Finding = Immutable<z.infer<typeof findingSchema>>;
export type FindingInput = Immutable<z.input<typeof findingSchema>>;
export type FindingSpec = Finding['spec'];
export type FindingStatus = NonNullable<Finding['status']>;

export const findingTable: KindTable = {
  kind: 'Finding',
  plural: 'findings',
  singular: 'finding',
  shortName: 'fnd',
  scope: 'Namespaced',
  hasStatus: true,
  schema: findingSchema,
  columns: [
    { name: 'Severity', type: 'string', jsonPath: '.status.severity', description: 'How bad it is.' },
    { name: 'Behaviour', type: 'string', jsonPath: '.status.behaviour', description: 'What was seen.' },
    { name: 'Subject', type: 'string', jsonPath: '.status.subject.reference', description: 'Whose behaviour it is.' },
    {
      name: 'Container',
      type: 'string',
      jsonPath: '.status.subject.container',
      description: 'The container.',
      priority: 1,
    },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'How it stands.' },
    { name: 'Count', type: 'integer', jsonPath: '.status.count', description: 'How many events there were.' },
    { name: 'Last Seen', type: 'date', jsonPath: '.status.lastSeen', description: 'Time since the last event.' },
    {
      name: 'Clears',
      type: 'string',
      jsonPath: '.status.quiet.clearsAt',
      description: 'When it is resolved if nothing happens until then.',
    },
    {
      name: 'Suspended',
      type: 'string',
      jsonPath: '.status.quiet.suspendedReason',
      description: 'Why the quiet clock stands still.',
      priority: 1,
    },
    {
      name: 'Case',
      type: 'string',
      jsonPath: '.spec.case.phase',
      description: 'How far the work on it is.',
      priority: 1,
    },
    {
      name: 'Team',
      type: 'string',
      jsonPath: '.spec.case.team',
      description: 'The team that it belongs to.',
      priority: 1,
    },
    { name: 'Owner', type: 'string', jsonPath: '.spec.case.owner', description: 'Who works on it.', priority: 1 },
    ageColumn,
  ],
  selectableFields: [
    '.spec.case.phase',
    '.spec.case.owner',
    '.spec.case.team',
    '.status.severity',
    '.status.phase',
    '.status.behaviour',
  ],
};
