// The coverage of a fleet, kept up to date: facts go in one at a time, `evaluate` looks again at what they touched and at
// nothing else. One changed pod costs one pod; the whole fleet is judged only when policies or agents change.
import { createPolicyResolver } from '../policy/resolve.ts';
import type { Declarations } from '../telemetry/types.ts';
import type { AgentDefinition, ExposureFacts, Labels, PodFacts, Policy } from '../types.ts';
import { createAgentCatalogue, type AgentCatalogue } from './agents.ts';
import type { Context } from './context.ts';
import { createDirty } from './dirty.ts';
import { evaluateNode, evaluateVirtualNode } from './evaluate-node.ts';
import { breaksGlass, evaluatePod, presencesOf } from './evaluate-pod.ts';
import { evaluateWorkload } from './evaluate-workload.ts';
import { createIntake } from './intake.ts';
import { stepsOf } from './heard.ts';
import { createInventory, type Inventory, type PodEntry } from './inventory.ts';
import { defaultGracePeriod } from './demand.ts';
import { createPodScopes } from './pod-scopes.ts';
import type { AgentPresence } from './presence.ts';
import { refresh, type Schedule } from './refresh.ts';
import { createRulesets } from './rulesets.ts';
import { createSituations } from './situations.ts';
import { createSources, type Intake, type Sources } from './sources.ts';
import { createTally, type Tally } from './tally.ts';
import { createVerdictInterner } from './verdict.ts';

export interface Evaluation {
  /** Names of nodes whose verdict is another than before, or that came or went. */
  readonly nodes: readonly string[];
  /** Keys of workloads, likewise. */
  readonly workloads: readonly string[];
  readonly pods: number;
  /** Pods that break the glass and stand otherwise than before. */
  readonly breakGlass: readonly PodFacts[];
  /** When time alone changes something; Infinity if it does not. */
  readonly nextAt: number;
}

export interface CoverageModel extends Intake {
  readonly inventory: Inventory;
  readonly tally: Tally;
  readonly agents: () => readonly AgentDefinition[];
  readonly policies: () => readonly Policy[];
  readonly catalogue: () => AgentCatalogue;
  /** What objects declare for the agent; undefined where nobody has said. */
  readonly declarations: (agent: string) => Declarations | undefined;
  readonly namespaceLabels: (name: string) => Labels;
  /** The agents of a pod's node as the pod has them. */
  readonly presencesOf: (pod: PodEntry) => readonly AgentPresence[];
  readonly isTerminating: (namespace: string) => boolean;
  readonly hasNamespace: (name: string) => boolean;
  readonly servicesIn: (namespace: string) => readonly ExposureFacts[];
  readonly setAgents: (agents: readonly AgentDefinition[]) => void;
  readonly setPolicies: (policies: readonly Policy[]) => void;
  readonly evaluate: (now: number) => Evaluation;
}

const noLabels: Labels = {};

export const createCoverageModel = (): CoverageModel => {
  const sources = createSources();
  const context = createContext(sources);
  let schedule: Schedule = { last: Number.NEGATIVE_INFINITY, nextAt: Number.POSITIVE_INFINITY };
  return {
    ...createIntake(context, sources),
    inventory: context.inventory,
    tally: context.tally,
    agents: () => sources.agents,
    policies: () => sources.policies,
    catalogue: () => context.catalogue,
    declarations: (agent) => sources.declarations.get(agent),
    namespaceLabels: context.namespaceLabels,
    presencesOf: (pod) => presencesOf(context, pod),
    isTerminating: (namespace) => sources.namespaces.get(namespace)?.terminating ?? false,
    hasNamespace: (name) => sources.namespaces.has(name),
    servicesIn: (namespace) =>
      [...sources.exposures.values()].filter((each) => each.kind === 'Service' && each.namespace === namespace),
    setAgents: (next) => {
      sources.agents = next;
      sources.stale.agents = true;
    },
    setPolicies: (next) => {
      sources.policies = next;
      sources.stale.policies = true;
    },
    evaluate: (now) => {
      refresh(context, sources, schedule, now);
      const { pods, breakGlass } = evaluateDirty(context, now);
      schedule = { last: now, nextAt: nextChange(context, now) };
      const { changedNodes, changedWorkloads } = context.dirty;
      const evaluation = {
        nodes: [...changedNodes],
        workloads: [...changedWorkloads],
        pods,
        breakGlass,
        nextAt: schedule.nextAt,
      };
      changedNodes.clear();
      changedWorkloads.clear();
      return evaluation;
    },
  };
};

const createContext = ({ namespaces, runtimeClasses, configMaps, telemetry, declarations }: Sources): Context => {
  const inventory = createInventory();
  const namespaceLabels = (name: string): Labels => namespaces.get(name)?.labels ?? noLabels;
  return {
    inventory,
    tally: createTally(),
    dirty: createDirty(inventory),
    namespaceLabels,
    handlerOf: (runtimeClass) => runtimeClasses.get(runtimeClass)?.handler ?? runtimeClass,
    configMap: (namespace, name) => configMaps.get(`${namespace}/${name}`),
    telemetry,
    rulesets: createRulesets(declarations),
    scopes: createPodScopes(declarations, namespaceLabels),
    steps: stepsOf([]),
    catalogue: createAgentCatalogue([], []),
    resolver: createPolicyResolver([], 0),
    exposure: new Map(),
    openFindings: new Set(),
    interner: createVerdictInterner(),
    situations: createSituations(),
    maximumGrace: defaultGracePeriod,
  };
};

/** Nodes first, since pods stand on them; then what stands as its pods do. Answers which pods changed. */
const evaluateDirty = (context: Context, now: number): Pick<Evaluation, 'pods' | 'breakGlass'> => {
  const { dirty } = context;
  for (const node of dirty.nodes) evaluateNode(context, node, now);
  let pods = 0;
  const breakGlass: PodFacts[] = [];
  // A pod whose verdict changes marks its virtual node.
  for (const pod of dirty.pods) {
    if (!evaluatePod(context, pod, now)) continue;
    pods++;
    if (breaksGlass(pod)) breakGlass.push(pod.facts);
  }
  for (const node of dirty.nodes) evaluateVirtualNode(context, node);
  for (const workload of dirty.workloads) evaluateWorkload(context, workload);
  dirty.nodes.clear();
  dirty.pods.clear();
  dirty.workloads.clear();
  return { pods, breakGlass };
};

const nextChange = ({ inventory, resolver }: Context, now: number): number => {
  let next = resolver.validUntil;
  for (const { validUntil, heardUntil } of inventory.nodes.values()) {
    if (validUntil > now && validUntil < next) next = validUntil;
    if (heardUntil > now && heardUntil < next) next = heardUntil;
  }
  return next;
};
