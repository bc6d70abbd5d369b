// Agents as their charts install them: for each a node with workloads that its events are about, and a second one from which it is taken.
import {
  datadogByHelm,
  falco,
  kubeArmor,
  kubescapeNodeAgent,
  sysdigAgent,
  tetragon,
  tracee,
  type AgentOptions,
} from '../../fleet/agents.ts';
import type { Manifest } from '../../fleet/manifest.ts';
import {
  asCloudEvents,
  asJson,
  byDatadog,
  byFalco,
  byFalcosidekick,
  byFluentBit,
  byKubescape,
  byVector,
} from './as-agents.ts';
import type { Sent } from './sender.ts';
import { addressed, deployment, node } from './small-fleet.ts';

export interface Delivery {
  /** Of the workload that the events are about. */
  readonly name: string;
  /** FOLDER/NAME of the fixture. */
  readonly file: string;
  /** The node on which the workload runs. */
  readonly on: string;
  readonly send: (events: readonly unknown[]) => readonly Sent[];
}

/** Each agent has a node of its own, and a second one from which it is taken away. */
export const agents = {
  falco: { agentType: 'Falco', evidence: 'Reporting', install: falco },
  tetragon: { agentType: 'Tetragon', evidence: 'Loaded', install: tetragon },
  // Workload Protection is the one setting without which there are no events.
  datadog: {
    agentType: 'Datadog',
    evidence: 'Running',
    install: (options: AgentOptions) => datadogByHelm({ ...options, cws: true }),
  },
  kubearmor: { agentType: 'KubeArmor', evidence: 'Running', install: kubeArmor },
  kubescape: { agentType: 'Kubescape', evidence: 'Running', install: kubescapeNodeAgent },
  tracee: { agentType: 'Tracee', evidence: 'Reporting', install: tracee },
  // Stands for an agent of one's own: what it sees comes in the neutral form.
  sysdig: { agentType: 'Custom', evidence: 'Running', install: sysdigAgent },
} as const;
export type AgentName = keyof typeof agents;
export const agentNames = Object.keys(agents) as AgentName[];

/** Called after no agent, since a node's name stands in some events. */
const house = 'house-1';

export const deliveries: readonly Delivery[] = [
  { name: 'falco', file: 'falco/events-0.44.1', on: 'falco-1', send: byFalco },
  { name: 'falcosidekick', file: 'falco/events-falcosidekick-2.31.1', on: 'falco-1', send: byFalcosidekick },
  { name: 'tetragon', file: 'tetragon/events-1.7.0', on: 'tetragon-1', send: byVector('tetragon') },
  { name: 'tetragon-fluent-bit', file: 'tetragon/events-1.7.0', on: 'tetragon-1', send: byFluentBit('tetragon') },
  { name: 'datadog', file: 'datadog/events-7.81.1', on: 'datadog-1', send: byDatadog },
  { name: 'kubearmor', file: 'kubearmor/events-1.7.4', on: 'kubearmor-1', send: byVector('kubearmor') },
  { name: 'kubescape', file: 'kubescape/events-0.3.158', on: 'kubescape-1', send: byKubescape },
  { name: 'kubescape-too', file: 'kubescape/events-0.3.158', on: 'kubescape-1', send: byKubescape },
  { name: 'tracee', file: 'tracee/events-0.24.0', on: 'tracee-1', send: byVector('tracee') },
  { name: 'tracee-older', file: 'tracee/events-0.20.0', on: 'tracee-1', send: byVector('tracee') },
  { name: 'ocsf', file: 'generic/events-ocsf-1.4.0', on: house, send: asJson },
  { name: 'cloudevents', file: 'generic/events-cloudevents-1.0', on: house, send: asCloudEvents },
  { name: 'neutral', file: 'generic/events-neutral', on: house, send: asJson },
];

/** Of workloads on the nodes from which their agents are taken. */
export const blind = agentNames
  .filter((name) => name !== 'sysdig')
  .map((name) => {
    const delivery = deliveries.find((each) => each.name === name);
    if (delivery === undefined) throw new Error(`nothing of ${name} is delivered`);
    return { ...delivery, name: `${name}-blind`, on: `${name}-2` };
  });

/** Behind the fleets that others on this machine may have. */
const firstAddress = 3000 + (process.pid % 900);

export const nodesOf = (name: AgentName): readonly [string, ...string[]] =>
  name === 'sysdig' ? [house] : [`${name}-1`, `${name}-2`];

export const place = (name: AgentName): Readonly<Record<string, string>> => ({
  [`agents.example.com/${name}`]: 'true',
});

/** Pods there have addresses on which simulated agents can answer. */
export const agentNodes = agentNames
  .flatMap((name) => nodesOf(name).map((called) => ({ name, called })))
  .map(({ name, called }, index) => addressed(node(called, place(name)), firstAddress + index));

export const image = 'registry.example.com/shop/web:1.4.2';
export const workloadOf = ({ name, on }: Delivery): Manifest =>
  deployment('shop', name, {
    on,
    spec: {
      containers: [
        { name: 'web', image },
        { name: 'proxy', image: 'registry.example.com/proxy:3' },
      ],
    },
  });
