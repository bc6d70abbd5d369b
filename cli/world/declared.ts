// What manifests say of the world that their workloads will live in: an agent that is installed by the same manifests protects, and a
// policy or a namespace that comes with them counts.
import { toAgentDefinition } from '../../facts/agent.ts';
import { projectConfigMap } from '../../facts/config-map.ts';
import { projectDaemonSet } from '../../facts/daemon-set.ts';
import { projectNamespace } from '../../facts/namespace.ts';
import { projectNode } from '../../facts/node.ts';
import type { Result } from '../../facts/parse.ts';
import { toPolicy } from '../../facts/policy.ts';
import { text } from '../../facts/read.ts';
import { projectRuntimeClass } from '../../facts/runtime-class.ts';
import type {
  AgentDefinition,
  ConfigMapFacts,
  DaemonSetFacts,
  NamespaceFacts,
  NodeFacts,
  Policy,
  RuntimeClassFacts,
} from '../../domain/types.ts';
import type { FoundObject } from '../input/documents.ts';
import type { Problem } from '../input/files.ts';
import { poolNodes } from './node-pools.ts';
import { savedIn, type Saved } from './saved.ts';

export interface Declared {
  readonly nodes: readonly NodeFacts[];
  readonly namespaces: readonly NamespaceFacts[];
  readonly runtimeClasses: readonly RuntimeClassFacts[];
  readonly daemonSets: readonly DeclaredDaemonSet[];
  readonly configMaps: readonly ConfigMapFacts[];
  readonly policies: readonly Policy[];
  readonly agents: readonly AgentDefinition[];
  /** What the operator has said of nodes. */
  readonly saved: Saved | undefined;
  readonly problems: readonly Problem[];
}

export interface DeclaredDaemonSet {
  readonly facts: DaemonSetFacts;
  readonly found: FoundObject;
}

export const declaredIn = (objects: readonly FoundObject[], namespace: string): Declared => {
  const of = (...kinds: readonly string[]): readonly FoundObject[] =>
    objects.filter(({ raw }) => kinds.includes(`${groupOf(text(raw.apiVersion))}/${text(raw.kind)}`));
  const problems: Problem[] = [];
  /** Of our own kinds: what the API server would refuse is a problem with its line. */
  const parsed = <T>(kind: string, parse: (raw: unknown) => Result<T>): readonly T[] =>
    of(`workloadprotection.dev/${kind}`).flatMap(({ raw, file, line }) => {
      const result = parse(raw);
      if (result.ok) return [result.value];
      problems.push({ file, line, message: `${kind} ${result.name} does not fit its schema: ${result.error}` });
      return [];
    });
  const policies = parsed('WorkloadPolicy', toPolicy);
  const agents = parsed('ProtectionAgent', toAgentDefinition);
  return {
    nodes: [...projected(of('/Node'), projectNode), ...objects.flatMap(({ raw }) => poolNodes(raw))],
    namespaces: projected(of('/Namespace'), projectNamespace),
    runtimeClasses: projected(of('node.k8s.io/RuntimeClass'), projectRuntimeClass),
    daemonSets: of('apps/DaemonSet').flatMap((found) => {
      const facts = projectDaemonSet(found.raw);
      return facts === undefined ? [] : [{ facts: inNamespace(facts, namespace), found }];
    }),
    configMaps: projected(of('/ConfigMap'), projectConfigMap).map((facts) => inNamespace(facts, namespace)),
    policies,
    agents,
    saved: savedIn(
      of('workloadprotection.dev/CoverageSlice').map(({ raw }) => raw),
      of('workloadprotection.dev/CoverageReport').map(({ raw }) => raw),
    ),
    problems,
  };
};

export const groupOf = (apiVersion: string): string => {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
};

const projected = <T>(found: readonly FoundObject[], project: (raw: unknown) => T | undefined): readonly T[] =>
  found.flatMap(({ raw }) => {
    const facts = project(raw);
    return facts === undefined ? [] : [facts];
  });

/** As kubectl would put it where the manifest leaves it open. */
const inNamespace = <T extends { readonly namespace: string }>(facts: T, namespace: string): T =>
  facts.namespace === '' ? { ...facts, namespace } : facts;
