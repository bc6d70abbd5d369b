import { describe, expect, test } from 'vitest';
import { isInNamespace, recognise } from './agent-recognition.ts';
import { aFalco } from './testing/agents.ts';
import { aContainer } from './testing/pods.ts';
import { labelled } from './testing/policies.ts';
import type { ContainerFacts, Labels, Recognition } from './types.ts';

const marks = aFalco().pods;
const labels = { 'app.kubernetes.io/name': 'falco' };
const overridden = { 'app.kubernetes.io/name': 'runtime-security' };
const container = (overrides: Partial<ContainerFacts> = {}): ContainerFacts =>
  aContainer({ name: 'falco', image: 'docker.io/falcosecurity/falco:0.43.0', ...overrides });

describe('an agent is recognised', () => {
  test.each<[string, Partial<Recognition>, Labels, readonly ContainerFacts[], string | undefined]>([
    ['by all its marks', {}, labels, [container()], 'falco'],
    ['with its labels overridden, by name and image', {}, overridden, [container()], 'falco'],
    [
      'from a mirror that renames the image, by labels and name',
      {},
      labels,
      [container({ image: 'mirror/sec/runtime:7' })],
      'falco',
    ],
    ['under another container name, by labels and image', {}, labels, [container({ name: 'agent' })], 'agent'],
    ['beside others', {}, labels, [aContainer({ name: 'exporter' }), container()], 'falco'],
    ['not by its name alone', {}, overridden, [container({ image: 'nginx' })], undefined],
    ['not by its image alone', {}, overridden, [container({ name: 'copy' })], undefined],
    ['not by its labels alone', {}, labels, [aContainer({ name: 'nginx', image: 'nginx' })], undefined],
    ['by one mark, where one is enough', { minimumEvidence: 1 }, overridden, [container({ name: 'copy' })], 'copy'],
    [
      'by labels, where they are all that is described',
      { containerNames: [], images: [], minimumEvidence: 1 },
      labels,
      [aContainer()],
      'app',
    ],
    [
      'not by a selector that selects everything',
      { selector: labelled({}) },
      {},
      [container({ name: 'copy', image: 'nginx' })],
      undefined,
    ],
    [
      'without the selector that selects everything, by what is left',
      { selector: labelled({}) },
      {},
      [container()],
      'falco',
    ],
    ['not in an init container', {}, labels, [container({ role: 'init' })], undefined],
    [
      'not in a debug container that somebody put into the pod',
      {},
      labels,
      [container({ role: 'ephemeral' })],
      undefined,
    ],
    ['in a sidecar', {}, labels, [container({ role: 'sidecar' })], 'falco'],
    ['in the container with the most marks', {}, labels, [container({ name: 'copy' }), container()], 'falco'],
    [
      'nowhere, where nothing is described',
      { selector: undefined, containerNames: [], images: [] },
      labels,
      [container()],
      undefined,
    ],
  ])('%s', (_, overrides, given, containers, expected) => {
    expect(recognise({ ...marks, ...overrides }, given, containers)?.container.name).toBe(expected);
  });
});

test.each([
  ['the tag of its image', labels, 'falcosecurity/falco:0.43.0', '0.43.0'],
  [
    'its label, where the tag says nothing',
    { ...labels, 'app.kubernetes.io/version': '0.42.1' },
    'falcosecurity/falco:latest',
    '0.42.1',
  ],
  [
    'its label, where only a digest is given',
    { ...labels, 'app.kubernetes.io/version': '0.42.1' },
    'falcosecurity/falco@sha256:ab',
    '0.42.1',
  ],
  ['nothing, where neither tells', labels, 'falcosecurity/falco:latest', undefined],
])('the version of an agent is %s', (_, given, image, expected) => {
  expect(recognise(marks, given, [container({ image })])?.version).toBe(expected);
});

test('an agent without namespaces may be anywhere, else only there', () => {
  expect(isInNamespace(aFalco(), 'anywhere')).toBe(true);
  expect(isInNamespace(aFalco({ namespaces: ['security'] }), 'security')).toBe(true);
  expect(isInNamespace(aFalco({ namespaces: ['security'] }), 'shop')).toBe(false);
});
