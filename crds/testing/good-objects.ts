/** Objects that every reader of the API must accept: the smallest of each kind, and one that fills what it can. */
import { apiVersion } from '../schema/vocabulary.ts';

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly profiles?: unknown;
  readonly rulesets?: unknown;
  readonly unattributed?: unknown;
}

export const agent = (spec: object, name = 'falco'): ApiObject => ({
  apiVersion,
  kind: 'ProtectionAgent',
  metadata: { name },
  spec: { type: 'Falco', pods, ...spec },
});

export const policy = (spec: object, name = 'production'): ApiObject => ({
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name },
  spec,
});

export const report = (spec: object, name = 'payments', status?: object): ApiObject => ({
  apiVersion,
  kind: 'CoverageReport',
  metadata: { name },
  spec,
  ...(status && { status }),
});

export const slice = (spec: object, content: object = {}): ApiObject => ({
  apiVersion,
  kind: 'CoverageSlice',
  metadata: { name: 'cluster-nodes-0' },
  spec: { report: 'cluster', assets: 'Nodes', index: 0, of: 1, ...spec },
  ...content,
});

export const finding = (caseFile: object, status?: object): ApiObject => ({
  apiVersion,
  kind: 'Finding',
  metadata: { name: 'compiler-checkout', namespace: 'default' },
  spec: { case: caseFile },
  ...(status && { status }),
});

export const pods = {
  selector: { matchLabels: { 'app.kubernetes.io/name': 'falco' } },
  container: { names: ['falco'] },
  images: ['falcosecurity/falco'],
};

export const gap = {
  reason: 'AgentMissing',
  state: 'NoAgent',
  cause: 'The Falco DaemonSet does not tolerate dedicated=gpu:NoSchedule (12 nodes)',
  remedy: 'Add the toleration dedicated=gpu:NoSchedule to DaemonSet falco/falco',
  criticality: 'High',
  nodes: 12,
  examples: ['node/gpu-1', 'workload/ml/Deployment/trainer'],
};

/** Spellings of a moment, and whether they are one: the schemas and the API server must agree on each. */
export const moments: readonly (readonly [text: string, accepted: boolean])[] = [
  ['2027-03-01T00:00:00Z', true],
  ['2027-03-01t00:00:00z', true],
  ['2027-03-01T00:00:00.123456789Z', true],
  ['2027-03-01T00:00:00+05:30', true],
  ['2027-03-01T00:00:00', false],
  ['2027-03-01', false],
  ['2027-03-01 00:00:00Z', false],
  ['2027-02-30T00:00:00Z', false],
  ['2027-03-01T24:00:00Z', false],
  ['2027-03-01T00:60:00Z', false],
];

export const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const findingStatus = {
  behaviour: 'CompilerInContainer',
  severity: 'High',
  phase: 'Open',
  subject: {
    reference: 'Deployment/checkout',
    kind: 'Deployment',
    name: 'checkout',
    namespace: 'default',
    pods: ['checkout-1'],
  },
  count: 7,
  firstSeen: '2026-10-01T08:00:00Z',
  lastSeen: '2026-10-02T08:00:00.123Z',
  quiet: { required: '24h', observedBefore: '1h30m', suspendedReason: 'AgentBlind', evidence: 'Reporting' },
  evidence: [{ time: '2026-10-02T08:00:00Z', rule: 'Compiler run', executable: '/usr/bin/gcc' }],
  mitre: { tactics: ['TA0005'], techniques: ['T1027', 'T1552.005'] },
  history: [{ time: '2026-10-01T08:00:00Z', actor: 'operator', to: 'Open', reason: 'FirstSeen' }],
  journal: { 'operator-0': 4711 },
};

const selector = {
  namespaceSelector: { matchLabels: { env: 'production' } },
  podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] },
  nodeSelector: { matchExpressions: [{ key: 'example.com/pool', operator: 'Exists' }] },
};

export const goodObjects: readonly { readonly name: string; readonly object: ApiObject }[] = [
  { name: 'an agent with nothing but its pods', object: agent({}) },
  {
    name: 'an agent that is only a sidecar',
    object: agent({ pods: undefined, sidecar: { container: { names: ['falco'] } } }, 'falco-serverless'),
  },
  {
    name: 'an agent that is scraped with credentials',
    object: agent(
      {
        type: 'Custom',
        pods: { ...pods, namespaces: ['security'], minimumEvidence: 3 },
        protection: {
          anyOf: [
            { container: 'system-probe', env: { name: 'ENABLED', value: 'true' } },
            { configMap: { nameSuffix: '-config', key: 'agent.yaml', yamlPath: 'runtime.enabled', value: 'true' } },
            { nodeLabel: { key: 'example.com/enforcer', notValues: ['none'] } },
            { containerPresent: 'system-probe' },
          ],
          remedy: 'Set runtime.enabled=true in the chart of the agent',
        },
        telemetry: {
          mode: 'Scrape',
          port: 9544,
          path: '/prometheus',
          scheme: 'HTTPS',
          tls: { caSecretRef: { name: 'agent-ca', key: 'ca.crt' }, clientSecretRef: { name: 'agent-client' } },
          authorization: { secretRef: { name: 'agent-token', key: 'token' } },
          interval: '30s',
          staleAfter: '1m30s',
        },
        minVersion: 'v14.7.4-rc1',
        operatingSystems: ['linux', 'windows'],
        runtimeHandlers: ['kata'],
        custom: {
          version: { metric: 'agent_build_info' },
          policies: { metric: 'agent_policy', statusLabel: 'state' },
          rules: { metric: 'agent_rule', policyLabel: 'policy' },
          drops: { metric: 'agent_drops_total', totalMetric: 'agent_events_total' },
        },
      },
      'house-agent',
    ),
  },
  { name: 'a policy that says nothing', object: policy({}) },
  {
    name: 'a policy for nodes',
    object: policy(
      { selector: { nodeSelector: {} }, nodes: { condition: true, startupTaint: { enabled: true } } },
      'nodes',
    ),
  },
  {
    name: 'a policy that asks for everything',
    object: policy(
      {
        selector,
        criticality: 'Critical',
        require: {
          agents: [{ name: 'falco', minVersion: '0.44.1' }, { name: 'tetragon' }],
          policies: [
            {
              name: 'falco_rules.yaml',
              minVersion: '5.1.0',
              source: 'ConfigMap',
              rules: ['Terminal shell in container'],
            },
          ],
          mitre: [{ tactic: 'TA0002' }, { techniques: ['T1059', 'T1552.005'], minimumRules: 2 }],
          evidence: 'Loaded',
          telemetryMaxAge: '3m',
          maxDropRatio: '0.5%',
        },
        gracePeriod: '90s',
        posture: [
          {
            behaviour: 'CompilerInContainer',
            severity: 'High',
            quietPeriod: '1s',
            quietEvidence: 'Delivered',
            quietNodes: '95%',
          },
          { behaviour: 'OutdatedKernel', minimumVersion: '5.15' },
          {
            behaviour: 'CryptoTool',
            match: { anyOf: [{ allOf: [{ field: 'Executable', suffix: ['/xmrig'] }] }] },
            exclude: [{ allOf: [{ field: 'Image', glob: ['registry.example.com/ci/*'] }] }],
            minimumPodAge: '10m',
          },
        ],
        admission: { mode: 'Warn', when: 'AnyNode', kinds: ['Pod', 'Deployment'], breakGlass: 'Forbidden' },
        exemptions: [
          {
            name: 'legacy',
            selector: { podSelector: { matchLabels: { app: 'legacy' } } },
            reason: 'retired in March',
            expiresAt: '2027-03-01T00:00:00+01:00',
          },
        ],
      },
      'everything',
    ),
  },
  { name: 'a report that says nothing', object: report({}) },
  { name: 'the report on the cluster', object: report({ refreshInterval: '1m', history: { keep: 24 } }, 'cluster') },
  {
    name: 'a report on a part, with snapshots',
    object: report(
      {
        scope: { namespaceSelector: selector.namespaceSelector },
        snapshots: { schedule: '0 6 * * 1-5', timeZone: 'Europe/Berlin', keep: 4 },
        baseline: { name: 'payments-20260101' },
      },
      'payments-prod',
      {
        observedGeneration: 1,
        evaluatedAt: '2026-10-02T08:00:00Z',
        summary: { protectedPercent: '96.4', nodes: '290/300', workloads: '880/900', gaps: 1 },
        counts: {
          nodes: { total: 300, protected: 290, noAgent: 10, protectedPercent: '96.6', byEvidence: { running: 290 } },
        },
        gaps: [gap],
        attack: { tactics: [{ id: 'TA0002', techniques: [{ id: 'T1059', rules: 3, nodes: 290 }] }] },
      },
    ),
  },
  { name: 'a snapshot', object: report({ snapshotOf: { name: 'cluster' } }, 'cluster-20261001') },
  {
    name: 'a slice',
    object: slice(
      {},
      {
        profiles: [
          {
            id: 'p1',
            state: 'NoAgent',
            reasons: [{ reason: 'AgentMissing', cause: gap.cause, remedy: gap.remedy }],
            names: ['gpu-1', 'gpu-2'],
          },
        ],
        rulesets: [
          {
            id: 'r1',
            policies: [{ name: 'falco_rules.yaml', status: 'Loaded', rules: ['a'] }],
            techniques: { T1059: 3 },
          },
        ],
      },
    ),
  },
  { name: 'a finding of which nothing is known yet', object: finding({}) },
  {
    name: 'a finding with a case',
    object: finding(
      {
        owner: 'sam@example.com',
        team: 'checkout',
        phase: 'RiskAccepted',
        dueDate: '2027-01-31',
        riskAcceptedUntil: '2027-03-01T00:00:00Z',
        riskAcceptedReason: 'build image, isolated network',
        links: [{ title: 'ticket', url: 'https://tracker.example.com/SEC-7' }],
        notes: [{ text: 'seen in the nightly build' }],
      },
      findingStatus,
    ),
  },
];
