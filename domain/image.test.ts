import { expect, test } from 'vitest';
import { isFromRepository, parseImage } from './image.ts';

test.each([
  ['a bare name', 'falco', 'falco', undefined],
  ['a tag', 'falcosecurity/falco:0.43.0', 'falcosecurity/falco', '0.43.0'],
  ['a registry with a port and no tag', 'registry:5000/falco', 'registry:5000/falco', undefined],
  ['a registry with a port and a tag', 'registry:5000/falco:1.0', 'registry:5000/falco', '1.0'],
  ['a digest', 'quay.io/cilium/tetragon@sha256:abc', 'quay.io/cilium/tetragon', undefined],
  ['a tag and a digest', 'quay.io/cilium/tetragon:v1.7.0@sha256:abc', 'quay.io/cilium/tetragon', 'v1.7.0'],
])('an image with %s', (_, image, repository, tag) => {
  expect(parseImage(image)).toEqual({ repository, tag });
});

test.each([
  ['the same', 'falcosecurity/falco:1', true],
  ['a mirror that keeps the path', 'mirror.example.com/hub/falcosecurity/falco:1', true],
  ['another that only ends alike', 'evil/notfalcosecurity/falco:1', false],
  ['a longer name', 'falcosecurity/falco-driver-loader:1', false],
])('is the image from the repository: %s', (_, image, expected) => {
  expect(isFromRepository(image, 'falcosecurity/falco')).toBe(expected);
});
