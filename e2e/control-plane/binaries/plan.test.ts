import { describe, expect, test } from 'vitest';
import { allBinaries, envtestBinaries, kubernetesBinaries, toolBinaries } from './names.ts';
import type { BinaryName } from './names.ts';
import { planBinaries } from './plan.ts';

const none = new Set<BinaryName>();
const withoutControllers = ['etcd', 'kube-apiserver', 'kubectl', 'kwok'] as const;

describe('where binaries come from', () => {
  test('KUBEBUILDER_ASSETS goes before the cache, and the cache before all else', () => {
    const plan = planBinaries(allBinaries, {
      assets: new Set(envtestBinaries),
      cache: new Set(allBinaries),
      go: true,
    });
    expect(plan.fromAssets).toEqual(['etcd', 'kube-apiserver', 'kubectl']);
    expect(plan.fromCache).toEqual(['kube-controller-manager', 'kube-scheduler', 'kwok', 'helm']);
    expect(plan.build).toEqual({ kubernetes: [], tools: [] });
    expect(plan.fromArchive).toEqual([]);
  });

  test('assets with only three programs leave the others to a build, which needs no archive', () => {
    const plan = planBinaries(allBinaries, { assets: new Set(envtestBinaries), cache: none, go: true });
    expect(plan.build).toEqual({ kubernetes: ['kube-controller-manager', 'kube-scheduler'], tools: toolBinaries });
    expect(plan.fromArchive).toEqual([]);
  });

  test('the archive is asked where it spares the build of Kubernetes', () => {
    const plan = planBinaries(withoutControllers, { assets: none, cache: none, go: true });
    expect(plan.fromArchive).toEqual(envtestBinaries);
  });

  test('the archive is not asked where a build must be made anyway', () => {
    const plan = planBinaries(allBinaries, { assets: none, cache: none, go: true });
    expect(plan.fromArchive).toEqual([]);
    expect(plan.build).toEqual({ kubernetes: kubernetesBinaries, tools: toolBinaries });
  });

  test('without Go the archive is asked for what it has', () => {
    const plan = planBinaries(allBinaries, { assets: none, cache: none, go: false });
    expect(plan.fromArchive).toEqual(envtestBinaries);
  });
});
