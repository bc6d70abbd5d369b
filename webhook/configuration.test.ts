import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../domain/coverage/agents.ts';
import { drawPicture } from '../domain/placement/picture.ts';
import { aFalco } from '../domain/testing/agents.ts';
import { aNode } from '../domain/testing/nodes.ts';
import { aDaemonSet } from '../domain/testing/pods.ts';
import { aPolicy as everything, minutes } from '../domain/testing/policies.ts';
import type { PostureRule } from '../domain/findings/types.ts';
import { createAgentWebhook } from './agents/webhook.ts';
import type { Cluster } from './cluster.ts';
import { createConfigurationWebhook } from './configuration.ts';
import type { Lookup } from './report/validate.ts';
import type { AdmissionRequest, Ruling } from './review.ts';

const now = 1_800_000_000_000;
const daemonSets = [aDaemonSet()];
const nodes = ['a', 'b'].map((name) => aNode({ name, labels: { pool: name } }));
const picture = drawPicture(
  {
    nodes,
    reportOf: () => ({
      agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }],
      reasons: [],
    }),
    catalogue: createAgentCatalogue([aFalco()], daemonSets),
    policies: [],
    isStale: false,
  },
  now,
);
const quiet = { quietPeriod: 30 * minutes } as PostureRule;
const production = everything({ name: 'production', posture: [{ ...quiet, behaviour: 'CompilerInContainer' }] });
const cluster: Pick<Cluster, 'picture' | 'daemonSets' | 'policies' | 'protectedWorkloads'> = {
  picture: () => picture,
  daemonSets: () => daemonSets,
  policies: () => [production],
  protectedWorkloads: () => 7,
};
const group = 'workloadprotection.dev';

const reports: Readonly<Record<string, unknown>> = {
  january: { spec: { snapshotOf: { name: 'cluster' } } },
  live: { spec: {} },
};
const lookUp: Lookup = async (name) => (name === 'slow' ? 'unknown' : { found: reports[name] });

const ask = async (kind: string, overrides: Partial<AdmissionRequest>): Promise<Ruling> =>
  createConfigurationWebhook(
    cluster as Cluster,
    lookUp,
    () => now,
  )({
    uid: 'u',
    userInfo: { username: 'cleo' },
    kind: { group, version: 'v1alpha1', kind },
    operation: 'CREATE',
    ...overrides,
  });

const anAgent = (name: string, spec: object = {}) => ({
  apiVersion: `${group}/v1alpha1`,
  kind: 'ProtectionAgent',
  metadata: { name },
  spec: {
    type: 'Falco',
    pods: {
      selector: { matchLabels: { 'app.kubernetes.io/name': 'falco' } },
      images: ['falcosecurity/falco'],
    },
    ...spec,
  },
});
const aPolicy = (spec: object = {}, rest: object = {}) => ({
  apiVersion: `${group}/v1alpha1`,
  kind: 'WorkloadPolicy',
  metadata: { name: 'prod' },
  spec,
  ...rest,
});
const aReport = (spec: object) => ({
  apiVersion: `${group}/v1alpha1`,
  kind: 'CoverageReport',
  metadata: { name: 'team' },
  spec,
});

describe('a ProtectionAgent', () => {
  it.each<[string, Partial<AdmissionRequest>, readonly string[]]>([
    ['that is what it was', { operation: 'UPDATE', object: anAgent('falco'), oldObject: anAgent('falco') }, []],
    [
      'that is deleted takes its nodes along',
      { operation: 'DELETE', oldObject: anAgent('falco') },
      [
        'deleting ProtectionAgent falco leaves 2 of 2 protected nodes (a, b) and their 7 workloads without protection: no recognised agent is installed: no DaemonSet matches any ProtectionAgent',
      ],
    ],
    [
      'that looks for another image takes its nodes along',
      {
        operation: 'UPDATE',
        oldObject: anAgent('falco'),
        object: anAgent('falco', {
          pods: { selector: { matchLabels: { app: 'other' } }, images: ['example.com/other'] },
        }),
      },
      [
        expect.stringMatching(
          /^this change of ProtectionAgent falco leaves 2 of 2 protected nodes \(a, b\) and their 7 workloads without protection: /,
        ),
      ],
    ],
    [
      'that recognises what another does is one too many',
      { object: anAgent('falco-too') },
      ['DaemonSet security/falco is recognised as ProtectionAgent falco too'],
    ],
    [
      'whose canary comes too seldom for a policy proves nothing',
      { object: anAgent('falco', { canary: { interval: '11m' } }) },
      [
        'three times spec.canary.interval of ProtectionAgent falco is longer than the quietPeriod of CompilerInContainer in WorkloadPolicy production, so that one event would prove delivery for all of it',
      ],
    ],
    ['whose canary comes often enough is welcome', { object: anAgent('falco', { canary: { interval: '10m' } }) }, []],
    [
      'that recognises what nobody else does is welcome',
      { object: anAgent('mine', { pods: { selector: { matchLabels: { app: 'mine' } }, images: ['mine/agent'] } }) },
      [],
    ],
  ])('%s', async (_, overrides, warnings) => {
    expect(await ask('ProtectionAgent', overrides)).toEqual({ allowed: true, verdict: 'Accepted', warnings });
  });
});

describe('a WorkloadPolicy', () => {
  const status = { matched: { nodes: { total: 2 }, workloads: { total: 1 }, pods: { total: 0 } } };
  it.each<[string, Partial<AdmissionRequest>, readonly string[]]>([
    [
      'that is deleted demands nothing any more',
      { operation: 'DELETE', oldObject: aPolicy({ admission: { mode: 'Deny' } }, { status }) },
      [
        'deleting WorkloadPolicy prod: its demands on 2 nodes and 1 workload end, and what it refuses at admission is let in',
      ],
    ],
    ['that selected nothing and refused nothing may go', { operation: 'DELETE', oldObject: aPolicy() }, []],
    [
      'that is narrowed says which nodes it judges no more',
      {
        operation: 'UPDATE',
        oldObject: aPolicy(),
        object: aPolicy({ selector: { nodeSelector: { matchLabels: { pool: 'a' } } } }),
      },
      ['WorkloadPolicy prod no longer judges node b'],
    ],
    [
      'that refuses no more says so',
      {
        operation: 'UPDATE',
        oldObject: aPolicy({ selector: { podSelector: {} }, admission: { mode: 'Deny' } }),
        object: aPolicy({ selector: { podSelector: {} }, admission: { mode: 'Warn' } }),
      },
      ['WorkloadPolicy prod is less strict at admission: Warn instead of Deny'],
    ],
    [
      'that is made stricter is welcome',
      { operation: 'UPDATE', oldObject: aPolicy(), object: aPolicy({ admission: { mode: 'Warn' } }) },
      [],
    ],
    [
      'that is mended from what could not be read is welcome',
      { operation: 'UPDATE', oldObject: aPolicy({ gracePeriod: 'soon' }), object: aPolicy() },
      [],
    ],
  ])('%s', async (_, overrides, warnings) => {
    expect(await ask('WorkloadPolicy', overrides)).toEqual({ allowed: true, verdict: 'Accepted', warnings });
  });

  it('is refused with its faults, whatever else is to say', async () => {
    const exemptions = [{ selector: { podSelector: {} }, reason: 'for a while', expiresAt: '2020-01-01T00:00:00Z' }];
    expect(await ask('WorkloadPolicy', { object: aPolicy({ exemptions }) })).toMatchObject({
      allowed: false,
      code: 422,
      causes: [{ field: 'spec.exemptions[0].expiresAt' }],
    });
  });
});

describe('a CoverageReport', () => {
  it.each<[string, object, readonly string[]]>([
    ['without a baseline', {}, []],
    ['whose schedule comes', { snapshots: { schedule: '0 6 * * mon', timeZone: 'Europe/Berlin' } }, []],
    [
      'whose schedule nobody can read',
      { snapshots: { schedule: '61 * * * *' } },
      ['spec.snapshots: minute "61": "61" must lie between 0 and 59'],
    ],
    [
      'whose time zone nobody knows',
      { snapshots: { schedule: '@daily', timeZone: 'Europe/Bonn' } },
      ['spec.snapshots: no time zone is called "Europe/Bonn"; names are such as Europe/Berlin'],
    ],
    [
      'whose schedule never comes',
      { snapshots: { schedule: '0 0 30 2 *' } },
      ['spec.snapshots.schedule: "0 0 30 2 *" names a day that never comes'],
    ],
    ['whose baseline is a snapshot', { baseline: { name: 'january' } }, []],
    ['whose baseline could not be read in time', { baseline: { name: 'slow' } }, []],
    [
      'whose baseline is not there',
      { baseline: { name: 'february' } },
      ['spec.baseline.name: there is no CoverageReport february'],
    ],
    [
      'whose baseline is kept current',
      { baseline: { name: 'live' } },
      ['spec.baseline.name: CoverageReport live is no snapshot, which has spec.snapshotOf'],
    ],
    [
      'with a scope that nothing is in',
      {
        scope: {
          nodeSelector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] },
        },
      },
      ['spec.scope.nodeSelector matches nothing: a must be there and must not be'],
    ],
  ])('%s', async (_, spec, warnings) => {
    expect(await ask('CoverageReport', { object: aReport(spec) })).toEqual({
      allowed: true,
      verdict: 'Accepted',
      warnings,
    });
  });
});

it.each<[string, string, Partial<AdmissionRequest>]>([
  ['a kind of which nothing is to say', 'CoverageSlice', { object: {} }],
  ['a status', 'WorkloadPolicy', { subResource: 'status', operation: 'UPDATE', object: {} }],
  [
    'what loses its finalizers',
    'ProtectionAgent',
    { operation: 'UPDATE', object: { metadata: { deletionTimestamp: '2027-01-01T00:00:00Z' } } },
  ],
  ['a report that is deleted', 'CoverageReport', { operation: 'DELETE', oldObject: aReport({}) }],
])('nothing is said of %s', async (_, kind, overrides) => {
  expect(await ask(kind, overrides)).toEqual({ allowed: true, verdict: 'Skipped' });
});

describe('a DaemonSet', () => {
  const written = (spec: object = {}, metadata: object = {}) => ({
    metadata: { namespace: 'security', name: 'falco', ...metadata },
    spec: {
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': 'falco' } },
        spec: { containers: [{ name: 'falco', image: 'falcosecurity/falco:0.43.0' }], ...spec },
      },
    },
  });
  const change = (overrides: Partial<AdmissionRequest>) =>
    createAgentWebhook(
      cluster as Cluster,
      () => now,
    )({
      uid: 'u',
      userInfo: { username: 'cleo' },
      kind: { group: 'apps', version: 'v1', kind: 'DaemonSet' },
      operation: 'UPDATE',
      ...overrides,
    });

  it('of an agent is deleted with a warning, never refused', () => {
    expect(change({ operation: 'DELETE', oldObject: written() })).toEqual({
      allowed: true,
      verdict: 'Loss',
      warnings: [
        'deleting DaemonSet security/falco leaves 2 of 2 protected nodes (a, b) and their 7 workloads without protection: no recognised agent is installed: no DaemonSet matches any ProtectionAgent',
      ],
    });
  });

  it('of an agent that goes to fewer nodes is warned of these', () => {
    const ruling = change({ oldObject: written(), object: written({ nodeSelector: { pool: 'a' } }) });
    expect(ruling).toMatchObject({
      allowed: true,
      verdict: 'Loss',
      warnings: [
        expect.stringMatching(
          /^this change of DaemonSet security\/falco leaves 1 of 2 protected nodes \(b\) without protection: .*pool/,
        ),
      ],
    });
  });

  it.each<[string, Partial<AdmissionRequest>, string]>([
    ['that goes everywhere as before', { oldObject: written(), object: written({ hostNetwork: true }) }, 'NoLoss'],
    ['of somebody else', { operation: 'DELETE', oldObject: written({}, { name: 'logs', namespace: 'ops' }) }, 'NoLoss'],
    [
      'that is going already',
      { operation: 'DELETE', oldObject: written({}, { deletionTimestamp: '2027-01-01T00:00:00Z' }) },
      'Skipped',
    ],
    ['that comes', { operation: 'CREATE', object: written() }, 'Skipped'],
  ])('%s is no reason to warn', (_, overrides, verdict) => {
    expect(change(overrides)).toMatchObject({ allowed: true, verdict });
    expect(change(overrides)).not.toMatchObject({ warnings: [expect.anything()] });
  });
});

describe('a Finding', () => {
  const finding = (riskAcceptedUntil: string) => ({
    apiVersion: `${group}/v1alpha1`,
    kind: 'Finding',
    metadata: { name: 'gcc', namespace: 'shop' },
    spec: { case: { phase: 'RiskAccepted', riskAcceptedReason: 'an isolated build image', riskAcceptedUntil } },
  });

  it('is refused where its risk is accepted until a day that is past', async () => {
    expect(await ask('Finding', { name: 'gcc', object: finding('2020-01-01T00:00:00Z') })).toMatchObject({
      allowed: false,
      code: 422,
      message: expect.stringContaining('Finding gcc is not valid: spec.case.riskAcceptedUntil') as string,
    });
  });

  it('is accepted otherwise, and may always be deleted', async () => {
    const good = await ask('Finding', { object: finding('2027-06-01T00:00:00Z') });
    const deleted = await ask('Finding', { operation: 'DELETE', oldObject: finding('2020-01-01T00:00:00Z') });
    expect([good.allowed, good.warnings, deleted.allowed]).toEqual([true, [], true]);
  });
});
