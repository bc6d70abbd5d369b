// A small export, as the operator and the API server would have made it.
import {
  coverageReportSchema,
  type CoverageReport,
  type CoverageReportInput,
} from '../../../crds/schema/coverage-report.ts';
import {
  coverageSliceSchema,
  type CoverageSlice,
  type CoverageSliceInput,
} from '../../../crds/schema/coverage-slice.ts';
import { documentOf, type CoverageDocument } from '../document.ts';
import { snapshotDigest } from '../../../facts/snapshot-digest.ts';

export const takenAt = '2026-11-22T06:00:00Z';

type Profiles = NonNullable<CoverageSliceInput['profiles']>;

export const blind: Profiles[number] = {
  id: 'NoAgent-1',
  state: 'NoAgent',
  reasons: [
    {
      reason: 'AgentMissing',
      cause: 'The DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule.',
      remedy: 'Add the toleration to the DaemonSet falco/falco.',
    },
  ],
  names: [],
};

export const well: Profiles[number] = {
  id: 'Protected-1',
  state: 'Protected',
  evidence: 'Running',
  agents: [{ name: 'falco', version: '0.44.1', state: 'Protected', evidence: 'Running' }],
  names: [],
};

export interface Standing {
  readonly nodes: Profiles;
  readonly workloads: Profiles;
}

export const standing: Standing = {
  nodes: [
    { ...blind, names: ['gpu-1'] },
    { ...well, names: ['node-1', 'node-2'] },
  ],
  workloads: [
    { ...blind, names: ['ml/Job/<train>'], criticality: 'High', policies: ['everything'] },
    { ...well, names: ['shop/Deployment/web'] },
    {
      id: 'Exempt-1',
      state: 'Exempt',
      exemption: { policy: 'everything', reason: 'moves out, "soon"', expiresAt: '2027-01-01T00:00:00Z' },
      names: ['legacy/Deployment/old'],
    },
    { id: 'NotRunning', state: 'NotRunning', names: ['shop/CronJob/nightly'] },
  ],
};

export const aDocument = (
  { nodes, workloads }: Standing = standing,
  name = 'cluster-20261122t060000z',
  isSnapshot = true,
): CoverageDocument => {
  const slices = [slice(name, 'Nodes', nodes), slice(name, 'Workloads', workloads)];
  const report = reportOf(name, isSnapshot);
  const snapshot = { takenAt, cluster: 'prod <1>', clusterId: '6c1d', kubernetesVersion: 'v1.36.3' };
  const taken = { ...report, status: { ...report.status, ...(isSnapshot ? { snapshot } : {}) } } as CoverageReport;
  const digest = snapshotDigest(taken, slices);
  const whole = isSnapshot
    ? ({ ...taken, status: { ...taken.status, snapshot: { ...snapshot, digest, imported: false } } } as CoverageReport)
    : taken;
  return documentOf(whole, slices, Date.parse('2026-11-22T07:00:00Z'));
};

const slice = (report: string, assets: 'Nodes' | 'Workloads', profiles: Profiles): CoverageSlice =>
  coverageSliceSchema.parse({
    metadata: { name: `${report}-${assets.toLowerCase()}-0` },
    spec: { report, assets, index: 0, of: 1, frozen: true },
    profiles,
  } satisfies CoverageSliceInput);

const reportOf = (name: string, isSnapshot: boolean): CoverageReport =>
  coverageReportSchema.parse({
    metadata: { name, uid: 'u', creationTimestamp: takenAt },
    spec: isSnapshot ? { snapshotOf: { name: 'cluster' } } : {},
    status: {
      evaluatedAt: takenAt,
      conditions: [
        {
          type: 'Complete',
          status: 'False',
          reason: 'CoverageIncomplete',
          message: 'Incomplete infrastructure coverage: 2 of 3 nodes are protected.',
          lastTransitionTime: takenAt,
        },
      ],
      summary: { gaps: 1 },
      counts: {
        nodes: { total: 3, protected: 2, noAgent: 1, protectedPercent: '66.6' },
        workloads: { total: 4, protected: 1, noAgent: 1, exempt: 1, notRunning: 1, protectedPercent: '50.0' },
      },
      agents: [{ name: 'falco', type: 'Falco', nodes: 2, versions: [{ version: '0.44.1', nodes: 2 }] }],
      gaps: [
        {
          reason: 'AgentMissing',
          state: 'NoAgent',
          cause: blind.reasons?.[0]?.cause ?? '',
          remedy: 'mend it',
          nodes: 1,
          workloads: 1,
        },
      ],
      history: ['40.0', '50.0'].map((workloadsPercent, index) => ({
        time: `2026-11-22T0${index + 4}:00:00Z`,
        workloadsPercent,
      })),
      slices: 2,
    },
  } satisfies CoverageReportInput);
