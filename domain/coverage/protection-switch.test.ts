import { describe, expect, test } from 'vitest';
import { aDatadog } from '../testing/agents.ts';
import { aNode } from '../testing/nodes.ts';
import { aContainer, aDaemonSet, aFalcoPod } from '../testing/pods.ts';
import type { DaemonSetFacts, Labels, ProtectionSwitch } from '../types.ts';
import { protectionSwitchedOn } from './protection-switch.ts';

const env: ProtectionSwitch = { kind: 'env', container: 'probe', name: 'PROTECT', value: 'true' };
const file: ProtectionSwitch = {
  kind: 'configMap',
  nameSuffix: '-probe-config',
  key: 'probe.yaml',
  path: 'security.enabled',
  value: 'true',
};
const container: ProtectionSwitch = { kind: 'containerPresent', container: 'falco' };
const label: ProtectionSwitch = { kind: 'nodeLabel', key: 'enforcer', notValues: ['none'] };

const withEnv = (name: string, value: string): DaemonSetFacts =>
  aDaemonSet({ containers: [{ ...aContainer({ name }), env: { PROTECT: value } }] });
const mounting = aDaemonSet({ configMaps: ['dd-probe-config'] });

describe('runtime protection is', () => {
  test.each<
    [
      string,
      'on' | 'off' | 'unread',
      readonly ProtectionSwitch[],
      DaemonSetFacts | undefined,
      string | undefined,
      Labels,
    ]
  >([
    ['on where presence is enough', 'on', [], undefined, undefined, {}],
    ['on by its variable', 'on', [env], withEnv('probe', 'true'), undefined, {}],
    ['off by another value', 'off', [env], withEnv('probe', 'false'), undefined, {}],
    ['off where only another container has the variable', 'off', [env], withEnv('agent', 'true'), undefined, {}],
    [
      'on where any container will do',
      'on',
      [{ ...env, container: undefined }],
      withEnv('agent', 'true'),
      undefined,
      {},
    ],
    ['not told by a DaemonSet that is not known', 'unread', [env], undefined, undefined, {}],
    ['on by its file', 'on', [file], mounting, 'security:\n  enabled: true\n', {}],
    ['off by its file', 'off', [file], mounting, 'security:\n  enabled: false\n', {}],
    ['off where no such file is mounted', 'off', [file], aDaemonSet(), undefined, {}],
    ['not told by a file that cannot be read', 'unread', [file], mounting, undefined, {}],
    ['on by one proof, though another is off', 'on', [env, file], mounting, 'security:\n  enabled: true\n', {}],
    ['not off while one proof cannot be read', 'unread', [env, file], mounting, undefined, {}],
    ['on by a container that is there', 'on', [container], undefined, undefined, {}],
    ['off without it', 'off', [{ kind: 'containerPresent', container: 'probe' }], undefined, undefined, {}],
    ['off by a node label, whatever else is on', 'off', [container, label], undefined, undefined, { enforcer: 'none' }],
    ['on where the label allows', 'on', [label], undefined, undefined, { enforcer: 'bpf' }],
    ['on where the label is absent', 'on', [label], undefined, undefined, {}],
    [
      'not on by an allowing label alone, where a proof is asked for',
      'off',
      [label, env],
      withEnv('probe', 'false'),
      undefined,
      {},
    ],
  ])('%s', (_, expected, protection, daemonSet, text, labels) => {
    const answer = protectionSwitchedOn(
      aDatadog({ protection }),
      aNode({ labels }),
      aFalcoPod(),
      daemonSet,
      (namespace, name) => (text === undefined ? undefined : { namespace, name, data: { 'probe.yaml': text } }),
    );
    expect(answer.known ? (answer.on ? 'on' : 'off') : 'unread').toBe(expected);
  });
});

test('what is off is said with where it stands', () => {
  const answer = protectionSwitchedOn(aDatadog({ protection: [file] }), aNode(), aFalcoPod(), mounting, () => ({
    namespace: 'security',
    name: 'dd-probe-config',
    data: { 'probe.yaml': 'security:\n  enabled: no\n' },
  }));
  expect(answer).toMatchObject({
    cause: 'datadog runs with its runtime protection off: security.enabled is no in ConfigMap security/dd-probe-config',
  });
});
