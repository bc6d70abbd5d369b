// Keeps a ValidatingAdmissionPolicy and its binding for each WorkloadPolicy that asks for one and can be said in CEL; says of the others
// why not. Only where the chart gives the rights for it.
import { isDeepStrictEqual } from 'node:util';
import { standingOfAgents } from '../../../domain/coverage/agent-standing.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import type { RuntimeClassFacts } from '../../../domain/types.ts';
import { toPolicy } from '../../../facts/policy.ts';
import { object, text } from '../../../facts/read.ts';
import { projectRuntimeClass } from '../../../facts/runtime-class.ts';
import type { Applied, Writer } from '../../../kube/apply.ts';
import { sleep, type Clock } from '../../../kube/clock.ts';
import type { EventRecorder } from '../../../kube/events.ts';
import type { Log } from '../../../kube/log.ts';
import { createReflector, type Reflector, type ReflectorMetrics } from '../../../kube/reflector.ts';
import { apiVersionOf, resources, type Resource } from '../../../kube/resource.ts';
import { Store } from '../../../kube/store.ts';
import type { Transport } from '../../../kube/transport.ts';
import type { RawObject } from '../../watches.ts';
import { componentLabel, generate, isWanted, ownerName } from './plan.ts';

export interface AdmissionPoliciesOptions {
  readonly transport: Transport;
  readonly writer: Pick<Writer, 'apply' | 'delete' | 'get'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly model: Pick<CoverageModel, 'catalogue' | 'inventory'>;
  readonly policies: Store<RawObject>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: ReflectorMetrics;
}

const fieldManager = 'workload-protection-operator';
/** DaemonSets and agents change under us without a word; what follows from them may take a moment. */
const intervalMs = 10_000;
/** Between two rounds: a change of one policy brings several events. */
const settleMs = 500;
const configurationName = 'workload-protection';

/** What we have written, as the API server holds it. */
interface Held {
  readonly name: string;
  readonly spec: unknown;
}

/** Runs until the signal aborts, in the leader only. */
export const keepAdmissionPolicies = async (options: AdmissionPoliciesOptions, signal: AbortSignal): Promise<void> => {
  const { writer, events, model, policies, clock, log } = options;
  const configurations = new Store<{ readonly name: string; readonly raw: unknown }>({ keyOf: byName });
  const runtimeClasses = new Store<RuntimeClassFacts>({ keyOf: byName });
  const held = {
    policies: new Store<Held>({ keyOf: byName }),
    bindings: new Store<Held>({ keyOf: byName }),
  };
  const follow = <T extends object>(
    resource: Resource,
    sink: Store<T>,
    project: (raw: unknown) => T | undefined,
    scope: { readonly fieldSelector?: string } = {},
  ): Reflector => {
    const { transport, metrics } = options;
    return createReflector<T>({
      transport,
      resource,
      sink,
      project,
      clock,
      log,
      ...scope,
      ...(metrics === undefined ? {} : { metrics }),
    });
  };
  const reflectors = [
    follow(resources.validatingWebhookConfigurations, configurations, readRaw, {
      // RBAC by resourceNames lets a watch through that asks for this one name.
      fieldSelector: `metadata.name=${configurationName}`,
    }),
    follow(resources.runtimeClasses, runtimeClasses, projectRuntimeClass),
    follow(resources.validatingAdmissionPolicies, held.policies, readHeld),
    follow(resources.validatingAdmissionPolicyBindings, held.bindings, readHeld),
  ];
  const said = new Map<string, string>();
  let changed = Promise.withResolvers<void>();

  const say = ({ metadata: { name, uid } }: RawObject, refused: string | undefined): void => {
    const note =
      refused === undefined
        ? 'what of it needs no knowledge of nodes is enforced by API servers themselves'
        : `no ValidatingAdmissionPolicy is generated: ${refused}`;
    if (said.get(name) === note) return;
    said.set(name, note);
    if (refused === undefined) log.info({ policy: name }, note);
    else log.warn({ policy: name }, note);
    events.record({
      regarding: { apiVersion: apiVersionOf(resources.workloadPolicies), kind: 'WorkloadPolicy', name, uid },
      type: refused === undefined ? 'Normal' : 'Warning',
      reason: refused === undefined ? 'AdmissionPolicyGenerated' : 'AdmissionPolicyNotGenerated',
      action: 'GenerateAdmissionPolicy',
      note,
    });
  };

  const apply = async (resource: Resource, store: Store<Held>, wanted: Applied): Promise<void> => {
    if (isDeepStrictEqual(store.get('', wanted.metadata.name)?.spec, wanted['spec'])) return;
    await writer.apply(resource, wanted, { fieldManager, signal });
  };

  const step = async (): Promise<void> => {
    const wanted = [...policies.list()].filter(isWanted);
    const names = new Set<string>();
    const catalogue = model.catalogue();
    const standings = wanted.length === 0 ? undefined : standingOfAgents(model.inventory, catalogue);
    const owner =
      wanted.length === 0 ? undefined : await writer.get(resources.clusterRoles, { name: ownerName }, { signal });
    for (const raw of wanted) {
      const policy = toPolicy(raw);
      const generated = policy.ok
        ? generate({
            policy: policy.value,
            raw,
            catalogue,
            runtimeClasses: [...runtimeClasses.list()],
            runs: (agent) => (standings?.get(agent)?.found ?? 0) > 0,
            configuration: configurations.get('', configurationName)?.raw,
            ownerUid: text(object(object(owner)['metadata'])['uid']),
            now: clock.now(),
          })
        : ({ kind: 'Refused', why: 'it cannot be read' } as const);
      say(raw, generated.kind === 'Refused' ? generated.why : undefined);
      if (generated.kind === 'Refused') continue;
      names.add(generated.policy.metadata.name);
      await apply(resources.validatingAdmissionPolicies, held.policies, generated.policy);
      await apply(resources.validatingAdmissionPolicyBindings, held.bindings, generated.binding);
    }
    for (const [resource, store] of [
      [resources.validatingAdmissionPolicyBindings, held.bindings],
      [resources.validatingAdmissionPolicies, held.policies],
    ] as const) {
      for (const { name } of store.list()) {
        if (!names.has(name)) await writer.delete(resource, { name }, { signal });
      }
    }
    for (const name of said.keys()) {
      if (!wanted.some(({ metadata }) => metadata.name === name)) said.delete(name);
    }
  };

  const keep = async (): Promise<void> => {
    await Promise.all(reflectors.map(({ synced }) => synced));
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      try {
        await step();
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ error }, 'the generated ValidatingAdmissionPolicies could not be kept; trying again');
      }
      const timer = new AbortController();
      await Promise.race([changed.promise, sleep(clock, intervalMs, AbortSignal.any([signal, timer.signal]))]);
      timer.abort();
      await sleep(clock, settleMs, signal);
    }
  };

  const stores = [configurations, runtimeClasses, held.policies, held.bindings, policies];
  const ends = stores.map((store) => store.subscribe(() => changed.resolve()));
  try {
    await Promise.all([
      ...reflectors.map((reflector) => reflector.run(signal)),
      // Stopped before everything was read: nothing was done, and that is no error.
      keep().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      }),
    ]);
  } finally {
    for (const end of ends) end();
  }
};

const byName = ({ name }: { readonly name: string }) => ({ namespace: '', name });

const nameOf = (raw: unknown): string => text(object(object(raw)['metadata'])['name']);

const readRaw = (raw: unknown): { readonly name: string; readonly raw: unknown } => ({ name: nameOf(raw), raw });

/** Those of others are none of our business. */
const readHeld = (raw: unknown): Held | undefined => {
  const { metadata, spec } = object(raw);
  const labels = object(object(metadata)['labels']);
  const isOurs = Object.entries(componentLabel).every(([key, value]) => labels[key] === value);
  return isOurs ? { name: nameOf(raw), spec } : undefined;
};
