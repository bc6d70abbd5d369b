import { expect, test } from 'vitest';
import { containerStatusesOf, digestIn } from './container-status.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test.each<[string, unknown, string | undefined]>([
  ['of containerd and CRI-O', `registry.example.com/shop/app@${digest}`, digest],
  ['of Docker', `docker-pullable://registry.example.com/shop/app@${digest}`, digest],
  ['of an image that was loaded on the node', digest, undefined],
  ['of a container that has not started', '', undefined],
  ['that is cut', `app@sha256:abab`, undefined],
  ['that is not there', undefined, undefined],
])('the digest in an image id %s', (_, imageId, expected) => {
  expect(digestIn(imageId)).toBe(expected);
});

test('containers of every kind are told', () => {
  const status = {
    containerStatuses: [{ name: 'main' }],
    initContainerStatuses: [{ name: 'init' }],
    ephemeralContainerStatuses: [{ name: 'debug' }],
  };
  expect(containerStatusesOf(status).map(({ name }) => name)).toEqual(['main', 'init', 'debug']);
  expect(containerStatusesOf(undefined)).toEqual([]);
});
