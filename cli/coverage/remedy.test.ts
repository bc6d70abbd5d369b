import { describe, expect, test } from 'vitest';
import { commandIn, remedyParts } from './remedy.ts';

const patch = `kubectl -n falco patch daemonset falco --type=json -p='[{"op":"add","path":"/a;b","value":"(c)"}]'`;

describe('a remedy is taken apart', () => {
  test.each<readonly [string, string, readonly (readonly [string, string])[]]>([
    ['words alone', 'Wait for it', [['words', 'Wait for it']]],
    ['a command alone', 'kubectl uncordon n1', [['command', 'kubectl uncordon n1']]],
    [
      'words and a command',
      `Add the toleration: ${patch}`,
      [
        ['words', 'Add the toleration:'],
        ['command', patch],
      ],
    ],
    [
      'what stands in brackets after it',
      'Switch it on: kubectl edit pagent falco (spec.telemetry.mode)',
      [
        ['words', 'Switch it on:'],
        ['command', 'kubectl edit pagent falco'],
        ['words', '(spec.telemetry.mode)'],
      ],
    ],
    [
      'two to choose from',
      'Let it tell: kubectl get pagent falco; or require less: kubectl edit wpol shop',
      [
        ['words', 'Let it tell:'],
        ['command', 'kubectl get pagent falco'],
        ['words', 'or require less:'],
        ['command', 'kubectl edit wpol shop'],
      ],
    ],
    [
      'a template with brackets in quotes',
      `See: kubectl get pagent falco -o jsonpath='{.status.conditions[?(@.type=="X")].message}'`,
      [
        ['words', 'See:'],
        ['command', `kubectl get pagent falco -o jsonpath='{.status.conditions[?(@.type=="X")].message}'`],
      ],
    ],
    ['a command that is only mentioned', 'Get in by kubectl exec', [['words', 'Get in by kubectl exec']]],
  ])('%s', (_, remedy, expected) => {
    expect(remedyParts(remedy).map(({ kind, text }) => [kind, text])).toEqual(expected);
  });

  test.each([
    [`Add the toleration: ${patch}`, patch],
    ['Label it: kubectl label node <node> --overwrite pool=a; else take the selector off', undefined],
    ['Let it: kubectl get x; or: kubectl edit y', undefined],
    ['Wait', undefined],
  ])('and %s can be pasted as %s', (remedy, command) => {
    expect(commandIn(remedy)).toBe(command);
  });
});
