// What Workload Protection saw, out of whatever its event was wrapped in. Pod, namespace, container and image stand in tags. A host's
// name is a node's only by its own tag, or for want of anything else: on clouds it is an instance's, with the cluster's name behind it.
import { attackIdsInTags } from '../attack-ids.ts';
import { baseName, destinationOf, securityEvent, type OriginDraft, type ProcessDraft } from '../event-form.ts';
import type { EventAdapter } from '../event.ts';
import { list, object, text, textOrNone, texts, type Raw } from '../read.ts';
import { originOf, readDatadogEvent, tagged, tagsOf } from './event.ts';

export const datadogEvents: EventAdapter = {
  source: 'datadog',
  lossIn: (item) => {
    if (readDatadogEvent(item)?.ruleId !== 'lost_events') return undefined;
    const node = nodeIn(item, tagsOf(item));
    // Its own, which runs where events were lost.
    const { pod } = originOf(item);
    return { ...(node === undefined ? {} : { node }), ...(pod === undefined ? {} : { pod }), duration: 0 };
  },
  eventsOf: (item, receivedAt) => {
    const event = readDatadogEvent(item);
    if (event === undefined) return [];
    const { agent, body, ruleId } = event;
    const tags = tagsOf(item);
    const isInternal = internalRules.has(ruleId);
    return [
      securityEvent(
        {
          agentType: 'Datadog',
          id: object(item).id,
          at: event.date ?? object(item).timestamp ?? object(item).date,
          policy: agent.policy_name,
          // Rules of a group go by the group's id, and are loaded by their own.
          rule: textOrNone(agent.original_rule_id) ?? ruleId,
          tags: [ruleId, ...tags.toSorted((a, b) => weightOf(a) - weightOf(b))],
          attack: attackIdsInTags(tags),
          // Its tags are those of the agent's own pod.
          origin: isInternal ? { node: nodeIn(item, tags) } : placeOf(item, body, tags, agent.origin === 'ebpfless'),
          process: processOf(object(body.process), body),
          file: object(body.file).path,
          destination: destinationIn(body),
          message: textOrNone(body.title) ?? object(item).title,
          isInternal,
        },
        receivedAt,
      ),
    ];
  },
};

/** What the agent says of itself. */
const internalRules: ReadonlySet<string> = new Set([
  'ruleset_loaded',
  'heartbeat',
  'self_test',
  'lost_events',
  'abnormal_path',
  'no_process_context',
  'broken_process_lineage',
  'noisy_process',
  'refresh_user_cache',
]);

/** Of many tags those about the rule are kept first. */
const weightOf = (tag: string): number => (/^(?:policy|tactic|technique|subtechnique):/.test(tag) ? 0 : 1);

/** What the first of the keys says that says one thing; of two pods or nodes it may be either. */
const onlyOne = (tags: readonly string[], ...keys: readonly string[]): string | undefined =>
  keys.map((key) => tagged(tags, key)).find(({ length }) => length === 1)?.[0];

const nodeIn = (item: unknown, tags: readonly string[]): string | undefined =>
  onlyOne(tags, 'kube_node') ?? hostIn(item, tags);

const placeOf = (item: unknown, body: Raw, tags: readonly string[], isSidecar: boolean): OriginDraft => {
  const only = (...keys: readonly string[]): string | undefined => onlyOne(tags, ...keys);
  const containerId =
    textOrNone(object(body.container).id) ??
    textOrNone(object(object(body.process).container).id) ??
    only('container_id');
  const pod = only('pod_name');
  const isInContainer = containerId !== undefined || tagged(tags, 'pod_name').length > 0;
  const image = only('image_name');
  const imageTag = only('image_tag');
  if (!isInContainer) {
    // A sidecar sees nothing but its own pod, and an event without a process says nothing of where it was.
    const isOnHost = !isSidecar && Object.keys(object(body.process)).length > 0;
    return { node: nodeIn(item, tags), ...(isOnHost ? { onHost: true } : {}) };
  }
  return {
    node: pod === undefined ? nodeIn(item, tags) : only('kube_node'),
    namespace: only('kube_namespace'),
    pod,
    podUid: only('pod_uid'),
    containerId,
    container: only('kube_container_name', 'container_name'),
    image: image === undefined || imageTag === undefined ? image : `${image}:${imageTag}`,
    onHost: false,
  };
};

/** Without the cluster's name, which the agent adds to the node's where it was told one. */
const hostIn = (item: unknown, tags: readonly string[]): string | undefined => {
  const clusters = ['kube_cluster_name', 'cluster_name'].flatMap((key) => tagged(tags, key));
  const hosts = originOf(item).hostnames.map((host) => {
    const cluster = clusters.find((name) => name !== '' && host.endsWith(`-${name}`));
    return cluster === undefined ? host : host.slice(0, -cluster.length - 1);
  });
  return new Set(hosts).size === 1 ? hosts[0] : undefined;
};

const processOf = (process: Raw, body: Raw): ProcessDraft => {
  const executable = object(process.executable);
  const parent = object(process.parent);
  const given = textOrNone(process.args) ?? textOrNone(texts(list(process.args)).join(' '));
  return {
    executable: executable.path,
    name: process.comm,
    arguments: textOrNone([textOrNone(process.argv0) ?? baseName(executable.path) ?? '', given ?? ''].join(' ').trim()),
    parentName: textOrNone(parent.comm) ?? baseName(object(parent.executable).path),
    user: textOrNone(process.user) ?? textOrNone(object(process.credentials).user) ?? object(body.usr).name,
    terminal: textOrNone(process.tty) === undefined ? undefined : true,
  };
};

const destinationIn = (body: Raw): string | undefined => {
  // The newer way to ask for credentials is how it should be; of an answer, Datadog does not know how it was asked for.
  const imds = object(body.imds);
  if (object(imds.aws).is_imds_v2 === true || text(imds.type) === 'response') return undefined;
  const { ip, port } = object(object(body.network).destination);
  const connect = object(object(body.connect).addr);
  return (
    destinationOf(ip, port) ??
    destinationOf(connect.ip, connect.port) ??
    (Object.keys(imds).length === 0 ? undefined : destinationOf(textOrNone(imds.host)?.replace(/:80$/, ''), 80))
  );
};
