import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { declareInput, fixture } from '../testing/read.ts';
import { tetragon } from './adapter.ts';

const objects = load(fixture('tetragon', 'objects-1.7.0.yaml')) as readonly { readonly kind: string }[];

const declare = (...items: readonly unknown[]) =>
  tetragon.declare(
    declareInput({
      tracingpolicies: items.filter((item) => (item as { kind?: string }).kind !== 'TracingPolicyNamespaced'),
      tracingpoliciesnamespaced: items.filter((item) => (item as { kind?: string }).kind === 'TracingPolicyNamespaced'),
    }),
  );

const policyNamed = (name: string) => declare(...objects).policies.find((policy) => policy.name === name);

/** A TracingPolicy with this spec. */
const withSpec = (spec: unknown) => ({ kind: 'TracingPolicy', metadata: { name: 'some' }, spec });

describe('a TracingPolicy', () => {
  test('is for the whole cluster, its generation is its version, and each hook is a rule', () => {
    expect(policyNamed('file-monitoring')).toEqual({
      agent: 'the-agent',
      name: 'file-monitoring',
      version: '4',
      source: 'CustomResource',
      declaredBy: { kind: 'TracingPolicy', name: 'file-monitoring' },
      rules: [
        { name: 'Read of a sensitive file', status: 'Loaded', tactics: ['TA0006'], techniques: ['T1005', 'T1552.001'] },
        { name: 'security_path_truncate', status: 'Loaded', tactics: ['TA0006', 'TA0040'], techniques: ['T1552.001'] },
      ],
    });
  });

  test('is for the nodes and containers that it selects, and knows hooks of every kind', () => {
    const policy = policyNamed('every-hook');
    expect(policy?.nodeSelector).toEqual({ matchLabels: { pool: 'general' }, matchExpressions: [] });
    expect(policy?.pods).toEqual({ containers: ['app', 'web'] });
    expect(policy?.rules?.map(({ name }) => name)).toEqual([
      'do_unlinkat',
      'raw_syscalls/sys_enter',
      'bprm_check_security',
      '/usr/bin/bash:readline,main',
      '/usr/lib/libc.so:libc:setjmp',
    ]);
  });

  test('of a namespace has the namespace in its name, and is for its pods alone', () => {
    expect(policyNamed('payments/shells')).toMatchObject({
      declaredBy: { kind: 'TracingPolicyNamespaced', namespace: 'payments', name: 'shells' },
      pods: { namespace: 'payments', podSelector: { matchLabels: { app: 'checkout' }, matchExpressions: [] } },
      rules: [{ name: 'Shell started', tactics: [], techniques: ['T1059'] }],
    });
  });

  test.each([
    ['by a name', { matchLabels: { name: 'app' } }, ['app'], 0],
    [
      'by names that all must hold',
      { matchLabels: { name: 'app' }, matchExpressions: [{ key: 'name', operator: 'In', values: ['web', 'app'] }] },
      ['app'],
      0,
    ],
    ['by something else', { matchLabels: { repo: 'nginx' } }, undefined, 1],
    [
      'by what is not its name',
      { matchExpressions: [{ key: 'name', operator: 'NotIn', values: ['istio-proxy'] }] },
      undefined,
      1,
    ],
    ['not at all', {}, undefined, 0],
  ])('selects containers %s', (_, containerSelector, containers, notes) => {
    const declared = declare(withSpec({ containerSelector }));
    expect(declared.policies[0]?.pods?.containers).toEqual(containers);
    expect(declared.notes).toHaveLength(notes);
  });

  test('with an operator that Kubernetes does not know selects nobody', () => {
    const [policy] = declare(
      withSpec({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] } }),
    ).policies;
    expect(policy?.pods?.podSelector?.matchExpressions).toEqual([{ key: 'a', operator: 'In', values: [] }]);
  });

  test('for hosts only is said to be doubtful', () => {
    expect(declare(withSpec({ hostSelector: {} })).notes.join()).toContain('TracingPolicy some has a hostSelector');
    expect(declare(withSpec({ hostSelector: {}, podSelector: {} })).notes).toEqual([]);
  });
});

test('without any policy it is said what Tetragon tells all the same, where it is installed', () => {
  expect(declare().notes).toEqual([]);
  expect(tetragon.declare(declareInput({}, [{}]))).toEqual({
    policies: [],
    contents: [],
    exclusions: [],
    notes: ['No TracingPolicy is declared: Tetragon then tells that processes start and end, and of nothing else.'],
  });
});
