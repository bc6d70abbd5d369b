// What the chart says of how a program runs: the arguments, environment and ServiceAccount of its container.
import type { RenderedObject } from './render.ts';

export interface RenderedContainer {
  readonly workload: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** As in `command`: `workload-protection-operator`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: readonly EnvironmentVariable[];
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

/** The container of this name in the workload of this kind; throws where the chart renders none. */
export const renderedContainer = (
  objects: readonly RenderedObject[],
  kind: 'StatefulSet' | 'Deployment',
  name: string,
): RenderedContainer => {
  for (const { kind: of, metadata, spec } of objects) {
    if (of !== kind) continue;
    const pod = (spec as WorkloadSpec).template.spec;
    const container = pod.containers.find((candidate) => candidate.name === name);
    if (container === undefined) continue;
    return {
      workload: metadata.name,
      namespace: metadata.namespace ?? 'default',
      serviceAccount: pod.serviceAccountName ?? 'default',
      program: container.command?.[0] ?? '',
      args: container.args ?? [],
      env: container.env ?? [],
    };
  }
  throw new Error(`the chart renders no ${kind} with a container named ${name}`);
};

/** The arguments with these flags in place of the same ones, wherever they stood. */
export const withFlags = (
  args: readonly string[],
  flags: Readonly<Record<string, string | undefined>>,
): readonly string[] => [
  ...args.filter((arg) => !Object.hasOwn(flags, arg.replace(/=.*$/s, ''))),
  ...Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`${flag}=${value}`])),
];

/** The environment as a kubelet would fill it in for this pod; what only a kubelet knows is refused, so that nothing runs half configured. */
export const environmentOf = (
  env: readonly EnvironmentVariable[],
  pod: { readonly name: string; readonly namespace: string },
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      if (value !== undefined) return [name, value];
      const known = downward[valueFrom?.fieldRef?.fieldPath ?? ''];
      if (known !== undefined) return [name, known(pod)];
      throw new Error(
        `${name} of the container comes from ${JSON.stringify(valueFrom)}: say in e2e/installation/container.ts what it is outside a pod`,
      );
    }),
  );

const downward: Readonly<Record<string, (pod: { readonly name: string; readonly namespace: string }) => string>> = {
  'metadata.name': ({ name }) => name,
  'metadata.namespace': ({ namespace }) => namespace,
  'status.podIP': () => '127.0.0.1',
};

interface WorkloadSpec {
  readonly template: {
    readonly spec: {
      readonly serviceAccountName?: string;
      readonly containers: readonly {
        readonly name: string;
        readonly command?: readonly string[];
        readonly args?: readonly string[];
        readonly env?: readonly EnvironmentVariable[];
      }[];
    };
  };
}
