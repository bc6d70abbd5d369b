// The facts that are not in the inventory, and the ways in which all facts arrive.
import { createTelemetryBook, type TelemetryBook } from '../telemetry/book.ts';
import type { Declarations, InstanceTelemetry } from '../telemetry/types.ts';
import type {
  AgentDefinition,
  ConfigMapFacts,
  DaemonSetFacts,
  ExposureFacts,
  NamespaceFacts,
  NodeFacts,
  OwnerFacts,
  PodFacts,
  Policy,
  RuntimeClassFacts,
} from '../types.ts';

export interface Sources {
  readonly namespaces: Map<string, NamespaceFacts>;
  readonly runtimeClasses: Map<string, RuntimeClassFacts>;
  readonly exposures: Map<string, ExposureFacts>;
  readonly configMaps: Map<string, ConfigMapFacts>;
  readonly daemonSets: Map<string, DaemonSetFacts>;
  readonly telemetry: TelemetryBook;
  readonly declarations: Map<string, Declarations>;
  agents: readonly AgentDefinition[];
  policies: readonly Policy[];
  /** What was made of the facts and must be made anew. */
  readonly stale: {
    agents: boolean;
    daemonSets: boolean;
    policies: boolean;
    declarations: boolean;
    exclusions: boolean;
  };
}

export interface Intake {
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
  /**
   * What the agent on the node last said; undefined where it is no longer asked. Answers whether an evaluation could say something
   * else than the last: it does not where the agent goes on saying the same.
   */
  readonly setTelemetry: (node: string, agent: string, telemetry: InstanceTelemetry | undefined) => boolean;
  /** Keys of the workloads that have open findings. Answers whether they are others than before. */
  readonly setOpenFindings: (workloads: ReadonlySet<string>) => boolean;
  /** What objects of the cluster declare for the agent. Answers whether it is another than before. */
  readonly setDeclarations: (agent: string, declarations: Declarations) => boolean;
}

export const createSources = (): Sources => ({
  namespaces: new Map(),
  runtimeClasses: new Map(),
  exposures: new Map(),
  configMaps: new Map(),
  daemonSets: new Map(),
  telemetry: createTelemetryBook(),
  declarations: new Map(),
  agents: [],
  policies: [],
  stale: { agents: true, daemonSets: true, policies: true, declarations: true, exclusions: false },
});
