// The values of an agent's chart → the DaemonSet that the chart would make of them, as far as it decides where the agent goes. Only of
// charts whose values say so in one place; of all others helm must render.
import { load } from 'js-yaml';
import { isObject, list, object, text, type Raw } from '../../facts/read.ts';
import type { SourceText } from './files.ts';

interface KnownChart {
  /** Of agent, namespace and DaemonSet. */
  readonly name: string;
  readonly namespace: string;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly image: string;
  /** Where the chart's values say nothing. */
  readonly tolerations: readonly object[];
}

const charts: readonly KnownChart[] = [
  {
    name: 'falco',
    namespace: 'falco',
    podLabels: { 'app.kubernetes.io/name': 'falco' },
    image: 'docker.io/falcosecurity/falco',
    tolerations: ['node-role.kubernetes.io/master', 'node-role.kubernetes.io/control-plane'].map((key) => ({
      key,
      effect: 'NoSchedule',
    })),
  },
  {
    name: 'tetragon',
    namespace: 'kube-system',
    podLabels: { 'app.kubernetes.io/name': 'tetragon', 'app.kubernetes.io/component': 'agent' },
    image: 'quay.io/cilium/tetragon',
    tolerations: [{ operator: 'Exists' }],
  },
];

/** Undefined where it is no such thing: then it is read as manifests are. */
export const daemonSetOfValues = ({ file, text: written }: SourceText): Raw | undefined => {
  const chart = charts.find(({ name }) => (file?.split(/[/\\]/).at(-1) ?? '').toLowerCase().includes(name));
  const values = chart && valuesIn(written);
  if (chart === undefined || values === undefined) return undefined;
  const own = valuesOf(values, chart.name);
  // Falco as a Deployment reads events of others, and watches no node.
  if (text(object(own.controller).kind) === 'deployment') return undefined;
  const tag = text(object(own.image).tag);
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: chart.name, namespace: chart.namespace },
    spec: {
      template: {
        metadata: { labels: chart.podLabels },
        spec: {
          tolerations: own.tolerations === undefined ? chart.tolerations : list(own.tolerations),
          nodeSelector: object(own.nodeSelector),
          affinity: object(own.affinity),
          containers: [{ name: chart.name, image: tag === '' ? chart.image : `${chart.image}:${tag}` }],
        },
      },
    },
  };
};

const valuesIn = (written: string): Raw | undefined => {
  try {
    const content = load(written);
    return isObject(content) && content.kind === undefined && content.apiVersion === undefined ? content : undefined;
  } catch {
    // Whoever reads manifests says what is wrong with it.
    return undefined;
  }
};

/** Alone, or below the chart's name where it is a dependency of another. */
const valuesOf = (values: Raw, chart: string): Raw => {
  const below = values[chart];
  return isObject(below) && ['tolerations', 'nodeSelector', 'affinity', 'image'].some((key) => key in below)
    ? below
    : values;
};
