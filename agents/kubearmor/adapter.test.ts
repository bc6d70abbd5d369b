import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { describeContract } from '../contract.case.ts';
import { declareInput, fixture } from '../testing/read.ts';
import { kubeArmor } from './adapter.ts';
import { throttlingIn } from './throttling.ts';

const plurals: Readonly<Record<string, string>> = {
  KubeArmorPolicy: 'kubearmorpolicies',
  KubeArmorClusterPolicy: 'kubearmorclusterpolicies',
  KubeArmorHostPolicy: 'kubearmorhostpolicies',
};

interface Item {
  readonly kind: string;
}

const byPlural = (items: readonly Item[]): Record<string, readonly Item[]> =>
  Object.fromEntries(
    Object.entries(plurals).map(([kind, plural]) => [plural, items.filter((item) => item.kind === kind)]),
  );

const objects = byPlural(load(fixture('kubearmor', 'objects-1.6.0.yaml')) as readonly Item[]);

describeContract(kubeArmor, { healthy: {}, objects: new Map(Object.entries(objects)) });

const declared = kubeArmor.declare(declareInput(objects));
const policyNamed = (name: string) => declared.policies.find((policy) => policy.name === name);

/** The scope of a policy of this kind with this selector. */
const scopeOf = (kind: 'KubeArmorPolicy' | 'KubeArmorClusterPolicy', selector: unknown) => {
  const metadata = kind === 'KubeArmorPolicy' ? { name: 'p', namespace: 'n' } : { name: 'p' };
  const item = { kind, metadata, spec: { selector } };
  return kubeArmor.declare(declareInput(byPlural([item]))).policies[0]?.pods;
};

describe('a KubeArmorPolicy', () => {
  test('is for pods and containers of its namespace', () => {
    expect(policyNamed('payments/harden-checkout')).toMatchObject({
      agent: 'the-agent',
      version: '3',
      source: 'CustomResource',
      declaredBy: { kind: 'KubeArmorPolicy', namespace: 'payments', name: 'harden-checkout' },
      pods: {
        namespace: 'payments',
        podSelector: { matchLabels: { app: 'checkout' }, matchExpressions: [] },
        containers: ['app', 'worker'],
      },
    });
  });

  test('has a rule for each thing that it matches, with the tags of all that it stands in', () => {
    const all = { status: 'Loaded', tactics: [], techniques: ['T1036', 'T1059'] };
    const ofProcesses = { ...all, tactics: ['TA0002'] };
    expect(policyNamed('payments/harden-checkout')?.rules).toEqual([
      { ...ofProcesses, name: 'process /usr/bin/apt', techniques: ['T1036', 'T1059', 'T1072'] },
      { ...ofProcesses, name: 'process /usr/bin/*pip' },
      { ...all, name: 'file /usr/bin/' },
      { ...all, name: 'network raw' },
      { ...all, name: 'capabilities sys_admin' },
      { ...all, name: 'syscalls unlink,rmdir' },
      { ...all, name: 'syscalls /etc/shadow' },
    ]);
  });

  test('that is inactive has its rules switched off', () => {
    expect(policyNamed('payments/resting')?.rules?.map(({ name, status }) => [name, status])).toEqual([
      ['process /bin/sh', 'Disabled'],
    ]);
  });

  test.each([
    ['nobody in particular', undefined, { namespace: 'n' }],
    [
      'one container by its plain name',
      { matchLabels: { 'kubearmor.io/container.name': 'lb' } },
      { namespace: 'n', containers: ['lb'] },
    ],
    [
      'labels as KubeArmor lists them',
      { matchExpressions: [{ key: 'label', operator: 'In', values: ['app=web', 'app=api', 'tier=front'] }] },
      {
        namespace: 'n',
        podSelector: {
          matchLabels: {},
          matchExpressions: [
            { key: 'app', operator: 'In', values: ['web', 'api'] },
            { key: 'tier', operator: 'In', values: ['front'] },
          ],
        },
      },
    ],
    [
      'labels as Kubernetes does',
      { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
      {
        namespace: 'n',
        podSelector: { matchLabels: {}, matchExpressions: [{ key: 'app', operator: 'Exists', values: [] }] },
      },
    ],
  ])('selects %s', (_, selector, expected) => {
    expect(scopeOf('KubeArmorPolicy', selector)).toEqual(expected);
  });
});

describe('a KubeArmorClusterPolicy', () => {
  test('is for namespaces by name and for pods by label, in all the cluster', () => {
    expect(policyNamed('no-miners')).toMatchObject({
      declaredBy: { kind: 'KubeArmorClusterPolicy', name: 'no-miners' },
      rules: [{ name: 'process */xmrig' }, { name: 'preset filelessExec' }],
      pods: {
        namespaceSelector: {
          matchLabels: {},
          matchExpressions: [
            { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'kubearmor'] },
          ],
        },
        podSelector: { matchLabels: {}, matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['builder'] }] },
      },
    });
  });

  test('with an operator that KubeArmor does not know takes nobody for covered who may not be', () => {
    const selector = { matchExpressions: [{ key: 'namespace', operator: 'Like', values: [] }] };
    expect(scopeOf('KubeArmorClusterPolicy', selector)?.namespaceSelector?.matchExpressions).toEqual([
      { key: 'kubernetes.io/metadata.name', operator: 'In', values: [] },
    ]);
  });
});

test('a KubeArmorHostPolicy is for nodes, and for no pod on them', () => {
  const policy = policyNamed('kubelet-files');
  expect(policy?.nodeSelector).toEqual({ matchLabels: { 'kubernetes.io/os': 'linux' }, matchExpressions: [] });
  expect(policy?.pods?.namespaceSelector?.matchExpressions).toMatchObject([{ operator: 'In', values: [] }]);
});

test('pods take themselves out by an annotation', () => {
  expect(declared.exclusions.map(({ annotation }) => annotation)).toEqual([
    { key: 'kubearmor-policy', value: 'disabled' },
    { key: 'kubearmor-policy', value: 'audited' },
  ]);
});

test('that nothing is declared is said where KubeArmor is installed', () => {
  expect(kubeArmor.declare(declareInput(objects, [{}])).notes).toEqual([]);
  expect(kubeArmor.declare(declareInput({})).notes).toEqual([]);
  expect(kubeArmor.declare(declareInput({}, [{}])).notes).toEqual([
    'No KubeArmor policy is declared: KubeArmor then tells only what its default posture and visibility say.',
  ]);
});

test('who asks it all the same is told what to set', () => {
  const result = kubeArmor.read({ answers: new Map(), at: 0, memory: undefined, custom: undefined });
  expect('failed' in result && result.failed).toContain('telemetry.mode');
});

describe('an alert about throttling', () => {
  const alert = {
    ClusterName: 'default',
    HostName: 'node-3',
    NamespaceName: 'payments',
    PodName: 'checkout-586468bf4f-8bf6x',
    ContainerName: 'app',
    Type: 'SystemEvent',
    Operation: 'AlertThreshold',
    Enforcer: 'BPFLSM',
    Result: 'Passed',
    DroppingAlertsInterval: 60,
    MaxAlertsPerSec: 20,
  };

  test('says whose alerts are dropped, and for how long', () => {
    expect(throttlingIn(alert)).toEqual({
      node: 'node-3',
      pod: { namespace: 'payments', name: 'checkout-586468bf4f-8bf6x' },
      container: 'app',
      duration: 60_000,
      issue: {
        reason: 'AgentHealth',
        cause: 'KubeArmor drops all alerts of a container for 60 s after more than 20 in a second',
        remedy: expect.stringContaining('maxAlertPerSec'),
      },
    });
  });

  test.each([
    ["KubeArmor's own limits where it says none", {}, 30_000],
    ['no longer than a day', { DroppingAlertsInterval: 1e12 }, 86_400_000],
    ["KubeArmor's own where it makes no sense", { DroppingAlertsInterval: -1, MaxAlertsPerSec: 'many' }, 30_000],
  ])('holds for %s', (_, limits, duration) => {
    const found = throttlingIn({ Type: 'SystemEvent', Operation: 'AlertThreshold', ...limits });
    expect(found?.duration).toBe(duration);
    expect(found).not.toHaveProperty('pod');
  });

  test.each([
    ['another alert', { ...alert, Type: 'MatchedPolicy', Operation: 'Process' }],
    ['no alert', undefined],
    ['a text', 'AlertThreshold'],
  ])('is not %s', (_, given) => {
    expect(throttlingIn(given)).toBeUndefined();
  });
});
