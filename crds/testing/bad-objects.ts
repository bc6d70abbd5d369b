/**
 * Objects that must be refused, with the words in which. The same table is held against the schemas here and against a real API
 * server in the end-to-end tests: a rule of the CRD (`by: 'rule'`) must speak the same words in both.
 */
import { agent, finding, findingStatus, gap, pods, policy, report, slice, type ApiObject } from './good-objects.ts';

export interface BadObject {
  readonly name: string;
  readonly object: ApiObject;
  /** The field that the message is about. */
  readonly path: string;
  /** Part of what the API server says. */
  readonly message: string;
  readonly by: 'rule' | 'schema';
}

const rule = (name: string, object: ApiObject, path: string, message: string): BadObject => ({
  name,
  object,
  path,
  message,
  by: 'rule',
});
const schema = (name: string, object: ApiObject, path: string, message: string): BadObject => ({
  name,
  object,
  path,
  message,
  by: 'schema',
});

const scrape = { mode: 'Scrape', port: 9090 };
const token = { authorization: { secretRef: { name: 'agent-token', key: 'token' } } };
const require = (requirement: object) => policy({ require: requirement });
const posture = (...entries: readonly object[]) => policy({ posture: entries });
const exemption = (change: object) =>
  policy({
    exemptions: [
      {
        selector: { podSelector: { matchLabels: { app: 'a' } } },
        reason: 'retired in March',
        expiresAt: '2027-03-01T00:00:00Z',
        ...change,
      },
    ],
  });
const selecting = (podSelector: object) => policy({ selector: { podSelector } });

const badAgents: readonly BadObject[] = [
  schema('an unknown type of agent', agent({ type: 'Falcon' }), 'spec.type', 'supported values: "Falco"'),
  schema('no type of agent', agent({ type: undefined }), 'spec.type', 'Required value'),
  rule('an agent that nothing recognises', agent({ pods: undefined }), 'spec', 'spec needs pods or sidecar'),
  rule(
    'more evidence than is given',
    agent({ pods: { images: ['falcosecurity/falco'] } }),
    'spec.pods',
    'must not exceed the kinds of evidence',
  ),
  rule(
    'a sidecar without any evidence',
    agent({ sidecar: {} }),
    'spec.sidecar',
    'must not exceed the kinds of evidence',
  ),
  schema(
    'four kinds of evidence',
    agent({ pods: { ...pods, minimumEvidence: 4 } }),
    'spec.pods.minimumEvidence',
    'less than or equal to 3',
  ),
  rule(
    'an image with its tag',
    agent({ pods: { ...pods, images: ['falcosecurity/falco:0.44.1'] } }),
    'spec.pods.images[0]',
    'without registry port, tag or digest',
  ),
  rule(
    'a namespace in capitals',
    agent({ pods: { ...pods, namespaces: ['Falco'] } }),
    'spec.pods.namespaces[0]',
    'such as "kube-system"',
  ),
  schema(
    'no names of containers',
    agent({ pods: { ...pods, container: { names: [] } } }),
    'spec.pods.container.names',
    'at least 1 items',
  ),
  rule(
    'a proof of nothing',
    agent({ protection: { remedy: 'Set it', anyOf: [{}] } }),
    'spec.protection.anyOf[0]',
    'exactly one of env',
  ),
  rule(
    'two proofs in one',
    agent({ protection: { remedy: 'Set it', anyOf: [{ env: { name: 'A', value: 'b' }, containerPresent: 'c' }] } }),
    'spec.protection.anyOf[0]',
    'exactly one of env',
  ),
  rule(
    'a container without a variable',
    agent({ protection: { remedy: 'Set it', anyOf: [{ container: 'a', containerPresent: 'c' }] } }),
    'spec.protection.anyOf[0]',
    'it needs env',
  ),
  schema(
    'a proof without remedy',
    agent({ protection: { anyOf: [{ containerPresent: 'c' }] } }),
    'spec.protection.remedy',
    'Required value',
  ),
  schema(
    'an unknown mode of telemetry',
    agent({ telemetry: { mode: 'Pull' } }),
    'spec.telemetry.mode',
    'supported values: "Scrape"',
  ),
  rule(
    'scraping without a port',
    agent({ telemetry: { mode: 'Scrape' } }),
    'spec.telemetry',
    'telemetry.port is required',
  ),
  schema(
    'a port out of range',
    agent({ telemetry: { mode: 'Scrape', port: 70000 } }),
    'spec.telemetry.port',
    'less than or equal to 65535',
  ),
  rule(
    'a path without its slash',
    agent({ telemetry: { ...scrape, path: 'metrics' } }),
    'spec.telemetry.path',
    'must begin with "/"',
  ),
  rule(
    'TLS over HTTP',
    agent({ telemetry: { ...scrape, tls: {} } }),
    'spec.telemetry',
    'only for telemetry.scheme HTTPS',
  ),
  rule(
    'credentials for an agent that pushes',
    agent({ pods: { ...pods, namespaces: ['a'] }, telemetry: { mode: 'Push', ...token } }),
    'spec.telemetry',
    'only for telemetry.mode Scrape',
  ),
  rule(
    'credentials for whoever wears the label',
    agent({ telemetry: { ...scrape, ...token } }),
    'spec',
    'spec.pods.namespaces is required',
  ),
  rule(
    'a client certificate for whoever wears the label',
    agent({ telemetry: { ...scrape, scheme: 'HTTPS', tls: { clientSecretRef: { name: 'client' } } } }),
    'spec',
    'spec.pods.namespaces is required',
  ),
  rule(
    'an interval below the least',
    agent({ telemetry: { interval: '1s' } }),
    'spec.telemetry.interval',
    'interval must be at least 5s',
  ),
  rule(
    'stale before the next reading',
    agent({ telemetry: { interval: '60s', staleAfter: '30s' } }),
    'spec.telemetry',
    'must not be shorter than telemetry.interval',
  ),
  rule('a version in words', agent({ minVersion: 'latest' }), 'spec.minVersion', 'minVersion must be a version'),
  schema(
    'an unknown operating system',
    agent({ operatingSystems: ['plan9'] }),
    'spec.operatingSystems[0]',
    'supported values: "linux"',
  ),
  rule('metrics of a known type', agent({ custom: {} }), 'spec', 'spec.custom is only for spec.type Custom'),
  rule(
    'a custom agent without metrics',
    agent({ type: 'Custom', telemetry: scrape }),
    'spec',
    'spec.custom is required',
  ),
  rule(
    'a metric with a space',
    agent({ type: 'Custom', custom: { drops: { metric: 'lost events' } } }),
    'spec.custom.drops.metric',
    'the name of a Prometheus metric',
  ),
];

const badPolicies: readonly BadObject[] = [
  schema('an unknown criticality', policy({ criticality: 'Severe' }), 'spec.criticality', 'supported values: "Low"'),
  rule(
    'a duration in words',
    policy({ gracePeriod: '5 minutes' }),
    'spec.gracePeriod',
    'gracePeriod must be a duration',
  ),
  rule('a duration in days', policy({ gracePeriod: '1d' }), 'spec.gracePeriod', 'days are written as hours'),
  rule(
    'a grace period without end',
    policy({ gracePeriod: '25h' }),
    'spec.gracePeriod',
    'gracePeriod must be at most 24h',
  ),
  schema(
    'Declared as evidence',
    require({ evidence: 'Declared' }),
    'spec.require.evidence',
    'supported values: "Running"',
  ),
  rule(
    'a drop ratio without its sign',
    require({ maxDropRatio: '0.05' }),
    'spec.require.maxDropRatio',
    'with its sign',
  ),
  rule('a drop ratio over all', require({ maxDropRatio: '101%' }), 'spec.require.maxDropRatio', 'from 0% to 100%'),
  rule(
    'telemetry that must be too young',
    require({ telemetryMaxAge: '1s' }),
    'spec.require.telemetryMaxAge',
    'at least 5s',
  ),
  rule(
    'an agent that no object can be named',
    require({ agents: [{ name: 'Falco Agent' }] }),
    'spec.require.agents[0].name',
    'must be the name of an object',
  ),
  rule('neither tactic nor technique', require({ mitre: [{}] }), 'spec.require.mitre[0]', 'needs a tactic such as'),
  rule(
    'a tactic by its name',
    require({ mitre: [{ tactic: 'Exec' }] }),
    'spec.require.mitre[0].tactic',
    'such as "TA0002"',
  ),
  rule(
    'a technique by half',
    require({ mitre: [{ techniques: ['T1552.5'] }] }),
    'spec.require.mitre[0].techniques[0]',
    'such as "T1059"',
  ),
  rule(
    'In without values',
    selecting({ matchExpressions: [{ key: 'app', operator: 'In' }] }),
    'spec.selector.podSelector.matchExpressions[0]',
    'at least one value for the operators In and NotIn',
  ),
  rule(
    'Exists with values',
    selecting({ matchExpressions: [{ key: 'app', operator: 'Exists', values: ['a'] }] }),
    'spec.selector.podSelector.matchExpressions[0]',
    'none for Exists and DoesNotExist',
  ),
  schema(
    'an unknown operator',
    selecting({ matchExpressions: [{ key: 'app', operator: 'Is' }] }),
    'spec.selector.podSelector.matchExpressions[0].operator',
    'supported values: "In"',
  ),
  rule(
    'a label that cannot be',
    selecting({ matchLabels: { 'my app': 'a' } }),
    'spec.selector.podSelector.matchLabels',
    'a label key must look like',
  ),
  schema(
    'a label value that cannot be',
    selecting({ matchLabels: { app: 'my app' } }),
    'spec.selector.podSelector.matchLabels.app',
    'should match',
  ),
  rule(
    'a behaviour that is misspelt',
    posture({ behaviour: 'CompilerInContaner' }),
    'spec.posture[0]',
    'must be a built-in one without match',
  ),
  rule(
    'a behaviour in lower case',
    posture({ behaviour: 'compiler' }),
    'spec.posture[0].behaviour',
    'one word in CamelCase',
  ),
  rule(
    'a built-in behaviour with a match of its own',
    posture({ behaviour: 'BinaryDrift', match: { anyOf: [{ allOf: [{ field: 'Rule', equals: ['a'] }] }] } }),
    'spec.posture[0]',
    'must be a built-in one without match',
  ),
  rule(
    'a comparison with nothing',
    posture({ behaviour: 'CryptoTool', match: { anyOf: [{ allOf: [{ field: 'Rule' }] }] } }),
    'spec.posture[0].match.anyOf[0].allOf[0]',
    'needs equals, prefix, suffix or glob',
  ),
  rule(
    'an outdated kernel without a version',
    posture({ behaviour: 'OutdatedKernel' }),
    'spec.posture[0]',
    'minimumVersion is required for OutdatedKernel',
  ),
  rule(
    'no quiet at all',
    posture({ behaviour: 'BinaryDrift', quietPeriod: '0s' }),
    'spec.posture[0].quietPeriod',
    'quietPeriod must be at least 1s',
  ),
  schema(
    'an unknown proof of quiet',
    posture({ behaviour: 'BinaryDrift', quietEvidence: 'Guessed' }),
    'spec.posture[0].quietEvidence',
    'supported values: "Running"',
  ),
  schema(
    'an unknown mode of admission',
    policy({ admission: { mode: 'Block' } }),
    'spec.admission.mode',
    'supported values: "Off"',
  ),
  schema(
    'a kind that is not admitted',
    policy({ admission: { kinds: ['Service'] } }),
    'spec.admission.kinds[0]',
    'supported values: "Pod"',
  ),
  schema(
    'an unknown break-glass',
    policy({ admission: { breakGlass: 'Maybe' } }),
    'spec.admission.breakGlass',
    'supported values: "Allowed"',
  ),
  rule(
    'a node condition from a policy that selects no nodes',
    policy({ selector: { podSelector: {} }, nodes: { condition: true } }),
    'spec',
    'need a policy that selects nodes',
  ),
  rule(
    'a startup taint from a policy that selects no nodes',
    policy({ selector: { namespaceSelector: {} }, nodes: { startupTaint: { enabled: true } } }),
    'spec',
    'need a policy that selects nodes',
  ),
  rule(
    'a time limit that is too short',
    policy({ nodes: { startupTaint: { timeLimit: '1s' } } }),
    'spec.nodes.startupTaint.timeLimit',
    'at least 30s',
  ),
  rule(
    'an exemption of everything',
    exemption({ selector: {} }),
    'spec.exemptions[0]',
    'to exempt everything, delete the policy',
  ),
  schema(
    'an exemption without end',
    exemption({ expiresAt: undefined }),
    'spec.exemptions[0].expiresAt',
    'Required value',
  ),
  schema(
    'an exemption until some day',
    exemption({ expiresAt: 'next year' }),
    'spec.exemptions[0].expiresAt',
    'date-time',
  ),
  schema(
    'an exemption with hardly a reason',
    exemption({ reason: 'because' }),
    'spec.exemptions[0].reason',
    'at least 8 chars',
  ),
];

const badReports: readonly BadObject[] = [
  rule('a scope on the whole', report({ scope: { nodeSelector: {} } }, 'cluster'), '', 'cannot have a scope'),
  rule(
    'a snapshot by the name of cluster',
    report({ snapshotOf: { name: 'other' } }, 'cluster'),
    '',
    'cannot be a snapshot',
  ),
  rule(
    'a snapshot with a schedule',
    report({ snapshotOf: { name: 'cluster' }, snapshots: { schedule: '@daily' } }),
    'spec',
    'neither spec.snapshots nor spec.baseline',
  ),
  rule(
    'a schedule in words',
    report({ snapshots: { schedule: 'every day' } }),
    'spec.snapshots.schedule',
    'a cron expression with five fields',
  ),
  rule('a report that never rests', report({ refreshInterval: '1s' }), 'spec.refreshInterval', 'at least 10s'),
  schema(
    'more history than is kept',
    report({ history: { keep: 1000 } }),
    'spec.history.keep',
    'less than or equal to 744',
  ),
  rule('an index past the end', slice({ index: 1 }), '', 'spec.index must be smaller than spec.of'),
  schema('a slice of pods', slice({ assets: 'Pods' }), 'spec.assets', 'supported values: "Nodes"'),
  schema(
    'a state that does not exist',
    slice({}, { profiles: [{ id: 'p', state: 'Green', names: ['n'] }] }),
    'profiles[0].state',
    'supported values: "Protected"',
  ),
  schema(
    'a reason that does not exist',
    slice({}, { profiles: [{ id: 'p', state: 'NoAgent', names: ['n'], reasons: [{ ...gap, reason: 'NoIdea' }] }] }),
    'profiles[0].reasons[0].reason',
    'supported values: "AgentMissing"',
  ),
];

const badFindings: readonly BadObject[] = [
  schema('an unknown phase of the case', finding({ phase: 'Closed' }), 'spec.case.phase', 'supported values: "New"'),
  rule(
    'a risk accepted without a word',
    finding({ phase: 'RiskAccepted' }),
    'spec.case',
    'needs riskAcceptedReason and riskAcceptedUntil',
  ),
  rule(
    'a risk accepted for ever',
    finding({ phase: 'RiskAccepted', riskAcceptedReason: 'build image only' }),
    'spec.case',
    'needs riskAcceptedReason and riskAcceptedUntil',
  ),
  rule(
    'a link that is none',
    finding({ links: [{ url: 'SEC-7' }] }),
    'spec.case.links[0].url',
    'must begin with http:// or https://',
  ),
  schema('a day that is none', finding({ dueDate: 'tomorrow' }), 'spec.case.dueDate', 'date'),
  schema('a note without text', finding({ notes: [{ text: '' }] }), 'spec.case.notes[0].text', 'at least 1 chars'),
  schema(
    'a note as long as a book',
    finding({ notes: [{ text: 'x'.repeat(2001) }] }),
    'spec.case.notes[0].text',
    'may not be more than 2000',
  ),
];

export const badObjects: readonly BadObject[] = [...badAgents, ...badPolicies, ...badReports, ...badFindings];

/** Statuses that must be refused; they reach the API server through the status subresource. */
export const badStatuses: readonly BadObject[] = [
  schema(
    'a severity that does not exist',
    finding({}, { ...findingStatus, severity: 'Huge' }),
    'status.severity',
    'supported values: "Low"',
  ),
  schema(
    'a phase that does not exist',
    finding({}, { ...findingStatus, phase: 'Muted' }),
    'status.phase',
    'supported values: "Open"',
  ),
  schema(
    'a negative count',
    report({}, 'payments', { counts: { nodes: { total: -1 } } }),
    'status.counts.nodes.total',
    'greater than or equal to 0',
  ),
  schema(
    'a gap whose state does not exist',
    report({}, 'payments', { gaps: [{ ...gap, state: 'Red' }] }),
    'status.gaps[0].state',
    'supported values: "Protected"',
  ),
];
