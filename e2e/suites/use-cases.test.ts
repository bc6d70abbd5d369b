// What coverage is good for, one use after the other, as people work: the bundled command under the real kubectl with a viewer's rights, and
// kubectl itself for what they change. docs/use-cases shows what is captured here. Each test leaves the fleet a little better than it found it.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandIn } from '../../cli/coverage/remedy.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { datadogByOperator, falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import { rulesCatalogue } from '../installation/rules-catalogue.ts';
import { sendersWith } from '../installation/senders.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { liveAgents, type LivingAgents } from './support/living-agents.ts';
import type { Poster } from './support/post-events.ts';
import { installProtection, viewerOf, type Protection } from './support/protection.ts';
import { addressed, createAll, deployment, namespace, namespacesOf, node, placeLabel } from './support/small-fleet.ts';
import { startTakingIn } from './support/taking-in.ts';
import { condition, startWorld, type World } from './support/world.ts';

const token = 'a-token-of-the-test-that-nobody-guesses';
/** Behind the fleets that others on this machine may have. */
const firstAddress = 14_000 + (process.pid % 8000);
const before = 'before-the-incident';
const exploited = 'workload/ml/Deployment/train';

const rulesFile = 'shop-rules.yaml';
const rule = (name: string, tags: string, more = ''): string =>
  `- rule: ${name}\n  desc: x\n  condition: spawned_process\n  output: x\n  priority: NOTICE\n${more}  tags: [container, ${tags}]\n`;
const off = '  enabled: false\n';
/** Fetched from a registry, where the operator does not look: its rules are known by a catalogue. */
const fetched = rule('Terminal shell in container', 'mitre_execution, T1059');

/** What the ConfigMap of the chart's customRules holds; people change it. */
const declared = { tokenIsSeen: false, deployIsOn: false, clearsLogsIsSeen: false };
const customRules = (): Readonly<Record<string, string>> => ({
  [rulesFile]: [
    rule('Escape by mount', 'mitre_privilege_escalation, T1611'),
    rule('Deploy from inside', 'mitre_execution, T1610', declared.deployIsOn ? '' : off),
    ...(declared.tokenIsSeen ? [rule('Service account token read', 'mitre_credential_access, T1528')] : []),
    ...(declared.clearsLogsIsSeen ? [rule('Logs cleared', 'mitre_defense_evasion, T1070')] : []),
  ].join(''),
});

let world: World;
let protection: Protection;
let living: LivingAgents;
let poster: Poster;
let viewer = '';

const on = (agent: string) => ({ [`agents.example.com/${agent}`]: 'true' });
const nodeAt = (index: number, name: string, labels: Readonly<Record<string, string>>, spec: object = {}): Manifest =>
  addressed({ ...node(name, labels), spec }, firstAddress + index);
const gpu = { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] };

const datadog = (cws: boolean): readonly Manifest[] =>
  datadogByOperator({ cws, tolerations: everywhere, nodeSelector: on('datadog') });
const agents = [...falco({ nodeSelector: on('falco'), metrics: true, customRules: customRules() }), ...datadog(false)];

const onGpu = {
  nodeSelector: { [placeLabel]: 'gpu-1' },
  tolerations: everywhere,
  containers: [{ name: 'main', image: 'registry.example.com/ml/train:2.4.0' }],
};
const shopPolicy: Manifest = {
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name: 'shop' },
  spec: {
    selector: { namespaceSelector: { matchLabels: { team: 'shop' } } },
    criticality: 'Critical',
    gracePeriod: '0s',
    require: {
      agents: [{ name: 'falco' }],
      evidence: 'Loaded',
      policies: [{ name: rulesFile }],
      mitre: [{ techniques: ['T1611', 'T1610'] }],
    },
  },
};

beforeAll(async () => {
  world = await startWorld('use-cases');
  protection = await installProtection(world, 'use-cases');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    namespace('shop', { team: 'shop' }),
    namespace('ml'),
    namespace('data'),
    nodeAt(0, 'general-1', on('falco')),
    nodeAt(1, 'general-2', on('falco')),
    nodeAt(2, 'edge-1', on('falco')),
    nodeAt(3, 'gpu-1', on('falco'), gpu),
    nodeAt(4, 'data-1', on('datadog')),
    ...agents,
    deployment('shop', 'web', { on: 'general-1' }),
    deployment('shop', 'cart', { on: 'general-2' }),
    deployment('data', 'warehouse', { on: 'data-1' }),
    deployment('ml', 'train', { spec: onGpu }),
    deployment('ml', 'train-canary', { spec: onGpu }),
  ]);
  await world.install({
    agentNamespaces: ['falco'],
    clusterName: 'production-eu',
    starterPolicy: { spec: { gracePeriod: '0s' } },
    agents: {
      falco: { spec: { telemetry: { mode: 'Scrape', interval: '5s', staleAfter: '10s' } } },
      datadog: { spec: { telemetry: { mode: 'Push' } } },
    },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await world.apply(shopPolicy, sendersWith(token), rulesCatalogue({ 'falco_rules.yaml': fetched }));
  living = await liveAgents(world, {
    rulesFiles: () => Promise.resolve({ 'falco_rules.yaml': fetched, ...customRules() }),
  });
  living.tell('edge-1', { version: '0.36.2' });
  await eventually(() => expect(living.nodes()).toEqual(['edge-1', 'general-1', 'general-2']));
  ({ poster } = await startTakingIn(world, token));
  viewer = await viewerOf(world, 'viewer', ['nodes', 'runtimeclasses']);
  await eventually(async () => {
    const { nodes } = await world.verdicts();
    const states = ['general-1', 'general-2', 'edge-1', 'gpu-1', 'data-1'].map((name) => nodes.get(name)?.state);
    expect(states).toEqual(['Protected', 'Protected', 'Warning', 'NoAgent', 'NoProtection']);
    for (const name of ['general-1', 'general-2']) expect(nodes.get(name)?.evidence).toBe('Loaded');
  });
  await asAdministrator(`snapshot --name ${before}`);
});

afterAll(async () => {
  poster?.close();
  await living?.close();
  await world?.stop();
});

const declare = async (change: Partial<typeof declared>): Promise<void> => {
  Object.assign(declared, change);
  await world.cluster.patch('/api/v1/namespaces/falco/configmaps/falco-rules', { data: customRules() });
};

/** What Workload Protection posts when it has started. */
const datadogLoads = async (): Promise<void> => {
  const rules = [
    { id: 'compiler_in_container', product_tags: ['technique:T1027-obfuscated-files', 'policy:best-practice'] },
    { id: 'kernel_module_load', product_tags: ['tactic:TA0003-persistence', 'technique:T1547-boot-autostart'] },
  ].map((each) => ({ ...each, status: 'loaded' }));
  const policies = [
    { name: 'default.policy', version: '1.69.3', source: 'remote-config', status: 'loaded', rules: [rules[1]] },
    { name: 'posture.policy', version: '3', source: 'file', status: 'loaded', rules: [rules[0]] },
  ];
  const event = { agent: { rule_id: 'ruleset_loaded', version: '7.81.1' }, date: new Date().toISOString(), policies };
  const sent = { message: JSON.stringify(event), ddtags: 'kube_node:data-1' };
  expect((await poster.post('datadog', sent)).status).toBe(202);
};

interface Answer {
  readonly line: string;
  readonly code: number;
  readonly out: string;
}

const wordsOf = (line: string): readonly string[] =>
  line.match(/(?:[^\s']|'[^']*')+/g)?.map((word) => word.replaceAll("'", '')) ?? [];

const call = async (line: string, kubeconfig: string): Promise<Answer> => {
  const { code, stdout, stderr } = await protection.say(wordsOf(line), { kubeconfig });
  return { line: `kubectl protection ${line}`, code, out: stdout === '' ? stderr : stdout };
};

/** `kubectl protection …`, with a viewer's rights. */
const ask = (line: string): Promise<Answer> => call(line, viewer);
const asAdministrator = async (line: string): Promise<Answer> => {
  const answer = await call(line, world.plane.kubeconfig);
  expect([answer.code, answer.out]).toEqual([0, answer.out]);
  return answer;
};

/** A command line as it is printed or documented, by the kubectl of this control plane. */
const run = async (line: string): Promise<Answer> => {
  const [program, ...words] = wordsOf(line);
  expect(program).toBe('kubectl');
  return { line, code: 0, out: await world.kubectl(words) };
};

/** What the page shows of the answers, in a block for each call of this. */
const show = (page: string, block: number, ...answers: readonly Answer[]): Promise<void> =>
  capture(
    `use-cases-${page}-${block}.txt`,
    ...answers.map(({ line, out, code }) => [line, code === 0 ? out : `${out}$ echo $?\n${code}\n`] as const),
  );

const commandOf = async (reason: string): Promise<string> => {
  const { out } = await ask(`coverage gaps --reason ${reason} -o json`);
  const { items } = JSON.parse(out) as { readonly items: readonly { readonly remedy: string }[] };
  const command = commandIn(items[0]?.remedy ?? '');
  if (command === undefined) throw new Error(`no gap ${reason} has a command: ${out}`);
  return command;
};

/** All nodes stand so, with what they have loaded proved. */
const untilProtected = (...names: readonly string[]): Promise<void> =>
  eventually(async () => {
    const { nodes } = await world.verdicts();
    for (const name of names)
      expect([name, nodes.get(name)]).toMatchObject([name, { state: 'Protected', reasons: [] }]);
  });
const falcoNodes = ['general-1', 'general-2', 'edge-1', 'gpu-1'];

test('an incident: the exploited workload had a gap, and others have the same', async () => {
  const open = await ask(`coverage diff ${before} --incident ${exploited}`);
  expect(open.code).toBe(1);
  expect(open.out).toMatch(/^OPEN/);
  expect(open.out).toMatch(/workload ml\/Deployment\/train-canary +same image, same gap/);
  await show('post-incident', 1, open);
});

test('gaps are eliminated, from the banner to the command that closes one', async () => {
  const page = 'eliminate-gaps';
  const banner = await ask('coverage');
  expect(banner.out).toMatch(/^Incomplete infrastructure coverage: 3 of 5 nodes/);
  const listed = await ask('coverage --state NoAgent,NoProtection,Failed,Incomplete,Warning --assets nodes -o wide');
  expect(listed.out).toMatch(/^node\/gpu-1 +NoAgent/m);
  expect(listed.out).toMatch(/^node\/edge-1 +Warning/m);
  await show(page, 1, banner);
  await show(page, 2, listed);
  const applied = await run(await commandOf('AgentMissing'));
  await untilProtected('general-1', 'general-2', 'gpu-1');
  const after = await ask('coverage node gpu-1');
  expect(after.out).toMatch(/^node gpu-1: Protected, known by Loaded$/m);
  await show(page, 3, applied, after);
});

test('policies are put right where they failed, by what declares them', async () => {
  const page = 'policy-remediation';
  // Somebody changes the rules, and one node does not take them.
  await declare({ tokenIsSeen: true });
  await living.reload(falcoNodes.filter((name) => name !== 'general-2'));
  await eventually(async () =>
    expect((await ask('coverage --policy-status Drifted --assets nodes -o name')).out).toBe('node/general-2\n'),
  );
  await eventually(async () =>
    expect((await world.verdicts()).workloads.get('Deployment/shop/cart')?.state).toBe('Incomplete'),
  );
  const policies = await ask('coverage policies');
  expect(policies.out).toMatch(new RegExp(`^${rulesFile} .* Drifted +ConfigMap +1 `, 'm'));
  await show(
    page,
    1,
    policies,
    await ask('coverage --policy-status Drifted --assets nodes'),
    await ask('coverage rules --rule-status Disabled'),
  );
  const workload = await ask('coverage workload shop/deploy/cart');
  expect(workload.out).toContain('ConfigMap/falco/falco-rules');
  expect(workload.out).toContain('PolicyDrift');
  const other = await ask('coverage workload shop/deploy/web');
  expect(other.out).toContain('Switch on the rule Deploy from inside in ConfigMap falco/falco-rules');
  await show(page, 2, workload, other);
  await declare({ deployIsOn: true });
  // All of them differ from what is declared now.
  await eventually(async () => {
    const { nodes } = await world.verdicts();
    for (const name of ['general-1', 'general-2'])
      expect(nodes.get(name)?.reasons).toMatchObject([{ reason: 'PolicyDrift' }]);
  });
  const restarted = await run(await commandOf('PolicyDrift'));
  await untilProtected('general-1', 'general-2', 'gpu-1');
  await eventually(async () => {
    const { workloads } = await world.verdicts();
    for (const name of ['web', 'cart']) expect(workloads.get(`Deployment/shop/${name}`)?.state).toBe('Protected');
  });
  await show(page, 3, restarted, await ask('coverage -n shop'));
});

test('agents are found that are off, missing, too old or unwell', async () => {
  const page = 'agents';
  living.tell('general-2', { answers: 'hanging' });
  await eventually(async () =>
    expect((await world.verdicts()).nodes.get('general-2')?.reasons).toMatchObject([
      { reason: 'TelemetryUnavailable' },
    ]),
  );
  const off = await ask('coverage --state NoProtection --assets nodes -o wide');
  expect(off.out).toContain('node/data-1');
  const missing = await ask('coverage --state NoAgent --assets nodes');
  expect(missing.out).not.toContain('node/');
  const old = await ask("coverage --agent falco --agent-version '<0.41' --assets nodes");
  expect(old.out).toContain('node/edge-1');
  const unwell = await ask(
    'coverage --reason TelemetryStale,TelemetryUnavailable,EventsDropped,AgentHealth,SelfTestFailed,AgentNotReady --assets nodes -o wide',
  );
  expect(unwell.out).toContain('node/general-2');
  await show(page, 1, await ask('coverage agents'), off, missing);
  await show(page, 2, old, unwell);
  // What the Datadog operator makes of features.cws.enabled, an upgrade, and a restart.
  await world.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'List',
    items: datadog(true),
  });
  living.tell('edge-1', { version: undefined });
  living.tell('general-2', { answers: 'normal' });
  await eventually(async () => {
    await datadogLoads();
    expect((await world.verdicts()).nodes.get('data-1')).toMatchObject({ state: 'Protected', evidence: 'Loaded' });
  });
  await untilProtected(...falcoNodes, 'data-1');
  const well = await ask('coverage --assets nodes');
  await show(page, 3, well, await ask('coverage agents'));
});

test('ATT&CK: high-priority tactics and techniques are covered on all hosts, or it is said where not', async () => {
  const page = 'attack-validation';
  const tactic = await ask("coverage --tactic '!privilege-escalation' --assets nodes");
  expect(tactic.out).toContain('node/data-1');
  expect(tactic.out).not.toContain('node/general-1');
  const technique = await ask("coverage --technique '!T1611' --assets nodes");
  expect(technique.out).toContain('node/data-1');
  const critical = await ask("coverage --technique '!T1611' -n shop");
  expect(critical.out).not.toContain('shop/');
  const matrix = await ask('coverage attack --technique T1611');
  expect(matrix.out).toMatch(/covered by 1 rule on 4 of 5 nodes/);
  await show(page, 1, tactic, matrix);
  await show(page, 2, technique, critical);
  const types = await ask('coverage policies --policy-type BestPractice');
  expect(types.out).toContain('posture.policy');
  await show(page, 3, types, await ask('coverage --policy-type BestPractice --assets nodes'));
});

test('posture is kept: what is planned is judged before it is there, new hosts as they come, and progress each week', async () => {
  const page = 'continuous-posture';
  const spot = { taints: [{ key: 'pool', value: 'spot', effect: 'NoSchedule' }] };
  await createAll(world.cluster, [nodeAt(5, 'spot-1', on('falco'), spot)]);
  const tolerations = [{ key: 'pool', value: 'spot', operator: 'Equal', effect: 'NoSchedule' }];
  const batch = deployment('shop', 'batch', { on: 'spot-1', spec: { tolerations } });
  await writeFile(path.join(protection.folder, 'batch.json'), JSON.stringify(batch));
  await eventually(async () => expect((await world.verdicts()).nodes.get('spot-1')?.state).toBe('NoAgent'));
  const refused = await ask('check -f batch.json');
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('pool=spot:NoSchedule');
  const gate = await ask('coverage --assets nodes --state NoAgent --fail-on Incomplete');
  expect(gate.code).toBe(1);
  await show(page, 1, refused);
  await show(page, 2, gate);
  const applied = await run(await commandOf('AgentMissing'));
  await world.kubectl(['-n', 'falco', 'rollout', 'status', 'daemonset/falco', '--timeout=50s']);
  await untilProtected(...falcoNodes, 'data-1', 'spot-1');
  const passed = await ask('check -f batch.json');
  expect([passed.code, passed.out]).toEqual([0, passed.out]);
  const waited = await run('kubectl wait --for=condition=Complete cov/cluster --timeout=60s');
  const gatePassed = await ask('coverage --assets nodes --fail-on Incomplete');
  expect(gatePassed.code).toBe(0);
  await show(page, 3, applied, passed, waited, gatePassed);
  const weekly = { spec: { snapshots: { schedule: '0 6 * * 1', keep: 12 } } };
  const scheduled = await run(`kubectl patch cov cluster --type=merge -p '${JSON.stringify(weekly)}'`);
  await eventually(async () =>
    expect(condition(await world.report(), 'SnapshotsScheduled')).toMatchObject({ status: 'True' }),
  );
  const diff = await eventually(async () => {
    const answer = await ask(`coverage diff ${before}`);
    expect(answer.out).toMatch(/BETTER +node gpu-1/);
    // What the rollout left behind for a moment.
    expect(answer.out).not.toContain('WORSE');
    return answer;
  });
  await show(page, 4, scheduled, diff);
});

test('an auditor gets evidence of one moment that proves itself', async () => {
  const page = 'audit';
  const taken = await asAdministrator('snapshot --name audit-q4');
  const digest = /sha256:[0-9a-f]{64}/.exec(taken.out)?.[0] ?? '';
  const saved = async (line: string, file: string): Promise<Answer> => {
    const { code, out } = await ask(line);
    expect(code).toBe(0);
    await writeFile(path.join(protection.folder, file), out);
    return { line: `kubectl protection ${line} > ${file}`, code, out: '' };
  };
  const json = await saved('coverage export audit-q4', 'evidence.json');
  const html = await saved('coverage export audit-q4 -o html --framework pci-dss', 'evidence.html');
  const page1 = await readFile(path.join(protection.folder, 'evidence.html'), 'utf8');
  expect(page1).toContain('PCI DSS');
  expect(page1).toContain('production-eu');
  const good = await ask(`coverage verify evidence.html --digest ${digest}`);
  expect(good.code).toBe(0);
  await show(page, 1, taken, json, html, good);
  const evidence = await readFile(path.join(protection.folder, 'evidence.json'), 'utf8');
  await writeFile(path.join(protection.folder, 'polished.json'), evidence.replace('gpu-1', 'gpu-9'));
  const bad = await ask('coverage verify polished.json');
  expect(bad.code).toBe(1);
  await show(page, 2, bad);
});

test('a policy is known to work, or not to, whatever the pods of the agent look like', async () => {
  const page = 'policy-effectiveness';
  living.tell('general-1', { missingRulesFile: rulesFile });
  await eventually(async () => {
    const { reasons = [] } = (await world.verdicts()).workloads.get('Deployment/shop/web') ?? {};
    expect(reasons.map(({ reason }) => reason)).toContain('PolicyMissing');
  });
  const pods = await run('kubectl -n falco get daemonset');
  expect(pods.out).toMatch(/^falco +5 +5 +5 +5 +5 /m);
  const lacking = await ask("coverage --rule '!Escape by mount' --agent falco --assets nodes");
  expect(lacking.out).toContain('node/general-1');
  expect(lacking.out).not.toContain('node/general-2');
  await show(page, 1, pods, lacking);
  const workload = await ask('coverage workload shop/deploy/web');
  expect(workload.out).toMatch(/^Deployment shop\/web: Incomplete/m);
  await show(page, 2, workload);
  living.tell('general-1', { missingRulesFile: undefined });
  await untilProtected('general-1');
  await eventually(async () =>
    expect((await world.verdicts()).workloads.get('Deployment/shop/web')?.state).toBe('Protected'),
  );
  await show(page, 3, await ask("coverage --rule 'Escape by mount' --agent falco --assets nodes"));
});

test('detection is thin somewhere, and a new rule shows where it is not any more', async () => {
  const page = 'detection-engineering';
  const thin = await ask('coverage attack');
  expect(thin.out).toMatch(/^TA0005 +Defense Evasion/m);
  const tactic = await ask('coverage attack --tactic defense-evasion');
  expect(tactic.out).toContain('T1070 Indicator Removal');
  await show(page, 1, tactic);
  await declare({ clearsLogsIsSeen: true });
  await living.reload([...falcoNodes, 'spot-1']);
  await eventually(async () => {
    const { out } = await ask('coverage attack --technique T1070');
    expect(out).toMatch(/covered by 1 rule on 5 of 6 nodes/);
  });
  const covered = await ask('coverage attack --technique T1070');
  await eventually(async () =>
    expect((await ask("coverage --technique '!T1070' --assets nodes -o name")).out).toBe('node/data-1\n'),
  );
  await show(page, 2, covered, await ask("coverage --technique '!T1070' --assets nodes"));
});

test('after the incident its gap is closed, there and on everything like it', async () => {
  const closed = await ask(`coverage diff ${before} --incident ${exploited}`);
  expect([closed.code, closed.out]).toEqual([0, closed.out]);
  expect(closed.out).toMatch(/^CLOSED/);
  await show('post-incident', 2, closed);
});
