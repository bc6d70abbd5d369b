/** What the chart gives the operator so that it may tell others of findings: nothing more than is asked for. */
import { describe, expect, it } from 'vitest';
import { findHelm, set, type Rendered } from './testing/helm.ts';

const found = await findHelm();
const helm = found!;

interface Rule {
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const rulesOf = (objects: readonly Rendered[], kind: string): readonly Rule[] =>
  (
    objects.find((each) => each.kind === kind && each.metadata.name === 'workload-protection-operator') as
      | { readonly rules?: readonly Rule[] }
      | undefined
  )?.rules ?? [];

const mayPatchReports = (objects: readonly Rendered[]): boolean =>
  rulesOf(objects, 'ClusterRole').some(
    ({ resources, verbs }) => resources.includes('coveragereports') && verbs.includes('patch'),
  );

const secretsOf = (objects: readonly Rendered[]): readonly string[] =>
  rulesOf(objects, 'Role').flatMap(({ resources, resourceNames = [] }) =>
    resources.includes('secrets') ? resourceNames : [],
  );

describe.skipIf(found === undefined)('the sinks', () => {
  it('are off, and need no right, unless they are asked for', async () => {
    const objects = await helm.objects();
    expect(JSON.stringify(objects)).not.toMatch(/--sink-|--alertmanager-url/);
    expect(mayPatchReports(objects)).toBe(false);
    expect(secretsOf(objects)).toEqual([]);
  });

  it('have the flags, the one Secret and the one right that they need', async () => {
    const objects = await helm.objects(
      ...set({
        'operator.sinks.cloudEvents.url': 'https://sink.example.com/events',
        'operator.sinks.alertmanager.url': 'http://alertmanager.monitoring:9093',
        'operator.sinks.secretName': 'workload-protection-sinks',
      }),
    );
    const text = JSON.stringify(objects);
    for (const flag of [
      '--sink-url=https://sink.example.com/events',
      '--alertmanager-url=http://alertmanager.monitoring:9093',
      '--sink-secret=workload-protection-sinks',
    ]) {
      expect(text).toContain(flag);
    }
    expect(mayPatchReports(objects)).toBe(true);
    expect(secretsOf(objects)).toEqual(['workload-protection-sinks']);
  });

  it('must be addresses', async () => {
    await expect(helm.template(...set({ 'operator.sinks.cloudEvents.url': 'sink.example.com' }))).rejects.toThrow(
      /url/,
    );
  });
});
