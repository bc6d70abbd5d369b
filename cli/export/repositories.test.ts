import { expect, test } from 'vitest';
import { resources, type Resource } from '../../kube/resource.ts';
import { repositoriesIn } from './repositories.ts';

const template = (...images: readonly string[]): object => ({
  spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) },
});
const named = (name: string, owner?: { readonly kind: string; readonly name: string }): object => ({
  namespace: 'shop',
  name,
  ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, controller: true }] }),
});

const read =
  (lists: Readonly<Record<string, readonly object[]>>) =>
  async ({ plural }: Resource): Promise<readonly unknown[] | undefined> =>
    lists[plural];

const all = (lists: Readonly<Record<string, readonly object[]>>): Readonly<Record<string, readonly object[]>> => ({
  deployments: [],
  statefulsets: [],
  daemonsets: [],
  replicasets: [],
  replicationcontrollers: [],
  jobs: [],
  cronjobs: [],
  ...lists,
});

test('a workload has the repositories of its containers, whatever their tags and digests', async () => {
  const deployments = [
    {
      metadata: named('web'),
      spec: { template: template('registry:5000/shop/web:1.0', `registry:5000/proxy@sha256:${'0'.repeat(64)}`) },
    },
  ];
  const { of, unread } = await repositoriesIn(read(all({ deployments })));
  expect([...of]).toEqual([['shop/Deployment/web', new Set(['registry:5000/shop/web', 'registry:5000/proxy'])]]);
  expect(unread).toEqual([]);
});

test('what an owner makes counts for the owner, also for one that we know nothing of', async () => {
  const replicasets = [
    { metadata: named('canary-1', { kind: 'Rollout', name: 'canary' }), spec: { template: template('shop/web:2') } },
    { metadata: named('canary-0', { kind: 'Rollout', name: 'canary' }), spec: { template: template('shop/old:1') } },
  ];
  const jobs = [
    { metadata: named('night-1', { kind: 'CronJob', name: 'night' }), spec: { template: template('shop/batch') } },
  ];
  const cronjobs = [
    { metadata: named('night'), spec: { jobTemplate: { spec: { template: template('shop/batch:9') } } } },
  ];
  const { of } = await repositoriesIn(read(all({ replicasets, jobs, cronjobs })));
  expect([...of]).toEqual([
    ['shop/Rollout/canary', new Set(['shop/web', 'shop/old'])],
    ['shop/CronJob/night', new Set(['shop/batch'])],
  ]);
});

test('kinds that may not be read are named', async () => {
  const { unread } = await repositoriesIn(async (resource) => (resource === resources.jobs ? undefined : []));
  expect(unread).toEqual(['jobs']);
});
