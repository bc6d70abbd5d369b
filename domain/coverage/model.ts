// The coverage of a fleet, kept up to date: facts go in one at a time, `evaluate` looks again at what they touched and at
// nothing else. One changed pod costs one pod; the whole fleet is judged only when policies or agents change.
import { createPolicyResolver, type PolicyResolver } from '../policy/resolve.ts';
import type {
  AgentDefinition,
  ConfigMapFacts,
  DaemonSetFacts,
  ExposureFacts,
  Labels,
  NamespaceFacts,
  NodeFacts,
  OwnerFacts,
  PodFacts,
  Policy,
  RuntimeClassFacts,
} from '../types.ts';
import { createAgentCatalogue, type AgentCatalogue } from './agents.ts';
import { exposureOf, isExposed, type Exposure } from './exposure.ts';
import { createInventory, type Inventory, type NodeEntry, type PodEntry, type WorkloadEntry } from './inventory.ts';
import { defaultGracePeriod } from './judge.ts';
import { verdictOfParts, verdictOn, type TimedVerdict } from './judgements.ts';
import { presencesForPod } from './pod-presence.ts';
import { presenceOn, type AgentPresence } from './presence.ts';
import { riskOf } from './risk.ts';
import { createTally, type Tally } from './tally.ts';
import { createVerdictInterner, type Verdict, type VerdictInterner } from './verdict.ts';

export interface Evaluation {
  /** Names of nodes whose verdict is another than before, or that came or went. */
  readonly nodes: readonly string[];
  /** Keys of workloads, likewise. */
  readonly workloads: readonly string[];
  readonly pods: number;
  /** When time alone changes something; Infinity if it does not. */
  readonly nextAt: number;
}

export interface CoverageModel {
  readonly inventory: Inventory;
  readonly tally: Tally;
  readonly agents: () => readonly AgentDefinition[];
  readonly catalogue: () => AgentCatalogue;
  readonly namespaceLabels: (name: string) => Labels;
  readonly setAgents: (agents: readonly AgentDefinition[]) => void;
  readonly setPolicies: (policies: readonly Policy[]) => void;
  readonly upsertNode: (facts: NodeFacts) => void;
  readonly removeNode: (name: string) => void;
  readonly upsertPod: (facts: PodFacts) => void;
  readonly removePod: (namespace: string, name: string) => void;
  readonly upsertOwner: (facts: OwnerFacts) => void;
  readonly removeOwner: (kind: string, namespace: string, name: string) => void;
  readonly upsertDaemonSet: (facts: DaemonSetFacts) => void;
  readonly removeDaemonSet: (namespace: string, name: string) => void;
  readonly upsertNamespace: (facts: NamespaceFacts) => void;
  readonly removeNamespace: (name: string) => void;
  readonly upsertRuntimeClass: (facts: RuntimeClassFacts) => void;
  readonly removeRuntimeClass: (name: string) => void;
  readonly upsertExposure: (facts: ExposureFacts) => void;
  readonly removeExposure: (kind: ExposureFacts['kind'], namespace: string, name: string) => void;
  readonly upsertConfigMap: (facts: ConfigMapFacts) => void;
  readonly removeConfigMap: (namespace: string, name: string) => void;
  readonly evaluate: (now: number) => Evaluation;
}

const noLabels: Labels = {};

/** Situations remembered before all are judged anew, so that a fleet that churns for months does not fill the memory. */
const maximumRemembered = 20_000;

export const createCoverageModel = (): CoverageModel => {
  const inventory = createInventory();
  const tally = createTally();
  const namespaces = new Map<string, NamespaceFacts>();
  const runtimeClasses = new Map<string, RuntimeClassFacts>();
  const exposures = new Map<string, ExposureFacts>();
  const configMaps = new Map<string, ConfigMapFacts>();
  const daemonSets = new Map<string, DaemonSetFacts>();
  const dirtyNodes = new Set<NodeEntry>();
  const dirtyPods = new Set<PodEntry>();
  const dirtyWorkloads = new Set<WorkloadEntry>();
  const changedNodes = new Set<string>();
  const changedWorkloads = new Set<string>();
  let agents: readonly AgentDefinition[] = [];
  let policies: readonly Policy[] = [];
  let catalogue: AgentCatalogue = createAgentCatalogue([], []);
  let resolver: PolicyResolver = createPolicyResolver([], 0);
  let exposure: Exposure = new Map();
  let interner: VerdictInterner = createVerdictInterner();
  let presenceIds = new Map<string, number>();
  let remembered = new Map<number, Map<string, TimedVerdict>>();
  let maximumGrace = defaultGracePeriod;
  let nextAt = Number.POSITIVE_INFINITY;
  let stale = { agents: true, daemonSets: true, policies: true, exposure: true };

  const labelsOf = (namespace: string): Labels => namespaces.get(namespace)?.labels ?? noLabels;

  const touchPodsOf = (node: NodeEntry): void => {
    for (const pod of node.pods) dirtyPods.add(pod);
  };

  const touchNamespace = (name: string): void => {
    for (const workload of inventory.workloads.values()) {
      if (workload.namespace === name) for (const pod of workload.pods) dirtyPods.add(pod);
    }
  };

  const noteAgentPod = (pod: PodEntry): void => {
    if (pod.node === undefined) return;
    if (catalogue.isAgentPod(pod.facts)) pod.node.agentPods.add(pod);
    else if (!pod.node.agentPods.delete(pod)) return;
    dirtyNodes.add(pod.node);
  };

  // What the next evaluation needs anew because agents, DaemonSets, policies, exposure or the hour changed.
  const refresh = (now: number): void => {
    if (stale.policies || now >= resolver.validUntil || interner.size() > maximumRemembered) {
      resolver = createPolicyResolver(policies, now);
      maximumGrace = Math.max(defaultGracePeriod, ...policies.map(({ gracePeriod }) => gracePeriod));
      if (interner.size() > maximumRemembered) interner = createVerdictInterner();
      touchEverything();
    }
    if (stale.agents || stale.daemonSets) {
      catalogue = createAgentCatalogue(agents, daemonSets.values());
      for (const node of inventory.nodes.values()) dirtyNodes.add(node);
      if (stale.agents) {
        for (const pod of inventory.eachPod()) noteAgentPod(pod);
        touchEverything();
      }
    }
    if (stale.exposure) {
      exposure = exposureOf(exposures.values());
      for (const workload of inventory.workloads.values()) dirtyWorkloads.add(workload);
    }
    stale = { agents: false, daemonSets: false, policies: false, exposure: false };
    if (now >= nextAt) {
      for (const node of inventory.nodes.values()) {
        if (node.validUntil > now) continue;
        dirtyNodes.add(node);
        touchPodsOf(node);
      }
    }
  };

  const touchEverything = (): void => {
    presenceIds = new Map();
    remembered = new Map();
    for (const node of inventory.nodes.values()) {
      node.presenceId = -1;
      dirtyNodes.add(node);
    }
    for (const pod of inventory.eachPod()) dirtyPods.add(pod);
  };

  const presencesOn = (node: NodeEntry, facts: NodeFacts): readonly AgentPresence[] => {
    const pods = [...node.agentPods].map((pod) => pod.facts);
    return catalogue.agents.map((agent) =>
      presenceOn({
        agent,
        node: facts,
        pods: pods.flatMap((pod) => catalogue.asPodOf(agent, pod) ?? []),
        installations: catalogue.installationsOf(agent),
        configMap: (namespace, name) => configMaps.get(`${namespace}/${name}`),
        goneAt: node.goneAt?.get(agent.name),
      }),
    );
  };

  /** Remembers when an agent that was on the node left it, so that its replacement gets its time. */
  const noteGone = (node: NodeEntry, presences: readonly AgentPresence[], now: number): boolean => {
    let anyGone = false;
    for (const before of node.presences) {
      if (before.evidence === undefined) continue;
      const after = presences.find(({ agent }) => agent === before.agent);
      if (after === undefined || after.evidence !== undefined) continue;
      node.goneAt ??= new Map();
      node.goneAt.set(before.agent, now);
      anyGone = true;
    }
    return anyGone;
  };

  const evaluateNode = (node: NodeEntry, now: number): void => {
    if (node.facts === undefined) {
      setNodeVerdict(node, undefined);
      touchPodsOf(node);
      return;
    }
    let presences = presencesOn(node, node.facts);
    if (noteGone(node, presences, now)) presences = presencesOn(node, node.facts);
    presences = presences.map((presence) => withoutSpentGrace(presence, maximumGrace, now));
    const key = JSON.stringify(presences);
    const id = presenceIds.get(key) ?? presenceIds.size;
    presenceIds.set(key, id);
    if (id !== node.presenceId) touchPodsOf(node);
    node.presences = presences;
    node.presenceId = id;
    const set = resolver.forNode(node.facts.labels);
    const { verdict, validUntil } = verdictOn(interner, presences, set, now);
    // Its pods' grace periods end in it too, and they are not all judged anew with their node.
    node.validUntil = Math.min(node.validUntil > now ? node.validUntil : Number.POSITIVE_INFINITY, validUntil);
    if (node.facts.virtual === undefined) setNodeVerdict(node, { verdict, set });
    else touchPodsOf(node);
  };

  const setNodeVerdict = (node: NodeEntry, next: Pick<Required<NodeEntry>, 'verdict' | 'set'> | undefined): void => {
    if (node.verdict === next?.verdict && node.set === next?.set) return;
    if (node.verdict !== undefined && node.set !== undefined) {
      const bucket = tally.bucket(node.verdict, node.set);
      bucket.nodes.delete(node);
      tally.release(bucket);
    }
    node.verdict = next?.verdict;
    node.set = next?.set;
    if (node.verdict !== undefined && node.set !== undefined) tally.bucket(node.verdict, node.set).nodes.add(node);
    changedNodes.add(node.name);
  };

  const timedVerdictOn = (pod: PodEntry, node: NodeEntry, facts: NodeFacts, now: number): TimedVerdict => {
    const { shape } = pod.facts;
    const set = resolver.forPod(labelsOf(pod.facts.namespace), shape.labels, facts.labels);
    pod.set = set;
    const handler =
      shape.runtimeClass === undefined
        ? undefined
        : (runtimeClasses.get(shape.runtimeClass)?.handler ?? shape.runtimeClass);
    const sidecars = catalogue.sidecarsIn(shape);
    const judgeNow = (): TimedVerdict =>
      verdictOn(
        interner,
        presencesForPod(node.presences, catalogue.agents, pod.facts, handler, sidecars, facts.virtual),
        set,
        now,
      );
    // A sidecar's readiness is the pod's own; everything else is shared with all pods in the same situation.
    if (sidecars.length > 0) return judgeNow();
    const bySituation = memo(remembered, node.presenceId, () => new Map<string, TimedVerdict>());
    const situation = `${set.id} ${handler ?? ''}`;
    const known = bySituation.get(situation);
    if (known !== undefined && known.validUntil > now) return known;
    const timed = judgeNow();
    bySituation.set(situation, timed);
    return timed;
  };

  const evaluatePod = (pod: PodEntry, now: number): boolean => {
    const [before, setBefore] = [pod.verdict, pod.set];
    const node = pod.node;
    let verdict: Verdict | undefined;
    if (node?.facts !== undefined && runs(pod.facts)) {
      const timed = timedVerdictOn(pod, node, node.facts, now);
      verdict = timed.verdict;
      node.validUntil = Math.min(node.validUntil, timed.validUntil);
    } else pod.set = undefined;
    if (verdict === before && pod.set === setBefore) return false;
    count(pod, before, setBefore, -1);
    pod.verdict = verdict;
    count(pod, verdict, pod.set, 1);
    dirtyWorkloads.add(pod.workload);
    if (node?.facts?.virtual !== undefined) dirtyNodes.add(node);
    return true;
  };

  const count = (pod: PodEntry, verdict: Verdict | undefined, set: PodEntry['set'], by: 1 | -1): void => {
    if (verdict === undefined || set === undefined) return;
    const bucket = tally.bucket(verdict, set);
    bucket.pods += by;
    bucket.containers +=
      by * pod.facts.shape.containers.filter(({ role }) => role === 'main' || role === 'sidecar').length;
    if (by < 0) tally.release(bucket);
  };

  /** A virtual node stands as its pods do: nothing else of it could be protected. */
  const evaluateVirtualNode = (node: NodeEntry): void => {
    if (node.facts?.virtual === undefined) return;
    const verdict = verdictOfParts(interner, new Set([...node.pods].flatMap((pod) => pod.verdict ?? [])));
    setNodeVerdict(node, verdict && { verdict, set: resolver.forNode(node.facts.labels) });
  };

  const evaluateWorkload = (workload: WorkloadEntry): void => {
    const running = [...workload.pods].filter((pod) => pod.verdict !== undefined);
    const verdict = verdictOfParts(interner, new Set(running.flatMap((pod) => pod.verdict ?? [])));
    const sets = [...new Set(running.flatMap((pod) => pod.set ?? []))];
    const set = sets.length === 0 ? undefined : sets.reduce(resolver.union);
    const isServerless = running.some((pod) => pod.node?.facts?.virtual !== undefined);
    const shapes = new Set(running.map((pod) => pod.facts.shape));
    const risk = riskOf(shapes, (labels) => isExposed(exposure, workload.namespace, labels));
    forget(workload);
    const changed =
      workload.verdict !== verdict ||
      workload.set !== set ||
      workload.isServerless !== isServerless ||
      workload.risk !== risk;
    Object.assign(workload, { verdict, set, isServerless, risk });
    if (inventory.prune(workload)) changedWorkloads.add(workload.key);
    else {
      remember(workload);
      if (changed) changedWorkloads.add(workload.key);
    }
  };

  const forget = (workload: WorkloadEntry): void => {
    tally.notRunning.delete(workload);
    if (workload.verdict === undefined || workload.set === undefined) return;
    const bucket = tally.bucket(workload.verdict, workload.set);
    if (bucket.workloads.delete(workload) && workload.isServerless) bucket.serverless--;
    tally.release(bucket);
  };

  const remember = (workload: WorkloadEntry): void => {
    if (workload.verdict === undefined || workload.set === undefined) {
      tally.notRunning.add(workload);
      return;
    }
    const bucket = tally.bucket(workload.verdict, workload.set);
    bucket.workloads.add(workload);
    if (workload.isServerless) bucket.serverless++;
  };

  const removePodEntry = (pod: PodEntry, wasAgent: boolean): void => {
    dirtyPods.delete(pod);
    count(pod, pod.verdict, pod.set, -1);
    dirtyWorkloads.add(pod.workload);
    if (pod.node !== undefined && (wasAgent || pod.node.facts?.virtual !== undefined)) dirtyNodes.add(pod.node);
  };

  return {
    inventory,
    tally,
    agents: () => agents,
    catalogue: () => catalogue,
    namespaceLabels: labelsOf,
    setAgents: (next) => {
      agents = next;
      stale.agents = true;
    },
    setPolicies: (next) => {
      policies = next;
      stale.policies = true;
    },
    upsertNode: (facts) => {
      const before = inventory.nodes.get(facts.name)?.facts;
      if (before !== undefined && sameFacts(before, facts)) return;
      // The labels keep their identity while they are equal, since policies are resolved by it.
      const kept =
        before !== undefined && sameFacts(before.labels, facts.labels) ? { ...facts, labels: before.labels } : facts;
      const node = inventory.upsertNode(kept);
      if (before === undefined || before.labels !== kept.labels || before.virtual !== kept.virtual) touchPodsOf(node);
      dirtyNodes.add(node);
    },
    removeNode: (name) => {
      const node = inventory.removeNode(name);
      if (node !== undefined) dirtyNodes.add(node);
    },
    upsertPod: (facts) => {
      const known = inventory.pod(facts.namespace, facts.name);
      if (known !== undefined && sameFacts(known.facts, facts)) return;
      if (known !== undefined) {
        dirtyWorkloads.add(known.workload);
        if (known.node?.agentPods.has(known)) dirtyNodes.add(known.node);
      }
      const before = known && { verdict: known.verdict, set: known.set, facts: known.facts };
      // Counted by its containers, so that other containers must be counted anew.
      if (known !== undefined && before !== undefined && before.facts.shape !== facts.shape) {
        count(known, known.verdict, known.set, -1);
        known.verdict = undefined;
        known.set = undefined;
      }
      const pod = inventory.upsertPod(facts);
      noteAgentPod(pod);
      dirtyPods.add(pod);
      dirtyWorkloads.add(pod.workload);
    },
    removePod: (namespace, name) => {
      const wasAgent =
        inventory.pod(namespace, name)?.node?.agentPods.has(inventory.pod(namespace, name) as PodEntry) ?? false;
      const pod = inventory.removePod(namespace, name);
      if (pod !== undefined) removePodEntry(pod, wasAgent);
    },
    upsertOwner: (facts) => {
      for (const workload of inventory.upsertOwner(facts)) dirtyWorkloads.add(workload);
    },
    removeOwner: (kind, namespace, name) => {
      for (const workload of inventory.removeOwner(kind, namespace, name)) dirtyWorkloads.add(workload);
    },
    upsertDaemonSet: (facts) => {
      const key = `${facts.namespace}/${facts.name}`;
      const before = daemonSets.get(key);
      if (before !== undefined && sameFacts(before, facts)) return;
      daemonSets.set(key, facts);
      stale.daemonSets = true;
    },
    removeDaemonSet: (namespace, name) => {
      if (daemonSets.delete(`${namespace}/${name}`)) stale.daemonSets = true;
    },
    upsertNamespace: (facts) => {
      const before = namespaces.get(facts.name);
      if (before !== undefined && sameFacts(before.labels, facts.labels)) {
        namespaces.set(facts.name, { ...facts, labels: before.labels });
        return;
      }
      namespaces.set(facts.name, facts);
      touchNamespace(facts.name);
    },
    removeNamespace: (name) => {
      if (namespaces.delete(name)) touchNamespace(name);
    },
    upsertRuntimeClass: (facts) => {
      const before = runtimeClasses.get(facts.name);
      runtimeClasses.set(facts.name, facts);
      if (before?.handler !== facts.handler)
        for (const pod of inventory.eachPod()) if (pod.facts.shape.runtimeClass === facts.name) dirtyPods.add(pod);
    },
    removeRuntimeClass: (name) => {
      if (runtimeClasses.delete(name))
        for (const pod of inventory.eachPod()) if (pod.facts.shape.runtimeClass === name) dirtyPods.add(pod);
    },
    upsertExposure: (facts) => {
      const key = `${facts.kind}/${facts.namespace}/${facts.name}`;
      const before = exposures.get(key);
      if (before !== undefined && sameFacts(before, facts)) return;
      exposures.set(key, facts);
      stale.exposure = true;
    },
    removeExposure: (kind, namespace, name) => {
      if (exposures.delete(`${kind}/${namespace}/${name}`)) stale.exposure = true;
    },
    upsertConfigMap: (facts) => {
      const key = `${facts.namespace}/${facts.name}`;
      const before = configMaps.get(key);
      if (before !== undefined && sameFacts(before, facts)) return;
      configMaps.set(key, facts);
      stale.daemonSets = true;
    },
    removeConfigMap: (namespace, name) => {
      if (configMaps.delete(`${namespace}/${name}`)) stale.daemonSets = true;
    },
    evaluate: (now) => {
      refresh(now);
      for (const node of dirtyNodes) evaluateNode(node, now);
      const virtualNodes = new Set([...dirtyNodes].filter(isVirtual));
      dirtyNodes.clear();
      let pods = 0;
      for (const pod of dirtyPods) if (evaluatePod(pod, now)) pods++;
      dirtyPods.clear();
      for (const node of dirtyNodes) virtualNodes.add(node);
      dirtyNodes.clear();
      for (const node of virtualNodes) evaluateVirtualNode(node);
      for (const workload of dirtyWorkloads) evaluateWorkload(workload);
      dirtyWorkloads.clear();
      nextAt = resolver.validUntil;
      for (const { validUntil } of inventory.nodes.values())
        if (validUntil > now && validUntil < nextAt) nextAt = validUntil;
      const evaluation = { nodes: [...changedNodes], workloads: [...changedWorkloads], pods, nextAt };
      changedNodes.clear();
      changedWorkloads.clear();
      return evaluation;
    },
  };
};

const isVirtual = ({ facts }: NodeEntry): boolean => facts?.virtual !== undefined;

/** Init containers run while the pod is still Pending, so a pod counts from the moment it has a node. */
const runs = ({ node, phase }: PodFacts): boolean => node !== undefined && phase !== 'Succeeded' && phase !== 'Failed';

/** Once every grace period is over, nodes that wait since different times are in the same situation. */
const withoutSpentGrace = (presence: AgentPresence, maximumGrace: number, now: number): AgentPresence =>
  presence.expectedSince !== undefined && presence.expectedSince + maximumGrace <= now
    ? { ...presence, expectedSince: undefined }
    : presence;

/** Facts are plain data with keys in a fixed order, so their text tells whether they are equal. */
const sameFacts = (a: object, b: object): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

const memo = <K, V>(known: Map<K, V>, key: K, make: () => V): V => {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
};
