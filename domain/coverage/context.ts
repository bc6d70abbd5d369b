// What evaluating a node, a pod and a workload have in common: the fleet, what was made of policies and agents, and the ledger.
import type { PolicyResolver } from '../policy/resolve.ts';
import type { TelemetryBook } from '../telemetry/book.ts';
import type { ConfigMapFacts, Labels } from '../types.ts';
import type { AgentCatalogue } from './agents.ts';
import type { Dirty } from './dirty.ts';
import type { Exposure } from './exposure.ts';
import type { Steps } from './heard.ts';
import type { Inventory } from './inventory.ts';
import type { PodScopes } from './pod-scopes.ts';
import type { Rulesets } from './rulesets.ts';
import type { Situations } from './situations.ts';
import type { Tally } from './tally.ts';
import type { VerdictInterner } from './verdict.ts';

export interface Context {
  readonly inventory: Inventory;
  readonly tally: Tally;
  readonly dirty: Dirty;
  readonly namespaceLabels: (name: string) => Labels;
  /** The handler of a RuntimeClass; its name where the class is not known. */
  readonly handlerOf: (runtimeClass: string) => string;
  readonly configMap: (namespace: string, name: string) => ConfigMapFacts | undefined;
  readonly telemetry: Pick<TelemetryBook, 'of' | 'size'>;
  // Made anew when policies, agents, DaemonSets, Services or the hour change.
  catalogue: AgentCatalogue;
  resolver: PolicyResolver;
  exposure: Exposure;
  /** Keys of workloads that have open findings. */
  openFindings: ReadonlySet<string>;
  interner: VerdictInterner;
  situations: Situations;
  rulesets: Rulesets;
  scopes: PodScopes;
  steps: Steps;
  /** The longest grace period of any policy, in milliseconds. */
  maximumGrace: number;
}
