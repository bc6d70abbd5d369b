import { describe, expect, test } from 'vitest';
import { environmentOf, renderedContainer, withFlags } from './container.ts';
import type { RenderedObject } from './render.ts';

const pod = { name: 'operator-0', namespace: 'security' };

const statefulSet: RenderedObject = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'operator', namespace: 'security' },
  spec: {
    template: {
      spec: {
        serviceAccountName: 'watcher',
        containers: [{ name: 'sidecar' }, { name: 'operator', command: ['program'], args: ['--leader-elect'] }],
      },
    },
  },
};

describe('a container of the chart', () => {
  test('is found by the kind of its workload and its own name', () => {
    expect(renderedContainer([{ ...statefulSet, kind: 'Deployment' }, statefulSet], 'StatefulSet', 'operator')).toEqual(
      {
        workload: 'operator',
        namespace: 'security',
        serviceAccount: 'watcher',
        program: 'program',
        args: ['--leader-elect'],
        env: [],
      },
    );
  });

  test('that the chart does not render is an error that names it', () => {
    expect(() => renderedContainer([statefulSet], 'Deployment', 'operator')).toThrow(
      'the chart renders no Deployment with a container named operator',
    );
  });
});

describe('flags', () => {
  test.each([
    ['take the place of the same flag', ['--a=1', '--b=2'], { '--a': '3' }, ['--b=2', '--a=3']],
    ['take the place of a switch', ['--a', '--b=2'], { '--a': 'false' }, ['--b=2', '--a=false']],
    ['are added where there was none', ['--b=2'], { '--a': '3' }, ['--b=2', '--a=3']],
    ['without a value are only taken away', ['--a=1', '--b=2'], { '--a': undefined }, ['--b=2']],
    ['leave longer names alone', ['--address-of=1'], { '--address': '2' }, ['--address-of=1', '--address=2']],
    ['leave values with equals signs and lines alone', ['--b=x=y\nz'], {}, ['--b=x=y\nz']],
  ])('%s', (_, args, flags, expected) => {
    expect(withFlags(args, flags)).toEqual(expected);
  });
});

describe('the environment', () => {
  test('is filled in as a kubelet would', () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const env = [{ name: 'PLAIN', value: '' }, field('A', 'metadata.name'), field('B', 'metadata.namespace')];
    expect(environmentOf(env, pod)).toEqual({ PLAIN: '', A: 'operator-0', B: 'security' });
  });

  test('that only a kubelet could fill in is refused', () => {
    const env = [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }];
    expect(() => environmentOf(env, pod)).toThrow(/^NODE of the container comes from .*spec\.nodeName/);
  });
});
