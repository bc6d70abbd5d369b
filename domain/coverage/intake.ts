// Facts as they arrive, one at a time: each is stored, and what it may change is marked to be looked at again.
import { isEqual } from '../equal.ts';
import type { Instance } from '../telemetry/book.ts';
import type { Context } from './context.ts';
import { uncount } from './evaluate-pod.ts';
import type { Heard } from './heard.ts';
import type { NodeEntry, PodEntry } from './inventory.ts';
import type { NodeFacts } from '../types.ts';
import type { Intake, Sources } from './sources.ts';

export const createIntake = (context: Context, sources: Sources): Intake => {
  const { inventory, dirty } = context;
  const { namespaces, runtimeClasses, exposures, configMaps, daemonSets, telemetry, declarations, stale } = sources;

  const touchNodeOf = (pod: PodEntry): void => {
    const { node } = pod;
    if (node === undefined) return;
    if (node.agentPods.has(pod) || node.facts?.virtual !== undefined) dirty.nodes.add(node);
  };

  /** Only a ConfigMap that an agent's DaemonSet mounts can say anything of it. */
  const touchConfigMap = (namespace: string, name: string): void => {
    for (const daemonSet of daemonSets.values()) {
      if (daemonSet.namespace === namespace && daemonSet.configMaps.includes(name)) stale.daemonSets = true;
    }
  };

  return {
    upsertNode: (facts) => {
      const before = inventory.nodes.get(facts.name)?.facts;
      if (before !== undefined && sameFacts(before, facts)) return;
      // The labels keep their identity while they are equal, since policies are resolved by it.
      const kept =
        before !== undefined && sameFacts(before.labels, facts.labels) ? { ...facts, labels: before.labels } : facts;
      const node = inventory.upsertNode(kept);
      if (before !== undefined && before.uid !== kept.uid) forgetPast(node);
      if (before === undefined || before.labels !== kept.labels || before.virtual !== kept.virtual) dirty.podsOf(node);
      // Whether a workload is serverless hangs on its nodes alone, whatever is said of its pods.
      if (before === undefined || before.virtual !== kept.virtual) {
        for (const { workload } of node.pods) {
          workload.kinds = undefined;
          dirty.workloads.add(workload);
        }
      }
      dirty.nodes.add(node);
      if (before !== undefined && !sameMarks(before, kept)) dirty.changedNodes.add(node.name);
    },
    removeNode: (name) => {
      const node = inventory.removeNode(name);
      if (node === undefined) return;
      for (const { workload } of node.pods) workload.kinds = undefined;
      dirty.nodes.add(node);
    },
    upsertPod: (facts) => {
      const known = inventory.pod(facts.namespace, facts.name);
      if (known !== undefined) {
        if (sameFacts(known.facts, facts)) return;
        dirty.workloads.add(known.workload);
        touchNodeOf(known);
        // Counted by its containers, so that other containers must be counted anew.
        if (known.facts.shape !== facts.shape) uncount(context, known);
      }
      const pod = inventory.upsertPod(facts);
      if (context.catalogue.isAgentPod(facts)) pod.node?.agentPods.add(pod);
      touchNodeOf(pod);
      dirty.pods.add(pod);
      dirty.workloads.add(pod.workload);
    },
    removePod: (namespace, name) => {
      const known = inventory.pod(namespace, name);
      if (known === undefined) return;
      touchNodeOf(known);
      uncount(context, known);
      inventory.removePod(namespace, name);
      dirty.pods.delete(known);
      dirty.workloads.add(known.workload);
    },
    upsertOwner: (facts) => {
      for (const workload of inventory.upsertOwner(facts)) dirty.workloads.add(workload);
    },
    removeOwner: (kind, namespace, name) => {
      for (const workload of inventory.removeOwner(kind, namespace, name)) dirty.workloads.add(workload);
    },
    upsertDaemonSet: (facts) => {
      if (put(daemonSets, `${facts.namespace}/${facts.name}`, facts)) stale.daemonSets = true;
    },
    removeDaemonSet: (namespace, name) => {
      if (daemonSets.delete(`${namespace}/${name}`)) stale.daemonSets = true;
    },
    upsertNamespace: (facts) => {
      const before = namespaces.get(facts.name);
      const isKept = before !== undefined && sameFacts(before.labels, facts.labels);
      namespaces.set(facts.name, isKept ? { ...facts, labels: before.labels } : facts);
      if (isKept) return;
      context.scopes.forget();
      dirty.podsIn(facts.name);
    },
    removeNamespace: (name) => {
      if (!namespaces.delete(name)) return;
      context.scopes.forget();
      dirty.podsIn(name);
    },
    upsertRuntimeClass: (facts) => {
      const before = runtimeClasses.get(facts.name);
      runtimeClasses.set(facts.name, facts);
      if (before?.handler !== facts.handler) dirty.podsOfRuntimeClass(facts.name);
    },
    removeRuntimeClass: (name) => {
      if (runtimeClasses.delete(name)) dirty.podsOfRuntimeClass(name);
    },
    upsertExposure: (facts) => {
      const key = `${facts.kind}/${facts.namespace}/${facts.name}`;
      const before = exposures.get(key);
      if (!put(exposures, key, facts)) return;
      for (const namespace of [...namespacesOf(before), ...namespacesOf(facts)]) dirty.exposedNamespaces.add(namespace);
    },
    removeExposure: (kind, namespace, name) => {
      const key = `${kind}/${namespace}/${name}`;
      for (const concerned of namespacesOf(exposures.get(key))) dirty.exposedNamespaces.add(concerned);
      exposures.delete(key);
    },
    upsertConfigMap: (facts) => {
      if (put(configMaps, `${facts.namespace}/${facts.name}`, facts)) touchConfigMap(facts.namespace, facts.name);
    },
    removeConfigMap: (namespace, name) => {
      if (configMaps.delete(`${namespace}/${name}`)) touchConfigMap(namespace, name);
    },
    setTelemetry: (name, agent, said) => {
      const { before, after } = telemetry.set(name, agent, said);
      const node = inventory.nodes.get(name);
      const heard = node?.presences.find((presence) => presence.agent === agent)?.heard;
      if (node === undefined || !saysOtherwise(before, after, heard)) return false;
      dirty.nodes.add(node);
      return true;
    },
    setOpenFindings: (keys) => {
      const before = context.openFindings;
      const others = [...before, ...keys].filter((key) => before.has(key) !== keys.has(key));
      context.openFindings = keys;
      for (const key of others) {
        const workload = inventory.workloads.get(key);
        if (workload !== undefined) dirty.workloads.add(workload);
      }
      return others.length > 0;
    },
    setDeclarations: (agent, declared) => {
      const known = declarations.get(agent);
      if (isEqual(known, declared)) return false;
      declarations.set(agent, declared);
      stale.declarations = true;
      if (!isEqual(known?.exclusions ?? [], declared.exclusions)) stale.exclusions = true;
      return true;
    },
  };
};

/** Whether its node could be judged otherwise: hardly ever, since most readings only say that nothing has changed. */
const saysOtherwise = (
  before: Instance | undefined,
  after: Instance | undefined,
  heard: Heard | undefined,
): boolean => {
  if (before === undefined || after === undefined) return before !== after;
  if (before.statement !== after.statement) return true;
  if (after.statement === undefined && before.askedSince !== after.askedSince) return true;
  const isFresh = heard?.hasAnswered === true && heard.olderThan === 0;
  if (heard === undefined || (isFresh && after.at >= before.at)) return false;
  return before.at !== after.at || before.failure !== after.failure;
};

/** Another machine under the same name: what was seen on the first says nothing of it. */
const forgetPast = (node: NodeEntry): void => {
  node.goneAt = undefined;
  node.presences = [];
  node.presenceId = -1;
};

/** What we write onto nodes, or take off them: whoever does so looks at the nodes that changed. */
const sameMarks = (a: NodeFacts, b: NodeFacts): boolean =>
  sameFacts(a.taints, b.taints) && sameFacts(a.condition ?? {}, b.condition ?? {});

const namespacesOf = (facts: Sources['exposures'] extends Map<string, infer F> ? F | undefined : never): string[] =>
  facts === undefined ? [] : [facts.namespace, ...facts.services.map(({ namespace }) => namespace)];

/** Whether it is another than before. */
const put = <F extends object>(known: Map<string, F>, key: string, facts: F): boolean => {
  const before = known.get(key);
  if (before !== undefined && sameFacts(before, facts)) return false;
  known.set(key, facts);
  return true;
};

/** Facts are plain data with keys in a fixed order, so their text tells whether they are equal. */
const sameFacts = (a: object, b: object): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
