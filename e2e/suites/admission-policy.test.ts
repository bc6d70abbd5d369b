// What API servers enforce by themselves: the ValidatingAdmissionPolicies that are generated for WorkloadPolicies, on a real API server, with
// no webhook at all, and then with nothing of ours left.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgentCatalogue } from '../../domain/coverage/agents.ts';
import { findInescapable, isInescapable, type Inescapable } from '../../domain/placement/inescapable.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { toAgentDefinition } from '../../facts/agent.ts';
import { breakGlassAnnotation, breakGlassUntilAnnotation } from '../../facts/break-glass.ts';
import { projectDaemonSet } from '../../facts/daemon-set.ts';
import { toPolicy } from '../../facts/policy.ts';
import { projectRuntimeClass } from '../../facts/runtime-class.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import type { Said } from './support/said.ts';
import { createAll, namespace, namespacesOf, node, pod } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const os = 'kubernetes.io/os';
const agents = falco({ tolerations: everywhere, nodeSelector: { [os]: 'linux' } });
const admissionPath = '/apis/admissionregistration.k8s.io/v1';
const hour = 3_600_000;
const values = {
  starterPolicy: { enabled: false },
  operator: { replicas: 0 },
  webhook: { replicas: 0, admissionPolicies: { enabled: true } },
};

let world: World;
let operator: ProcessHandle;

const policy = (name: string, admission: object, more: object = {}): Manifest => ({
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name, annotations: { 'workloadprotection.dev/admission-policy': 'true' } },
  spec: { selector: { namespaceSelector: { matchLabels: { judged: name } } }, gracePeriod: '0s', admission, ...more },
});
const runtimeClass = (name: string, handler: string): Manifest => ({
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name },
  handler,
});
const exemption = (name: string, app: string, ends: number) => ({
  name,
  reason: 'until it is moved away from there',
  expiresAt: new Date(ends).toISOString(),
  selector: { podSelector: { matchLabels: { app } } },
});
const vault = policy('vault', { mode: 'Deny' }, { exemptions: [exemption('legacy', 'legacy', Date.now() + hour)] });
const classes = [runtimeClass('isolated', 'kata'), runtimeClass('plain', 'runc')];

beforeAll(async () => {
  world = await startWorld('admission-policy');
  const names = ['vault', 'advised', 'watched', 'strict', 'by-node'];
  await createAll(world.cluster, [
    ...names.map((name) => namespace(name, { judged: name })),
    ...namespacesOf(agents),
    node('open'),
    ...classes,
    ...agents,
  ]);
  await begin();
});

/** The product with its policies, and API servers that go by what it makes of them. */
const begin = async (): Promise<void> => {
  await world.install(values);
  await world.apply(
    vault,
    policy('advised', { mode: 'Warn' }),
    policy('watched', { mode: 'Audit' }),
    policy('strict', { mode: 'Deny', breakGlass: 'Forbidden' }),
    policy('by-node', { mode: 'Deny' }, { selector: { nodeSelector: { matchLabels: { pool: 'a' } } } }),
  );
  operator = await world.startOperator();
  // API servers take a moment until they go by a new policy.
  await eventually(async () => expect((await tried('vault', isolated)).code).toBe(1));
  await eventually(async () => expect((await tried('strict', isolated)).code).toBe(1));
  await eventually(async () => expect((await tried('advised', isolated)).stderr).toContain('Warning'));
};

afterAll(() => world?.stop());

const isolated = { spec: { runtimeClassName: 'isolated' } };

const tried = (
  inNamespace: string,
  {
    spec = {},
    labels = {},
    annotations = {},
  }: { readonly spec?: object; readonly labels?: object; readonly annotations?: object },
): Promise<Said> => {
  const manifest = pod(inNamespace, 'tried', { spec });
  const metadata = { ...manifest.metadata, labels: { ...manifest.metadata.labels, ...labels }, annotations };
  return world.kubectl.say(['create', '-f', '-', '--dry-run=server'], { ...manifest, metadata });
};
const glass = (until: number, reason = 'the shop is down, INC-7') => ({
  [breakGlassAnnotation]: reason,
  [breakGlassUntilAnnotation]: new Date(until).toISOString(),
});
const generated = async (kind: 'policies' | 'policybindings') => {
  const { items } = await world.get<{
    readonly items: readonly { readonly metadata: { readonly name: string; readonly generation: number } }[];
  }>(`${admissionPath}/validatingadmission${kind}?labelSelector=app.kubernetes.io%2Fcomponent%3Dadmission-policy`);
  return items.map(({ metadata }) => metadata);
};

describe('without a webhook', () => {
  test('each mode does what it says', async () => {
    const [denied, warned, audited] = [
      await tried('vault', isolated),
      await tried('advised', isolated),
      await tried('watched', isolated),
    ];
    expect([denied.code, warned.code, audited.code]).toEqual([1, 0, 0]);
    for (const said of [denied, warned]) {
      expect(said.stderr).toContain(
        'the pod runs in the sandbox of RuntimeClass isolated, which no agent that is demanded can see into',
      );
    }
    expect([warned.stderr.startsWith('Warning: '), audited.stderr]).toEqual([true, '']);
    await capture(
      'admission-policy.txt',
      ['kubectl create -f isolated.yaml -n vault', denied.stderr],
      ['kubectl create -f isolated.yaml -n advised', `${warned.stderr}${warned.stdout}`],
    );
  });

  test('exemptions and break-glass hold as in the webhook, to the hour', async () => {
    const code = async (inNamespace: string, more: object): Promise<number> =>
      (await tried(inNamespace, { ...isolated, ...more })).code;
    expect(await code('vault', { labels: { app: 'legacy' } })).toBe(0);
    expect(await code('vault', { annotations: glass(Date.now() + hour) })).toBe(0);
    expect(await code('vault', { annotations: glass(Date.now() - hour) })).toBe(1);
    expect(await code('vault', { annotations: glass(Date.now() + hour, 'short') })).toBe(1);
    expect(await code('strict', { annotations: glass(Date.now() + hour) })).toBe(1);
    const until = { [breakGlassUntilAnnotation]: 'soon', [breakGlassAnnotation]: 'the shop is down' };
    expect(await code('vault', { annotations: until })).toBe(1);
  });

  test('excluded namespaces and pods of DaemonSets are let through', async () => {
    for (const inNamespace of ['kube-system', 'workload-protection', 'default']) {
      expect([inNamespace, (await tried(inNamespace, isolated)).code]).toEqual([inNamespace, 0]);
    }
    const owned = pod('vault', 'tried', { spec: isolated.spec });
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true }];
    const metadata = { ...owned.metadata, ownerReferences };
    expect((await world.kubectl.say(['create', '-f', '-', '--dry-run=server'], { ...owned, metadata })).code).toBe(0);
  });

  test('API servers say what our own evaluation says', async () => {
    const words = [
      {},
      { runtimeClassName: 'isolated' },
      { runtimeClassName: 'plain' },
      { nodeSelector: { [os]: 'windows' } },
      { nodeSelector: { [os]: 'linux' } },
      { nodeSelector: { pool: 'b' } },
      { nodeSelector: { [os]: 'windows' }, runtimeClassName: 'plain' },
      { nodeSelector: { [os]: 'linux' }, runtimeClassName: 'isolated' },
      { runtimeClassName: 'isolated', initContainers: [{ name: 'first', image: 'example.com/first:1' }] },
    ];
    const expected = await inescapable();
    for (const spec of words) {
      const asked = pod('vault', 'tried', { spec }) as unknown as {
        readonly spec: {
          readonly containers: readonly { readonly name: string; readonly image: string }[];
          readonly nodeSelector?: Readonly<Record<string, string>>;
          readonly runtimeClassName?: string;
        };
      };
      const { containers, nodeSelector = {}, runtimeClassName } = asked.spec;
      const isRefused = isInescapable(expected, {
        runtimeClass: runtimeClassName,
        nodeSelector,
        labels: {},
        containers,
      });
      expect([spec, (await tried('vault', { spec })).code]).toEqual([spec, isRefused ? 1 : 0]);
    }
  });

  test('what cannot be said without knowing nodes is not generated, and an Event says why', async () => {
    expect((await generated('policies')).map(({ name }) => name).toSorted()).toEqual(
      ['advised', 'strict', 'vault', 'watched'].map((name) => `${name}.workloadprotection.dev`),
    );
    await eventually(async () => {
      const events = await world.kubectl(['get', 'events', '-n', 'default', '-o', 'wide']);
      expect(events).toContain('AdmissionPolicyNotGenerated');
      expect(events).toContain('it has a nodeSelector, and on which node a pod will run is not known yet');
    });
  });

  test('what is written is what API servers keep, and nothing of it puzzles them', async () => {
    // Written again in every round, it would have other generations by now.
    const written = [...(await generated('policies')), ...(await generated('policybindings'))];
    expect(written.map(({ generation }) => generation)).toEqual(written.map(() => 1));
    await eventually(async () => {
      const { status } = await world.get<{ readonly status?: object }>(
        `${admissionPath}/validatingadmissionpolicies/vault.workloadprotection.dev`,
      );
      expect(status).toMatchObject({ observedGeneration: 1, typeChecking: {} });
      expect(JSON.stringify(status)).not.toContain('warning');
    });
  });
});

const endOperator = async (): Promise<void> => {
  operator.kill('SIGKILL');
  await operator.exited;
};

const inescapable = async (): Promise<Inescapable> => {
  const list = async (path: string): Promise<readonly unknown[]> =>
    (await world.get<{ readonly items: readonly unknown[] }>(path)).items;
  const definitions = (await list(`/apis/${apiVersion}/protectionagents`)).flatMap((raw) => {
    const agent = toAgentDefinition(raw);
    return agent.ok ? [agent.value] : [];
  });
  const daemonSets = (await list('/apis/apps/v1/daemonsets')).flatMap((raw) => projectDaemonSet(raw) ?? []);
  const judged = toPolicy(vault);
  if (!judged.ok) throw new Error(judged.error);
  const found = findInescapable({
    policy: judged.value,
    catalogue: createAgentCatalogue(definitions, daemonSets),
    runtimeClasses: classes.flatMap((raw) => projectRuntimeClass(raw) ?? []),
    runs: () => false,
  });
  if (!found.ok) throw new Error(found.why);
  return found.value;
};

describe('without anything of ours', () => {
  test('it goes on, except where a policy changes; the operator that is back puts it right, and all is gone when it is switched off', async () => {
    await endOperator();
    await begin();
    await endOperator();
    await world.plane.restartApiServer();
    await eventually(async () => expect((await tried('vault', isolated)).code).toBe(1));
    expect((await tried('strict', isolated)).code).toBe(1);

    await world.kubectl(['annotate', 'wpol', 'strict', 'workloadprotection.dev/admission-policy-']);
    await eventually(async () => expect((await tried('strict', isolated)).code).toBe(0));
    await world.kubectl(['patch', 'wpol', 'vault', '--type=merge', '-p', '{"spec":{"admission":{"mode":"Warn"}}}']);
    await eventually(async () => expect((await tried('vault', isolated)).code).toBe(0));
    await world.kubectl(['delete', 'wpol', 'advised']);
    await eventually(async () => expect((await tried('advised', isolated)).stderr).toBe(''));

    operator = await world.startOperator();
    const names = async () => (await generated('policies')).map(({ name }) => name).toSorted();
    const wanted = ['vault', 'watched'].map((name) => `${name}.workloadprotection.dev`);
    await eventually(async () => expect(await names()).toEqual(wanted));
    await eventually(async () => expect((await tried('vault', isolated)).stderr).toContain('Warning: '));
    await endOperator();
    await world.kubectl(['delete', 'clusterrole', 'workload-protection-admission-policies']);
    await eventually(async () => {
      expect([...(await generated('policies')), ...(await generated('policybindings'))]).toEqual([]);
    });
  });
});
