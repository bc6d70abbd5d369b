/** ProtectionAgent: how a runtime security agent is recognised in the cluster, and how what it knows is read. */
import type { z } from 'zod';
import { conditions, observedGeneration } from './conditions.ts';
import { durationField, notShorter } from './duration.ts';
import { atomicList, between, count, flag, group, oneOf, text, withRules, type Immutable } from './fields.ts';
import { ageColumn, kind, type KindTable } from './kind.ts';
import { labelName, objectName, reportedVersion, versionText } from './names.ts';
import { labelSelector } from './selectors.ts';
import { agentTypes } from './vocabulary.ts';

interface Recognition {
  readonly selector?: unknown;
  readonly container?: { readonly names: readonly string[] } | undefined;
  readonly images?: readonly string[] | undefined;
  readonly minimumEvidence: number;
}

/** A minimum that can never be reached would make an agent invisible without a word. */
const reachable = (field: string) => ({
  rule: '(has(self.selector) ? 1 : 0) + (has(self.container) ? 1 : 0) + (has(self.images) && self.images.size() > 0 ? 1 : 0) >= self.minimumEvidence',
  message: `${field}.minimumEvidence must not exceed the kinds of evidence that are given: selector, container and images count one each`,
  holds: ({ selector, container, images, minimumEvidence }: Recognition) =>
    [selector !== undefined, container !== undefined, (images ?? []).length > 0].filter(Boolean).length >=
    minimumEvidence,
});

const evidence = (minimum: 1 | 2) => ({
  selector: labelSelector(
    "Labels of the agent's pod. They can be overridden in every agent's chart, so they are never enough alone.",
  ).optional(),
  container: group("The agent's container by name.", {
    names: atomicList('Names of which one must occur, such as "falco".', labelName('A container name.'), 16, 1),
  }).optional(),
  images: atomicList(
    'Image repositories of the agent\'s container, matched on the end of the path with registry and tag ignored: "falcosecurity/falco" matches docker.io/falcosecurity/falco:0.44.1.',
    text('A repository, without registry, tag or digest.', {
      max: 255,
      min: 1,
      pattern: /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/,
      mustBe: 'an image must be a repository without registry port, tag or digest, such as "falcosecurity/falco"',
    }),
    16,
  ).optional(),
  minimumEvidence: between(
    'How many of selector, container and images must agree before a pod counts as this agent.',
    1,
    3,
  ).default(minimum),
});

const pods = withRules(
  group("How the agent's own pods are recognised, usually those of a DaemonSet.", {
    namespaces: atomicList(
      'Namespaces in which the agent may run; empty for all. Where telemetry uses credentials they are required, and a pod then counts only if a DaemonSet there controls it.',
      labelName('A namespace.'),
      16,
    ).optional(),
    ...evidence(2),
  }),
  reachable('spec.pods'),
);

const sidecar = withRules(
  group("How the agent is recognised as a container inside a workload's own pod, as on serverless nodes.", evidence(1)),
  reachable('spec.sidecar'),
);

const protectionProof = withRules(
  group('One proof: exactly one of env, configMap, nodeLabel and containerPresent.', {
    container: labelName('The container whose environment is meant. Left out, any container of the pod.').optional(),
    env: group('An environment variable with exactly this value.', {
      name: text('Name of the variable.', { max: 253, min: 1 }),
      value: text('Value of the variable.', { max: 1024 }),
    }).optional(),
    configMap: group("A value inside a ConfigMap of the agent's namespace.", {
      nameSuffix: text('How the name of the ConfigMap ends, such as "-system-probe-config".', { max: 253, min: 1 }),
      key: text('The key of the ConfigMap, such as "system-probe.yaml".', { max: 253, min: 1 }),
      yamlPath: text('Where the value stands in the YAML under that key, with dots between the steps.', {
        max: 512,
        min: 1,
        pattern: /^[^.]+(\.[^.]+)*$/,
        mustBe: 'yamlPath must be steps with dots between, such as "runtime_security_config.enabled"',
      }),
      value: text('The value that must stand there, written as YAML would: "true".', { max: 1024 }),
    }).optional(),
    nodeLabel: group('A label of the node, with any value but the listed ones.', {
      key: text('The label.', { max: 317, min: 1 }),
      notValues: atomicList('Values that mean no protection.', text('A label value.', { max: 63 }), 16).optional(),
    }).optional(),
    containerPresent: labelName('A container that the pod must have.').optional(),
  }),
  {
    rule: '[has(self.env), has(self.configMap), has(self.nodeLabel), has(self.containerPresent)].filter(given, given).size() == 1',
    message: 'a proof of protection must be exactly one of env, configMap, nodeLabel and containerPresent',
    holds: ({ env, configMap, nodeLabel, containerPresent }) =>
      [env, configMap, nodeLabel, containerPresent].filter((proof) => proof !== undefined).length === 1,
  },
  {
    rule: '!has(self.container) || has(self.env)',
    message:
      'container says whose environment is meant, so it needs env; to ask for a container itself, use containerPresent',
    holds: ({ container, env }) => container === undefined || env !== undefined,
  },
);

const protection = group(
  "How it is known that runtime protection is switched on, where the agent's presence is not enough. Left out, a ready agent protects.",
  {
    anyOf: atomicList('Proofs of which one is enough.', protectionProof, 8, 1),
    remedy: text('What to change where no proof holds: the setting that switches protection on.', {
      max: 1024,
      min: 1,
    }),
  },
);

const secretKey = (description: string) =>
  group(description, {
    name: objectName("The Secret, in the operator's namespace. Secrets elsewhere are never read."),
    key: text('The key in the Secret.', {
      max: 253,
      min: 1,
      pattern: /^[-._a-zA-Z0-9]+$/,
      mustBe: 'key must be a key of a Secret, such as "token"',
    }),
  });

const tls = group('TLS of the scrape.', {
  caSecretRef: secretKey(
    "Certificates of the authority that signed the agent's certificate, in PEM. Left out, the system's.",
  ).optional(),
  clientSecretRef: group('A client certificate for the agent to check.', {
    name: objectName("A Secret of type kubernetes.io/tls in the operator's namespace."),
  }).optional(),
  serverName: text("The name that the agent's certificate must carry. Left out, the address of the pod.", {
    max: 253,
    min: 1,
  }).optional(),
  insecureSkipVerify: flag(
    "True accepts any certificate, which lets whoever answers at the pod's address speak for the agent.",
  ).default(false),
});

const telemetry = withRules(
  group('How the agent says how it is.', {
    mode: oneOf(
      'Scrape: we read its metrics. Push: it posts events and heartbeats to us. None: nothing beyond its pod is known.',
      ['Scrape', 'Push', 'None'],
    ).default('None'),
    port: between('Port on the pod that serves metrics.', 1, 65535).optional(),
    path: text('Path of the metrics.', {
      max: 512,
      pattern: /^\//,
      mustBe: 'path must begin with "/", such as "/metrics"',
    }).default('/metrics'),
    scheme: oneOf('HTTP or HTTPS.', ['HTTP', 'HTTPS']).default('HTTP'),
    tls: tls.optional(),
    authorization: group('Sent as a bearer token with each scrape.', {
      secretRef: secretKey("Where the token is kept, in the operator's namespace."),
    }).optional(),
    interval: durationField('interval', 'Time between two readings.', { atLeast: '5s', atMost: '24h' }).default('60s'),
    staleAfter: durationField(
      'staleAfter',
      'Age at which a reading is too old to be relied on. Left out, three intervals.',
      {
        atLeast: '5s',
        atMost: '168h',
      },
    ).optional(),
  }),
  {
    rule: "self.mode != 'Scrape' || has(self.port)",
    message: 'telemetry.port is required where telemetry.mode is Scrape, such as 8765 for Falco',
    holds: ({ mode, port }) => mode !== 'Scrape' || port !== undefined,
  },
  {
    rule: "!has(self.tls) || self.scheme == 'HTTPS'",
    message: 'telemetry.tls is only for telemetry.scheme HTTPS',
    holds: ({ tls: settings, scheme }) => settings === undefined || scheme === 'HTTPS',
  },
  {
    rule: "self.mode == 'Scrape' || (!has(self.authorization) && !has(self.tls))",
    message:
      'telemetry.authorization and telemetry.tls are only for telemetry.mode Scrape; an agent that pushes is given its credentials at its own end',
    holds: ({ mode, authorization, tls: settings }) =>
      mode === 'Scrape' || (authorization === undefined && settings === undefined),
  },
  notShorter(
    { cel: 'self.staleAfter', of: ({ staleAfter }) => staleAfter },
    { cel: 'self.interval', of: ({ interval }) => interval },
    'telemetry.staleAfter must not be shorter than telemetry.interval, or every reading would be stale before the next one',
  ),
);

const canary = group(
  'Something lets the agent see an event on each node now and then, such as the canary of the chart: where they come, so would others. Such an event is counted like any other.',
  {
    interval: durationField(
      'interval',
      'How often. Where nothing of the agent has come from a node for three times as long, or telemetry.staleAfter if that is longer, delivery from there is not proven.',
      // Oftener would be load for nothing; a day has to hold several, or nobody could tell a day of silence from a day without a forwarder.
      { atLeast: '5s', atMost: '4h' },
    ),
  },
);

const metricName = (description: string) =>
  text(description, {
    max: 255,
    min: 1,
    pattern: /^[a-zA-Z_:][a-zA-Z0-9_:]*$/,
    mustBe: 'metric must be the name of a Prometheus metric, such as "agent_build_info"',
  });
const metricLabel = (description: string) =>
  text(description, {
    max: 127,
    min: 1,
    pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/,
    mustBe: 'a label must be the name of a Prometheus label, such as "version"',
  });

const custom = group(
  'Which metrics of an agent of type Custom say what. All are optional: what is left out is not known.',
  {
    version: group("The agent's version.", {
      metric: metricName('A metric with the version in a label, such as agent_build_info.'),
      label: metricLabel('The label that holds the version.').default('version'),
    }).optional(),
    policies: group('The detection policies that are loaded: one series each.', {
      metric: metricName('A metric with one series per policy.'),
      nameLabel: metricLabel('The label that holds the name.').default('policy'),
      versionLabel: metricLabel('The label that holds the version.').optional(),
      statusLabel: metricLabel(
        'The label that holds the status. Left out, a value above zero means loaded.',
      ).optional(),
      sourceLabel: metricLabel('The label that holds the source.').optional(),
    }).optional(),
    rules: group('The rules that are loaded: one series each.', {
      metric: metricName('A metric with one series per rule.'),
      nameLabel: metricLabel('The label that holds the name.').default('rule'),
      policyLabel: metricLabel('The label that holds the name of its policy.').optional(),
      statusLabel: metricLabel(
        'The label that holds the status. Left out, a value above zero means loaded.',
      ).optional(),
    }).optional(),
    drops: group('Events that the agent lost.', {
      metric: metricName('A counter of lost events.'),
      totalMetric: metricName('A counter of all events, from which the share that was lost is taken.').optional(),
    }).optional(),
  },
);

const spec = withRules(
  group('How the agent is recognised and read.', {
    type: oneOf('The product. It decides how telemetry and events are understood; Custom is any other.', agentTypes),
    pods: pods.optional(),
    sidecar: sidecar.optional(),
    protection: protection.optional(),
    telemetry: telemetry.prefault({}),
    canary: canary.optional(),
    minVersion: versionText(
      'minVersion',
      'The oldest version that counts as current. An older one is a Warning.',
    ).optional(),
    operatingSystems: atomicList(
      'Operating systems of nodes that the agent can watch.',
      oneOf('As in the node label kubernetes.io/os.', ['linux', 'windows']),
      2,
      1,
    ).default(['linux']),
    runtimeHandlers: atomicList(
      'Handlers of sandboxed RuntimeClasses, such as "kata" or "gvisor", into which the agent can see from the node.',
      labelName('A handler.'),
      16,
    ).default([]),
    custom: custom.optional(),
  }),
  {
    rule: 'has(self.pods) || has(self.sidecar)',
    message: 'spec needs pods or sidecar: without either no pod is ever recognised as this agent',
    holds: ({ pods: own, sidecar: inner }) => own !== undefined || inner !== undefined,
  },
  {
    rule: "!has(self.custom) || self.type == 'Custom'",
    message: 'spec.custom is only for spec.type Custom; the metrics of the other types are known',
    holds: ({ type, custom: metrics }) => metrics === undefined || type === 'Custom',
  },
  {
    rule: "self.type != 'Custom' || self.telemetry.mode != 'Scrape' || has(self.custom)",
    message:
      'spec.custom is required where spec.type is Custom and spec.telemetry.mode is Scrape: it says which metrics mean what',
    holds: ({ type, telemetry: { mode }, custom: metrics }) =>
      type !== 'Custom' || mode !== 'Scrape' || metrics !== undefined,
  },
  {
    rule: '(!has(self.telemetry.authorization) && !(has(self.telemetry.tls) && has(self.telemetry.tls.clientSecretRef))) || (has(self.pods) && has(self.pods.namespaces) && self.pods.namespaces.size() > 0)',
    message:
      'spec.pods.namespaces is required where spec.telemetry uses credentials (authorization or tls.clientSecretRef), such as ["falco"]: otherwise anyone who labels a pod would be sent them',
    holds: ({ telemetry: { authorization, tls: settings }, pods: own }) =>
      (authorization === undefined && settings?.clientSecretRef === undefined) || (own?.namespaces ?? []).length > 0,
  },
);

const status = group('What was found of the agent.', {
  observedGeneration: observedGeneration().optional(),
  conditions: conditions('Ready (pods were found and all are ready), TelemetryAvailable').optional(),
  pods: group("The agent's pods, sidecars included.", {
    found: count('Recognised.').default(0),
    ready: count('Of them ready.').default(0),
  }).optional(),
  nodes: count('Nodes on which a pod of the agent is ready.').optional(),
  version: reportedVersion('The version on most nodes.').optional(),
  versions: atomicList(
    'Versions in use, the most frequent first.',
    group('A version.', {
      version: reportedVersion('As the agent or, failing that, its image tag says; empty if neither does.'),
      nodes: count('Nodes that run it.'),
      outdated: flag('True if it is older than spec.minVersion.').default(false),
    }),
    50,
  ).optional(),
  daemonSets: atomicList(
    'DaemonSets whose pods were recognised.',
    group('A DaemonSet.', {
      namespace: text('Its namespace.', { max: 63 }),
      name: text('Its name.', { max: 253 }),
      desired: count('Nodes on which it wants to run. Nodes that it excludes are not in this number.').default(0),
      ready: count('Pods of it that are ready.').default(0),
    }),
    50,
  ).optional(),
  scrape: group('The last round of readings.', {
    attempted: count('Pods asked.').default(0),
    failures: count('Pods that did not answer, or not in a form that could be understood.').default(0),
    examples: atomicList('A few of the failures: pod, node and error.', text('A failure.', { max: 512 }), 5).optional(),
  }).optional(),
});

export const protectionAgentSchema = kind(
  'ProtectionAgent',
  'A runtime security agent, such as Falco or Tetragon: how its pods are recognised and how what it knows is read. Ready-made ones are shipped and may be edited.',
  { spec, status: status.optional() },
);

export type ProtectionAgent = Immutable<z.infer<typeof protectionAgentSchema>>;
export type ProtectionAgentInput = Immutable<z.input<typeof protectionAgentSchema>>;
export type ProtectionAgentSpec = ProtectionAgent['spec'];
export type ProtectionAgentStatus = NonNullable<ProtectionAgent['status']>;

export const protectionAgentTable: KindTable = {
  kind: 'ProtectionAgent',
  plural: 'protectionagents',
  singular: 'protectionagent',
  shortName: 'pagent',
  scope: 'Cluster',
  hasStatus: true,
  schema: protectionAgentSchema,
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'The product.' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: 'Whether its pods were found and are ready.',
    },
    { name: 'Pods', type: 'integer', jsonPath: '.status.pods.found', description: 'Pods recognised.' },
    { name: 'Ready Pods', type: 'integer', jsonPath: '.status.pods.ready', description: 'Pods that are ready.' },
    { name: 'Nodes', type: 'integer', jsonPath: '.status.nodes', description: 'Nodes on which it is ready.' },
    { name: 'Version', type: 'string', jsonPath: '.status.version', description: 'The version on most nodes.' },
    {
      name: 'Telemetry',
      type: 'string',
      jsonPath: '.spec.telemetry.mode',
      description: 'How it says how it is.',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Ready')].message",
      description: 'Why it is ready or not.',
      priority: 1,
    },
    ageColumn,
  ],
  selectableFields: ['.spec.type'],
};
