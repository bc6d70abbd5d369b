// One small fleet in which every reason occurs, each on an asset of its own: state, cause and remedy; and what the remedy does, once applied
// as it is printed, or done as a user does what is no command. Then three stories of Falco's rules.
//
// Three remedies are shown to mend in coverage-gaps (AgentNotReady, ProtectionDisabled, ServerlessWithoutSidecar); further causes
// of AgentMissing there, of PolicyDrift, TelemetryStale and TelemetryUnavailable in telemetry.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandIn } from '../../cli/coverage/remedy.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { reasons as allReasons, stateOf, type Reason } from '../../domain/reason.ts';
import { datadogByOperator, falco, tetragon, tracee } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import { exitCodeAnnotation, podBehaviourLabel } from '../fleet/behaviour.ts';
import type { Manifest } from '../fleet/manifest.ts';
import { rulesCatalogue } from '../installation/rules-catalogue.ts';
import { sendersWith } from '../installation/senders.ts';
import { eventually } from './support/eventually.ts';
import { liveAgents, type LivingAgents } from './support/living-agents.ts';
import type { Poster } from './support/post-events.ts';
import { addressed, createAll, deployment, namespacesOf, node, placeLabel } from './support/small-fleet.ts';
import { startTakingIn } from './support/taking-in.ts';
import type { Verdict } from './support/verdicts.ts';
import { startWorld, type World } from './support/world.ts';

const scraped = { mode: 'Scrape', interval: '5s', staleAfter: '10s' };
const token = 'a-token-of-the-test-that-nobody-guesses';
const inAYear = new Date(Date.now() + 365 * 24 * 3600 * 1000).toISOString();
/** Behind the fleets that others on this machine may have. */
const firstAddress = 4000 + (process.pid % 8000);

const rulesFile = 'shop-rules.yaml';
const escape = 'Escape by mount';
const deploy = 'Deploy from inside';
const packages = 'Package manager run';
const tokenRead = 'Service account token read';
const rule = (name: string, tags: string, more = ''): string =>
  `- rule: ${name}\n  desc: x\n  condition: spawned_process\n  output: x\n  priority: NOTICE\n${more}  tags: [container, ${tags}]\n`;
const off = '  enabled: false\n';

/** Fetched from a registry, where the operator does not look: its rules are known by a catalogue. */
const fetched = rule('Terminal shell in container', 'mitre_execution, T1059');

/** What the ConfigMap of the chart's customRules holds; remedies change it. */
const declared = {
  hasEscape: true,
  packagesAreOn: true,
  deployIsOn: false,
  hasTokenRead: false,
  hasTeamRules: false,
};
const customRules = (): Readonly<Record<string, string>> => ({
  [rulesFile]: [
    ...(declared.hasEscape ? [rule(escape, 'mitre_privilege_escalation, T1611')] : []),
    rule(deploy, 'mitre_execution, T1610', declared.deployIsOn ? '' : off),
    rule(packages, 'mitre_persistence, T1505', declared.packagesAreOn ? '' : off),
    ...(declared.hasTokenRead ? [rule(tokenRead, 'mitre_credential_access, T1528')] : []),
  ].join(''),
  ...(declared.hasTeamRules ? { 'team-rules.yaml': rule('Crypto miner', 'mitre_impact, T1496') } : {}),
});

let world: World;
let poster: Poster;
let living: LivingAgents;

const declare = async (change: Partial<typeof declared>): Promise<void> => {
  Object.assign(declared, change);
  await world.cluster.patch('/api/v1/namespaces/falco/configmaps/falco-rules', { data: customRules() });
};

const patch = (resource: string, spec: object): Promise<unknown> =>
  world.cluster.patch(`/apis/${apiVersion}/${resource}`, { spec });

/** What Workload Protection of the agent on a node posts of itself, through a forwarder. */
const post = async (name: string, ruleId: string, body: object): Promise<void> => {
  const event = { agent: { rule_id: ruleId, version: '7.81.1' }, date: new Date().toISOString(), ...body };
  const { status } = await poster.post('datadog', { message: JSON.stringify(event), ddtags: `kube_node:${name}` });
  if (status !== 202) throw new Error(`the event of ${name} was answered by ${status}`);
};
const loads = (name: string, policy: object = {}, rules: readonly object[] = [aRule]): Promise<void> =>
  post(name, 'ruleset_loaded', { policies: [{ ...aPolicy, ...policy, rules }] });
const aRule = { id: 'compiler_in_container', status: 'loaded', product_tags: ['technique:T1027-obfuscated-files'] };
const aPolicy = { name: 'default.policy', version: '1.69.3', source: 'remote-config', status: 'loaded' };

interface Case {
  readonly reason: Reason;
  /** A node, or a workload as Kind/namespace/name. */
  readonly asset: string;
  readonly cause: readonly string[];
  readonly remedy: readonly string[];
  /** What a policy asks of the node. */
  readonly require?: object;
  /** Makes it so, beyond what the fleet is from the start. */
  readonly breakIt?: () => Promise<void> | void;
  /** Undefined where another suite shows it, `printed` where it is a command. */
  readonly mend?: 'printed' | (() => Promise<unknown> | void);
  readonly becomes?: 'Exempt';
}

const cases: readonly Case[] = [
  {
    reason: 'AgentMissing',
    asset: 'tainted',
    cause: ['DaemonSet tracee/tracee', 'dedicated=gpu:NoSchedule'],
    remedy: ['kubectl -n tracee patch daemonset tracee', '"key":"dedicated"'],
    mend: 'printed',
  },
  {
    reason: 'ServerlessWithoutSidecar',
    asset: 'Deployment/default/function',
    cause: ['Fargate'],
    remedy: ['sidecar'],
  },
  {
    reason: 'UnsupportedOperatingSystem',
    asset: 'windows',
    cause: ['linux', 'windows'],
    remedy: ['exempt such nodes in the WorkloadPolicy'],
    mend: () =>
      patch('workloadpolicies/baseline', {
        exemptions: [
          {
            selector: { nodeSelector: { matchLabels: { 'kubernetes.io/os': 'windows' } } },
            reason: 'no agent of ours runs on Windows yet',
            expiresAt: inAYear,
          },
        ],
      }),
    becomes: 'Exempt',
  },
  {
    reason: 'SandboxedRuntime',
    asset: 'Deployment/default/vault',
    cause: ['kata'],
    remedy: ['kubectl patch pagent falco'],
    mend: 'printed',
  },
  {
    reason: 'ProtectionDisabled',
    asset: 'datadog-off',
    cause: ['DD_RUNTIME_SECURITY_CONFIG_ENABLED is not true'],
    remedy: ['features.cws.enabled'],
  },
  {
    reason: 'AgentNotReady',
    asset: 'crashing',
    cause: ['DaemonSet crashing/tracee', 'CrashLoopBackOff', '139'],
    remedy: ['logs', '--previous'],
  },
  {
    reason: 'PolicyLoadFailed',
    asset: 'datadog-policy',
    cause: ['datadog could not load the policy team.policy', 'yaml: line 3'],
    remedy: ['Correct team.policy'],
    breakIt: () => loads('datadog-policy', { name: 'team.policy', status: 'error', message: 'yaml: line 3' }, []),
    mend: () => loads('datadog-policy', { name: 'team.policy' }),
  },
  {
    reason: 'RuleLoadFailed',
    asset: 'datadog-rule',
    cause: ['could not load 1 of the 2 rules of default.policy: wrong_rule', 'unexpected token'],
    remedy: ['Correct or remove the rule in default.policy'],
    breakIt: () =>
      loads('datadog-rule', {}, [aRule, { id: 'wrong_rule', status: 'syntax_error', message: 'unexpected token' }]),
    mend: () => loads('datadog-rule', {}, [aRule, { id: 'wrong_rule', status: 'loaded' }]),
  },
  {
    reason: 'SelfTestFailed',
    asset: 'datadog-test',
    cause: ['chmod'],
    remedy: ['system-probe runtime self-test'],
    breakIt: async () => {
      await loads('datadog-test');
      await post('datadog-test', 'self_test', { succeeded_tests: ['open'], failed_tests: ['chmod'] });
    },
    mend: () => post('datadog-test', 'self_test', { succeeded_tests: ['open', 'chmod'] }),
  },
  {
    reason: 'PolicyMissing',
    asset: 'falco-policy',
    require: { policies: [{ name: 'team-rules.yaml' }] },
    cause: ['requires the policy team-rules.yaml, and falco has not loaded it'],
    remedy: ['Declare the policy team-rules.yaml for falco'],
    mend: () => declare({ hasTeamRules: true }),
  },
  {
    reason: 'PolicyOutdated',
    asset: 'datadog-version',
    require: { policies: [{ name: 'default.policy', minVersion: '1.70.0' }] },
    cause: ['in version 1.70.0 or later, and datadog has loaded 1.69.3'],
    remedy: ['Bring default.policy to 1.70.0 or later'],
    breakIt: () => loads('datadog-version'),
    mend: () => loads('datadog-version', { version: '1.70.0' }),
  },
  {
    reason: 'RuleMissing',
    asset: 'falco-rule',
    require: { policies: [{ name: rulesFile, rules: [tokenRead] }] },
    cause: [`requires the rule ${tokenRead} of ${rulesFile}, and falco has not loaded it`],
    remedy: [`Add the rule ${tokenRead} to ConfigMap falco/falco-rules`],
    mend: () => declare({ hasTokenRead: true }),
  },
  {
    reason: 'RuleDisabled',
    asset: 'falco-rule-off',
    require: { policies: [{ name: rulesFile, rules: [packages] }] },
    cause: [`requires the rule ${packages} of ${rulesFile}, and falco has it switched off`],
    remedy: [`Switch the rule ${packages} on in ConfigMap falco/falco-rules`],
    mend: () => declare({ packagesAreOn: true }),
  },
  {
    reason: 'TechniqueUncovered',
    asset: 'falco-technique',
    require: { mitre: [{ techniques: ['T1610'] }] },
    cause: ['T1610 Deploy Container, and falco has none'],
    remedy: [`Switch on the rule ${deploy} in ConfigMap falco/falco-rules`],
    mend: () => declare({ deployIsOn: true }),
  },
  {
    reason: 'EvidenceTooWeak',
    asset: 'tetragon',
    require: { evidence: 'Reporting' },
    cause: ['requires the evidence Reporting and tetragon is known to be Running only'],
    remedy: ['Switch on the telemetry of ProtectionAgent tetragon'],
    mend: () => patch('protectionagents/tetragon', { telemetry: scraped }),
  },
  {
    reason: 'AgentOutdated',
    asset: 'falco-old',
    cause: ['falco 0.36.2 is older than'],
    remedy: ['falco/falco'],
    breakIt: () => living.tell('falco-old', { version: '0.36.2' }),
    mend: () => living.tell('falco-old', { version: undefined }),
  },
  {
    reason: 'TelemetryStale',
    asset: 'datadog-stale',
    require: { telemetryMaxAge: '30s' },
    cause: ["datadog's last report is older than 30s, the telemetryMaxAge of WorkloadPolicy datadog-stale"],
    remedy: ['kubectl get pagent datadog'],
    breakIt: () => loads('datadog-stale'),
    mend: () => loads('datadog-stale'),
  },
  {
    reason: 'EventsDropped',
    asset: 'falco-drops',
    require: { maxDropRatio: '5%' },
    cause: ['falco loses more than 20% of its events (kernel buffer)', 'allows 5%'],
    remedy: ['driver.modernEbpf.bufSizePreset'],
    breakIt: () => living.tell('falco-drops', { dropRatio: 0.3 }),
    mend: () => living.tell('falco-drops', { dropRatio: 0 }),
  },
  {
    reason: 'AgentHealth',
    asset: 'datadog-health',
    cause: ['abnormal_path'],
    remedy: ['Restart the agent on the node'],
    breakIt: async () => {
      await loads('datadog-health');
      await post('datadog-health', 'abnormal_path', { error: 'x' });
    },
    mend: async () => {
      const pods = ['pods', '-n', 'datadog', '--field-selector', 'spec.nodeName=datadog-health'];
      const uid = (): Promise<string> => world.kubectl(['get', ...pods, '-o', 'jsonpath={.items[*].metadata.uid}']);
      const before = await uid();
      await world.kubectl(['delete', ...pods, '--wait=false', '--grace-period=0', '--force']);
      await eventually(async () => {
        const after = await uid();
        expect(after).not.toBe('');
        expect(after).not.toContain(before);
      });
      // As the agent does when it starts.
      await loads('datadog-health');
    },
  },
  {
    reason: 'NotYetReported',
    asset: 'falco-new',
    cause: ['within the grace period; at present falco has been asked and has not answered'],
    remedy: ['Wait for the grace period to end'],
    mend: () => living.tell('falco-new', {}),
  },
  {
    reason: 'TelemetryUnavailable',
    asset: 'falco-mute',
    cause: ['falco has been asked and has not answered'],
    remedy: ['kubectl get pagent falco'],
    mend: () => living.tell('falco-mute', {}),
  },
  // The last to be mended: the others are done with the ConfigMap then.
  {
    reason: 'PolicyDrift',
    asset: 'falco-drift',
    cause: [`falco has loaded the policy ${rulesFile} otherwise than ConfigMap falco/falco-rules declares it`],
    remedy: ['kubectl -n falco rollout restart daemonset/falco'],
    mend: 'printed',
  },
];

const falcoNodes = ['falco', ...cases.map(({ asset }) => asset).filter((asset) => asset.startsWith('falco-'))];
const datadogNodes = cases
  .map(({ asset }) => asset)
  .filter((asset) => asset.startsWith('datadog-') && asset !== 'datadog-off');
const on = (agent: string) => ({ [`agents.example.com/${agent}`]: 'true' });

const tainted = (manifest: Manifest, key: string, value: string): Manifest => ({
  ...manifest,
  spec: { taints: [{ key, value, effect: 'NoSchedule' }] },
});
const fargate = { 'eks.amazonaws.com/compute-type': 'fargate' };
const nodes: readonly Manifest[] = [
  ...falcoNodes.map((name) => node(name, on('falco'))),
  ...datadogNodes.map((name) => node(name, on('datadog'))),
  node('datadog-off'),
  node('tetragon', on('tetragon')),
  tainted(node('tainted', on('tracee')), 'dedicated', 'gpu'),
  node('crashing'),
  node('windows', { 'kubernetes.io/os': 'windows' }),
  tainted(node('fargate', fargate), 'eks.amazonaws.com/compute-type', 'fargate'),
];

/** All at once: what is tested is not how long a rollout takes. */
const swiftly = (manifest: Manifest): Manifest =>
  manifest.kind === 'DaemonSet'
    ? {
        ...manifest,
        spec: {
          ...(manifest as Manifest & { readonly spec: object }).spec,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
        },
      }
    : manifest;

const agents = [
  ...falco({ tolerations: everywhere, nodeSelector: on('falco'), metrics: true, customRules: customRules() }),
  ...datadogByOperator({ cws: true, tolerations: everywhere, nodeSelector: on('datadog') }),
  ...datadogByOperator({ cws: false, namespace: 'datadog-off', nodeSelector: { [placeLabel]: 'datadog-off' } }),
  ...tetragon({ nodeSelector: on('tetragon') }),
  ...tracee({ nodeSelector: on('tracee') }),
  ...tracee({
    namespace: 'crashing',
    nodeSelector: { [placeLabel]: 'crashing' },
    labelsOverride: { [podBehaviourLabel]: 'crash-loop' },
    podAnnotations: { [exitCodeAnnotation]: '139' },
  }),
].map(swiftly);

const policyFor = (name: string, spec: object): Manifest => ({
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name },
  spec: { selector: { nodeSelector: { matchLabels: { [placeLabel]: name } } }, ...spec },
});

beforeAll(async () => {
  world = await startWorld('reasons');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    ...nodes.map((each, index) => addressed(each, firstAddress + index)),
    ...agents,
    { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'kata' }, handler: 'kata-qemu' },
    deployment('default', 'vault', { on: 'falco', spec: { runtimeClassName: 'kata' } }),
    deployment('default', 'function', { on: 'fargate', spec: { tolerations: everywhere } }),
  ]);
  await world.install({
    agentNamespaces: ['falco'],
    starterPolicy: {
      spec: {
        gracePeriod: '0s',
        selector: {
          nodeSelector: { matchExpressions: [{ key: placeLabel, operator: 'NotIn', values: ['falco-new'] }] },
        },
      },
    },
    agents: { falco: { spec: { telemetry: scraped } }, datadog: { spec: { telemetry: { mode: 'Push' } } } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await world.apply(
    sendersWith(token),
    rulesCatalogue({ 'falco_rules.yaml': fetched }),
    policyFor('falco-new', { gracePeriod: '1h' }),
    ...cases.flatMap(({ asset, require }) =>
      require === undefined ? [] : [policyFor(asset, { gracePeriod: '0s', require })],
    ),
  );
  living = await liveAgents(world, {
    rulesFiles: () => Promise.resolve({ 'falco_rules.yaml': fetched, ...customRules() }),
    mute: ['falco-new', 'falco-mute'],
  });
  const speaking = [...falcoNodes, 'tetragon'].filter((name) => name !== 'falco-new' && name !== 'falco-mute');
  await eventually(() => expect(living.nodes()).toEqual(expect.arrayContaining(speaking)));
  // Changed while they run: all but one take it.
  await declare({ packagesAreOn: false });
  await living.reload(falcoNodes.filter((name) => name !== 'falco-drift'));
  ({ poster } = await startTakingIn(world, token));
  await eventually(() => loads('datadog-rule'));
  for (const { breakIt } of cases) await breakIt?.();
});

afterAll(async () => {
  poster?.close();
  await living?.close();
  await world?.stop();
});

const verdictOf = async (asset: string): Promise<Verdict> => {
  const { nodes, workloads } = await world.verdicts();
  const verdict = nodes.get(asset) ?? workloads.get(asset);
  if (verdict === undefined) throw new Error(`${asset} is in no slice`);
  return verdict;
};

describe('a fleet in which everything is wrong somewhere', () => {
  test('has every reason there is', () => {
    expect(cases.map(({ reason }) => reason).toSorted()).toEqual(Object.keys(allReasons).toSorted());
  });

  test.each(cases)('$asset: $reason, with its cause and its remedy', async ({ reason, asset, cause, remedy }) => {
    await eventually(async () => {
      const { state, reasons } = await verdictOf(asset);
      expect([state, ...reasons.map((each) => each.reason)]).toEqual([stateOf(reason), reason]);
      for (const piece of cause) expect(reasons[0]?.cause).toContain(piece);
      for (const piece of remedy) expect(reasons[0]?.remedy).toContain(piece);
    });
  });

  test('leaves what is well as it is', async () => {
    await eventually(async () => expect(await verdictOf('falco')).toMatchObject({ state: 'Protected', reasons: [] }));
  });
});

describe('remedies', () => {
  const mended = cases.filter(({ mend }) => mend !== undefined);

  beforeAll(async () => {
    for (const { mend, asset } of mended) {
      if (mend !== 'printed') await mend?.();
      else {
        const command = commandIn((await verdictOf(asset)).reasons[0]?.remedy ?? '');
        if (command === undefined) throw new Error(`the remedy of ${asset} holds no command`);
        await run(command);
      }
    }
  });

  test.each(mended)('mend $reason of $asset', async ({ asset, becomes = 'Protected' }) => {
    await eventually(async () => {
      const { state, reasons } = await verdictOf(asset);
      expect([state, reasons]).toEqual([becomes, []]);
    });
  });
});

describe("Falco's rules", () => {
  const withReason = async (wanted: Reason): Promise<readonly string[]> =>
    [...(await world.verdicts()).nodes]
      .filter(([, { reasons }]) => reasons.some(({ reason }) => reason === wanted))
      .map(([name]) => name)
      .toSorted();

  test('that were changed in the ConfigMap and not reloaded drift, on just those nodes', async () => {
    const late = ['falco-old', 'falco-policy'];
    await declare({ packagesAreOn: !declared.packagesAreOn });
    await living.reload(falcoNodes.filter((name) => !late.includes(name)));
    await eventually(async () => expect(await withReason('PolicyDrift')).toEqual(late));
    const { state, reasons } = await verdictOf('falco-old');
    expect(state).toBe('Warning');
    expect(reasons[0]?.cause).toContain(`${rulesFile} otherwise than ConfigMap falco/falco-rules declares it`);
    await living.reload(late);
    await eventually(async () => expect(await withReason('PolicyDrift')).toEqual([]));
  });

  test('that Falco refused while it ran fail there, until its pod is made anew', async () => {
    const alert = {
      hostname: 'falco-old',
      output: 'Hot restart failure: rules file could not be loaded',
      output_fields: {},
      priority: 'Critical',
      rule: 'Falco internal: hot restart failure',
      source: 'internal',
      time: new Date().toISOString(),
    };
    expect((await poster.post('falco', alert)).status).toBe(202);
    await eventually(async () => expect(await withReason('PolicyLoadFailed')).toEqual(['falco-old']));
    const { state, reasons } = await verdictOf('falco-old');
    expect(state).toBe('Failed');
    expect(reasons[0]?.cause).toContain('goes on with the old ones');
    expect(reasons[0]?.remedy).toContain('hot restart failure');
    await world.kubectl([
      'delete',
      'pods',
      '-n',
      'falco',
      '--field-selector',
      'spec.nodeName=falco-old',
      '--wait=false',
    ]);
    await eventually(async () => expect(await withReason('PolicyLoadFailed')).toEqual([]));
  });

  test('of which one is removed are missed by who requires it, and its technique is covered nowhere', async () => {
    const escapeIsSeen = async () => {
      const { attack } = (await world.report()).status ?? {};
      return attack?.tactics?.find(({ id }) => id === 'TA0004')?.techniques?.find(({ id }) => id === 'T1611');
    };
    const require = { policies: [{ name: rulesFile, rules: [escape] }], mitre: [{ techniques: ['T1611'] }] };
    await declare({ hasEscape: true });
    await living.reload(falcoNodes);
    await world.apply(policyFor('falco', { gracePeriod: '0s', require }));
    await eventually(async () =>
      expect(await escapeIsSeen()).toMatchObject({ rules: 1, nodes: falcoNodes.length, required: true }),
    );
    expect(await verdictOf('falco')).toMatchObject({ state: 'Protected', evidence: 'Loaded' });
    await declare({ hasEscape: false });
    await living.reload(falcoNodes);
    await eventually(async () => {
      const { state, reasons } = await verdictOf('falco');
      expect([state, reasons.map(({ reason }) => reason).toSorted()]).toEqual([
        'Incomplete',
        ['RuleMissing', 'TechniqueUncovered'],
      ]);
      expect(reasons.map(({ cause }) => cause).join()).toContain(`the rule ${escape} of ${rulesFile}`);
    });
    expect(await withReason('PolicyDrift')).toEqual([]);
    await eventually(async () => expect(await escapeIsSeen()).toMatchObject({ rules: 0, nodes: 0, required: true }));
  });
});

/** As a shell would, with the kubectl of this control plane. */
const run = async (command: string): Promise<void> => {
  const words = command.match(/(?:[^\s']|'[^']*')+/g)?.map((word) => word.replaceAll("'", '')) ?? [];
  expect(words[0]).toBe('kubectl');
  await world.kubectl(words.slice(1));
};
