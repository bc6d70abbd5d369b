import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../domain/coverage/agents.ts';
import { drawPicture } from '../domain/placement/picture.ts';
import type { NodeReport } from '../domain/placement/reported-presence.ts';
import { aFalco } from '../domain/testing/agents.ts';
import { aNode } from '../domain/testing/nodes.ts';
import { aDaemonSet } from '../domain/testing/pods.ts';
import { admitting, aPolicy } from '../domain/testing/policies.ts';
import type { AdmissionMode } from '../domain/types.ts';
import { breakGlassAnnotation, breakGlassUntilAnnotation } from '../facts/break-glass.ts';
import type { Cluster } from './cluster.ts';
import { createBindingWebhook, createControllerWebhook, createPodWebhook } from './placement.ts';
import type { AdmissionRequest } from './review.ts';

const now = 1_800_000_000_000;
const kinds = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
];

/** One node that nobody watches; another in the pool `safe` that Falco does. */
const aCluster = (mode: AdmissionMode): Pick<Cluster, 'picture' | 'namespaceLabels' | 'runtimeClass'> => {
  const policies = [aPolicy({ name: 'prod', admission: admitting({ mode, kinds }) })];
  const catalogue = createAgentCatalogue([aFalco()], [aDaemonSet({ scheduling: { nodeSelector: { pool: 'safe' } } })]);
  const nodes = [aNode({ name: 'bare', labels: { pool: 'bare' } }), aNode({ name: 'safe', labels: { pool: 'safe' } })];
  const reportOf = (name: string): NodeReport => ({
    agents: name === 'safe' ? [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }] : [],
    reasons: [],
  });
  const picture = drawPicture({ nodes, reportOf, catalogue, policies, isStale: false }, now);
  return {
    namespaceLabels: (name) => ({ 'kubernetes.io/metadata.name': name }),
    runtimeClass: (name) =>
      name === 'bare' ? { name, handler: 'runc', nodeSelector: { pool: 'bare' }, tolerations: [] } : undefined,
    picture: () => picture,
  };
};

const request = (kind: string, object: unknown, overrides: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: 'u',
  userInfo: { username: 'cleo' },
  kind: { group: kind === 'Pod' ? '' : 'apps', version: 'v1', kind },
  namespace: 'shop',
  operation: 'CREATE',
  object,
  ...overrides,
});

const toBare = { nodeSelector: { pool: 'bare' }, containers: [{ name: 'app', image: 'app:1' }] };
const aPod = (spec: object = toBare, metadata: object = {}) => ({ metadata: { name: 'p', ...metadata }, spec });
const controlling = (spec: object = toBare, metadata: object = {}) => ({
  metadata: { name: 'c', ...metadata },
  spec: { template: { metadata: { labels: { app: 'c' } }, spec } },
});
const ownedBy = (kind: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'o', uid: 'x', controller: true }],
});

const rulePod = (object: unknown, overrides: Partial<AdmissionRequest> = {}, mode: AdmissionMode = 'Deny') =>
  createPodWebhook(aCluster(mode) as Cluster, () => now)(request('Pod', object, overrides));
const ruleController = (kind: string, object: unknown, overrides: Partial<AdmissionRequest> = {}) =>
  createControllerWebhook(aCluster('Deny') as Cluster, () => now)(request(kind, object, overrides));

describe('the webhook of pods', () => {
  it('refuses a pod that can only run unprotected', () => {
    expect(rulePod(aPod())).toMatchObject({
      allowed: false,
      verdict: 'Unprotected',
      message: expect.stringContaining('prod'),
    });
  });

  it('warns where the policy only warns', () => {
    expect(rulePod(aPod(), {}, 'Warn')).toMatchObject({
      allowed: true,
      verdict: 'Unprotected',
      warnings: { length: 1 },
    });
  });

  it('takes into account what the RuntimeClass adds', () => {
    expect(rulePod(aPod({ runtimeClassName: 'bare', containers: [] }))).toMatchObject({ allowed: false });
    expect(rulePod(aPod({ containers: [] }))).toMatchObject({ allowed: true, verdict: 'Partly' });
  });

  it('judges pods of controllers too: nobody else could refuse them', () => {
    expect(rulePod(aPod(toBare, ownedBy('ReplicaSet')))).toMatchObject({ allowed: false });
  });

  it('judges an ephemeral container where its pod is', () => {
    const update = { operation: 'UPDATE', subResource: 'ephemeralcontainers' } as const;
    expect(rulePod(aPod({ nodeName: 'bare' }), update)).toMatchObject({ verdict: 'Unprotected' });
    expect(rulePod(aPod({ nodeName: 'safe' }), update)).toMatchObject({ verdict: 'Protected' });
  });

  it.each<[string, unknown, Partial<AdmissionRequest>]>([
    ['an update, so that finalizers can always go', aPod(), { operation: 'UPDATE' }],
    ['a pod that is being deleted', aPod(toBare, { deletionTimestamp: '2027-01-01T00:00:00Z' }), {}],
    ['a deletion', null, { operation: 'DELETE' }],
    ['the mirror of a static pod', aPod(toBare, { annotations: { 'kubernetes.io/config.mirror': 'x' } }), {}],
    ['a binding', aPod(), { subResource: 'binding' }],
    ['another kind', aPod(), { kind: { group: 'example.com', version: 'v1', kind: 'Pod' } }],
  ])('says nothing of %s', (_, object, overrides) => {
    expect(rulePod(object, overrides)).toEqual({ allowed: true, verdict: 'Skipped' });
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'pod'],
    ['a pod without a spec', { metadata: {} }],
    ['a pod of the wrong types', { metadata: [], spec: { nodeSelector: 7, tolerations: 'x', containers: [null] } }],
  ])('lives through %s', (_, object) => {
    expect(rulePod(object)).toMatchObject({ allowed: true });
  });
});

describe('breaking the glass', () => {
  const annotated = (until: number, reason = 'the shop is down') =>
    aPod(toBare, {
      annotations: { [breakGlassAnnotation]: reason, [breakGlassUntilAnnotation]: new Date(until).toISOString() },
    });

  it('lets a pod through until its end, with a warning', () => {
    expect(rulePod(annotated(now + 1))).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('break-glass')],
      auditAnnotations: { 'break-glass': 'the shop is down' },
    });
  });

  it.each<[string, unknown, string]>([
    ['an end that is past', annotated(now), 'its end, 2027-01-15T08:00:00.000Z, is past'],
    ['a reason that is none', annotated(now + 1, 'fix'), 'its reason is shorter than 8 characters'],
  ])('does not for %s, and says how to write it', (_, pod, why) => {
    const ruling = rulePod(pod);
    expect(ruling).toMatchObject({ allowed: false, message: expect.stringContaining(why) });
    expect(ruling).toMatchObject({ message: expect.stringContaining(breakGlassUntilAnnotation) });
  });
});

describe('the webhook of bindings', () => {
  const binding = (node: string) => ({
    metadata: { name: 'p', namespace: 'shop' },
    target: { kind: 'Node', name: node },
  });
  const bind = (node: string, pod: unknown, mode: AdmissionMode = 'Deny') =>
    createBindingWebhook(
      aCluster(mode) as Cluster,
      async () => pod,
      () => now,
    )(request('Binding', binding(node), { name: 'p', subResource: 'binding' }));
  const anywhere = aPod({ containers: [{ name: 'app', image: 'app:1' }] });

  it('judges the pod on the node that was chosen, and on no other', async () => {
    expect(await bind('bare', anywhere)).toMatchObject({ allowed: false, verdict: 'Unprotected' });
    expect(await bind('safe', anywhere)).toMatchObject({ allowed: true, verdict: 'Protected' });
  });

  it.each<[string, unknown, string]>([
    ['a pod that could not be read', undefined, 'Unread'],
    ['a pod that is being deleted', aPod(toBare, { deletionTimestamp: '2027-01-01T00:00:00Z' }), 'Skipped'],
  ])('lets %s through', async (_, pod, verdict) => {
    expect(await bind('bare', pod)).toEqual({ allowed: true, verdict });
  });
});

describe('the webhook of controllers', () => {
  it.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'])(
    'warns of a %s by its template, and never refuses',
    (kind) => {
      expect(ruleController(kind, controlling())).toMatchObject({
        allowed: true,
        verdict: 'Unprotected',
        warnings: [expect.stringContaining(`pods of this ${kind}`)],
      });
    },
  );

  it('warns of a CronJob by the template in its template', () => {
    const cronJob = { metadata: { name: 'c' }, spec: { jobTemplate: { spec: { template: { spec: toBare } } } } };
    expect(ruleController('CronJob', cronJob)).toMatchObject({ warnings: { length: 1 } });
  });

  it('does not warn again of what another controller made', () => {
    expect(ruleController('ReplicaSet', controlling(toBare, ownedBy('Deployment')))).toEqual({
      allowed: true,
      verdict: 'Owned',
    });
  });

  it('says nothing of an update that leaves the template as it was', () => {
    const update = { operation: 'UPDATE', oldObject: controlling(toBare, { labels: { a: 'b' } }) } as const;
    expect(ruleController('Deployment', controlling(), update)).toMatchObject({ verdict: 'Skipped' });
  });

  it('warns of an update that changes where the pods run', () => {
    const update = { operation: 'UPDATE', oldObject: controlling({ nodeSelector: { pool: 'safe' } }) } as const;
    expect(ruleController('Deployment', controlling(), update)).toMatchObject({ warnings: { length: 1 } });
  });

  it('says nothing of an update that is no worse than what was there', () => {
    const other = { ...toBare, containers: [{ name: 'app', image: 'app:2' }] };
    const update = { operation: 'UPDATE', oldObject: controlling() } as const;
    expect(ruleController('Deployment', controlling(other), update)).toMatchObject({
      allowed: true,
      verdict: 'Unprotected',
      warnings: [],
    });
  });

  it('says nothing of a kind that it does not know', () => {
    expect(ruleController('Rollout', controlling())).toMatchObject({ verdict: 'Skipped' });
  });

  it("lets an agent's own DaemonSet be", () => {
    const falco = {
      metadata: { name: 'falco' },
      spec: {
        template: {
          metadata: { labels: { 'app.kubernetes.io/name': 'falco' } },
          spec: {
            nodeSelector: { pool: 'bare' },
            containers: [{ name: 'falco', image: 'falcosecurity/falco:0.43.0' }],
          },
        },
      },
    };
    expect(ruleController('DaemonSet', falco)).toMatchObject({ allowed: true, verdict: 'Agent', warnings: [] });
  });
});
