// What the DaemonSets of all agents have in common: how a user places and versions them.
import type { Manifest, StringMap, Toleration } from '../manifest.ts';

export interface AgentOptions {
  readonly namespace?: string;
  /** The Helm release, the custom resource, or the DaemonSet: whatever the install method lets the user name. */
  readonly name?: string;
  readonly version?: string;
  /** Registry and path in place of the official ones, for the main container's image. */
  readonly image?: string;
  /** Laid over the pods' labels and the selector: `undefined` takes one away. */
  readonly labelsOverride?: Readonly<Record<string, string | undefined>>;
  readonly podAnnotations?: StringMap;
  /** In place of the chart's own. */
  readonly tolerations?: readonly Toleration[];
  readonly nodeSelector?: StringMap;
  readonly affinity?: object;
  /** OnDelete lets a test change the template and decide itself which pods follow. */
  readonly updateStrategy?: 'RollingUpdate' | 'OnDelete';
}

export interface DaemonSetParts {
  readonly name: string;
  readonly namespace: string;
  /** Of the DaemonSet alone. */
  readonly labels: StringMap;
  readonly podLabels: StringMap;
  /** The labels that the DaemonSet selects its pods by; all pod labels where absent. */
  readonly selector?: StringMap;
  readonly podAnnotations?: StringMap;
  readonly tolerations: readonly Toleration[];
  readonly nodeSelector?: StringMap;
  readonly podSpec: Readonly<Record<string, unknown>>;
}

export const daemonSet = (parts: DaemonSetParts, options: AgentOptions): Manifest => {
  const podLabels = override(parts.podLabels, options.labelsOverride);
  const kept = Object.keys(parts.selector ?? parts.podLabels).filter((key) => podLabels[key] !== undefined);
  // A selector must not be empty, whatever was taken away.
  const selectorKeys = kept.length > 0 ? kept : Object.keys(podLabels);
  const nodeSelector = { ...parts.nodeSelector, ...options.nodeSelector };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: parts.name, namespace: parts.namespace, labels: parts.labels },
    spec: {
      selector: { matchLabels: Object.fromEntries(selectorKeys.map((key) => [key, podLabels[key]])) },
      updateStrategy: { type: options.updateStrategy ?? 'RollingUpdate' },
      template: {
        metadata: { labels: podLabels, annotations: { ...parts.podAnnotations, ...options.podAnnotations } },
        spec: {
          ...parts.podSpec,
          tolerations: options.tolerations ?? parts.tolerations,
          ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
          ...(options.affinity === undefined ? {} : { affinity: options.affinity }),
        },
      },
    },
  };
};

/** What agents that belong on every node tolerate: all. */
export const everywhere: readonly Toleration[] = [{ operator: 'Exists' }];

export const controlPlaneOnly: readonly Toleration[] = [
  { key: 'node-role.kubernetes.io/master', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
];

export const fromNodeName = (name: string): object => ({
  name,
  valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } },
});

export const hostPath = (name: string, path: string): object => ({ name, hostPath: { path } });

const override = (labels: StringMap, changes: AgentOptions['labelsOverride'] = {}): StringMap => {
  const merged = Object.entries({ ...labels, ...changes });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined));
};
