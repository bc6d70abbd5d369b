// Tracee's events in both of its shapes: the newer with a workload, the older flat. Neither says on which node it happened: what the
// older calls hostName is what the process takes for its host, in a pod the pod's name.
import { attackIdsIn } from '../attack-ids.ts';
import { baseName, destinationOf, securityEvent, tagsIn, type EventDraft } from '../event-form.ts';
import type { EventAdapter } from '../event.ts';
import { isObject, list, object, text, textOrNone, texts, type Raw } from '../read.ts';

export const traceeEvents: EventAdapter = {
  source: 'tracee',
  eventsOf: (item, receivedAt) => {
    const event = object(item);
    const draft = textOrNone(event.eventName) === undefined ? newerDraft(event) : olderDraft(event);
    return draft === undefined ? [] : [securityEvent(draft, receivedAt)];
  },
};

const newerDraft = (event: Raw): EventDraft | undefined => {
  const name = textOrNone(event.name);
  if (name === undefined) return undefined;
  const workload = object(event.workload);
  const process = object(workload.process);
  const container = object(workload.container);
  // Its docs show pod and namespace in the workload, its API in an object of their own.
  const kubernetes = isObject(workload.k8s) ? workload.k8s : workload;
  const pod = object(kubernetes.pod);
  const threat = object(event.threat);
  const { tactic, technique } = object(threat.mitre);
  const data = dataIn(event.data);
  return {
    ...commonDraft(name, data),
    at: event.timestamp,
    policy: list(object(event.policies).matched)[0],
    tags: [object(threat.properties).signatureID, threat.name, ...tagsIn(object(event.policies).matched)],
    attack: attackIdsIn([...tagsIn(object(tactic).name), ...tagsIn(object(technique).id)]),
    origin: {
      namespace: object(kubernetes.namespace).name,
      pod: pod.name,
      podUid: pod.uid,
      containerId: container.id,
      container: container.name,
      image: object(container.image).name,
      onHost: isOnHost(container.id, pod.name, isObject(workload.process)),
    },
    process: {
      executable: textOrNone(object(process.executable).path) ?? data.get('pathname'),
      name: object(process.thread).name,
      arguments: argumentsIn(data),
      parentName: parentOf(process.ancestors),
      user: numberAsText(object(process.real_user).id),
      terminal: terminalIn(data),
    },
    message: threat.description,
  };
};

const olderDraft = (event: Raw): EventDraft => {
  const name = text(event.eventName);
  const container = object(event.container);
  const kubernetes = object(event.kubernetes);
  const metadata = object(event.metadata ?? event.Metadata);
  const properties = object(metadata.Properties);
  const data = dataIn(event.args);
  const containerId = textOrNone(container.id) ?? event.containerId;
  return {
    ...commonDraft(name, data),
    at: event.timestamp,
    policy: list(event.matchedPolicies)[0],
    tags: [
      properties.signatureID,
      properties.signatureName,
      ...tagsIn(metadata.Tags),
      ...tagsIn(event.matchedPolicies),
    ],
    attack: attackIdsIn([...tagsIn(properties.Category), ...tagsIn(properties.external_id)]),
    origin: {
      namespace: kubernetes.podNamespace,
      pod: kubernetes.podName,
      podUid: kubernetes.podUID,
      containerId,
      container: container.name,
      image: container.image,
      onHost: isOnHost(containerId, kubernetes.podName, textOrNone(event.processName) !== undefined),
    },
    process: {
      executable: textOrNone(object(event.executable).path) ?? data.get('pathname'),
      name: event.processName,
      arguments: argumentsIn(data),
      user: numberAsText(event.userId),
      terminal: terminalIn(data),
    },
    message: metadata.Description,
  };
};

/** Policies load events by these names, whoever detects them. */
const commonDraft = (
  rule: string,
  data: ReadonlyMap<string, unknown>,
): Pick<EventDraft, 'agentType' | 'rule' | 'file' | 'destination' | 'isInternal'> => ({
  agentType: 'Tracee',
  rule,
  file: rule === executionEvent ? undefined : (data.get('pathname') ?? data.get('file_path') ?? data.get('path')),
  destination: ['remote_addr', 'addr', 'dst']
    .map((key) => addressIn(data.get(key), data.get('dst_port')))
    .find((address) => address !== undefined),
  isInternal: internalEvents.has(rule),
});

/** Its path is that of the program. */
const executionEvent = 'sched_process_exec';

/** What Tracee tells of containers and of itself as it starts. */
const internalEvents: ReadonlySet<string> = new Set([
  'existing_container',
  'container_create',
  'container_remove',
  'init_namespaces',
  'init_tracee_data',
]);

/** Every process has a container's id where it is in one. */
const isOnHost = (containerId: unknown, pod: unknown, hasProcess: boolean): boolean | undefined => {
  if (textOrNone(containerId) !== undefined || textOrNone(pod) !== undefined) return false;
  return hasProcess ? true : undefined;
};

/** An event of the kernel has a dozen. */
const mostData = 100;

/** Names and values, each in one of the ways that its printers write a value. */
const dataIn = (data: unknown): ReadonlyMap<string, unknown> =>
  new Map(
    list(data)
      .slice(0, mostData)
      .map((each) => {
        const { name, value, str, strArray, sockaddr } = object(each);
        return [text(name), value ?? str ?? object(strArray).value ?? sockaddr];
      }),
  );

const argumentsIn = (data: ReadonlyMap<string, unknown>): string | undefined =>
  textOrNone(texts(data.get('argv')).join(' '));

/** A program that was started with a terminal for its input. */
const terminalIn = (data: ReadonlyMap<string, unknown>): boolean | undefined => {
  const path = textOrNone(data.get('stdin_path'));
  return path === undefined ? undefined : /^\/dev\/(?:pts\/|tty|console$)/.test(path);
};

const addressIn = (value: unknown, port: unknown): string | undefined => {
  if (typeof value === 'string') return destinationOf(value, port);
  const address = object(value);
  return (
    destinationOf(address.sin_addr, address.sin_port) ??
    destinationOf(address.sin6_addr, address.sin6_port) ??
    destinationOf(address.sinAddr, address.sinPort)
  );
};

const parentOf = (ancestors: unknown): string | undefined => {
  const parent = object(list(ancestors)[0]);
  return textOrNone(object(parent.thread).name) ?? baseName(object(parent.executable).path);
};

const numberAsText = (value: unknown): string | undefined => (typeof value === 'number' ? String(value) : undefined);
