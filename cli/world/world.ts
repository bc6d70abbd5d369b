// All that a check is judged by, wherever it came from.
import type {
  AgentDefinition,
  ConfigMapFacts,
  DaemonSetFacts,
  NamespaceFacts,
  NodeFacts,
  Policy,
  RuntimeClassFacts,
} from '../../domain/types.ts';
import type { NodeReport } from '../../domain/placement/reported-presence.ts';

export interface World {
  /** For people: `files`, or which cluster. */
  readonly source: string;
  readonly isLive: boolean;
  readonly nodes: readonly NodeFacts[];
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>;
  readonly runtimeClasses: ReadonlyMap<string, RuntimeClassFacts>;
  readonly daemonSets: readonly DaemonSetFacts[];
  readonly configMaps: readonly ConfigMapFacts[];
  readonly policies: readonly Policy[];
  readonly agents: readonly AgentDefinition[];
  /** What the operator says of nodes; undefined where nobody says anything, and agents are judged by where they would run. */
  readonly reports: ReadonlyMap<string, NodeReport> | undefined;
  /** The reports are too old to be believed. */
  readonly isStale: boolean;
  /** `NAMESPACE/NAME` of DaemonSets that the manifests add or change: of their agents the reports do not tell what will be. */
  readonly expected: ReadonlySet<string>;
  /** How it was judged, and what was left aside: said with every result. */
  readonly notes: readonly string[];
}
