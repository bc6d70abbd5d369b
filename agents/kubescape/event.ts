// Kubescape's runtime alerts: lists, as node-agent's HTTP exporter posts them, and single ones, as it writes them to its log.
import { attackIdsIn } from '../attack-ids.ts';
import {
  destinationOf,
  securityEvent,
  tagsIn,
  type EventDraft,
  type OriginDraft,
  type ProcessDraft,
} from '../event-form.ts';
import type { EventAdapter } from '../event.ts';
import { isObject, list, object, textOrNone, text, texts, type Raw } from '../read.ts';

export const kubescapeEvents: EventAdapter = {
  source: 'kubescape',
  eventsOf: (item, receivedAt) =>
    alertsIn(object(item)).flatMap(({ alert, processes }) => {
      const name = textOrNone(alert.alertName);
      const id = textOrNone(alert.ruleID);
      if (name === undefined && id === undefined) return [];
      const { arguments: given } = alert;
      return [
        securityEvent(
          {
            agentType: 'Kubescape',
            id: idOf(alert),
            at: alert.timestamp,
            // Rules are loaded and bound by their names; the id stays beside them, since names have changed.
            rule: name ?? id,
            tags: id === undefined ? [] : [id],
            attack: attackIdsIn([...tagsIn(alert.mitreTactic), ...tagsIn(alert.mitreTechnique)]),
            origin: originOf(alert),
            process: processOf(alert, processes),
            ...touchedBy(object(given)),
            message: textOrNone(alert.message) ?? alert.ruleDescription,
            isInternal: name === 'AlertLimitReached',
          },
          receivedAt,
        ),
      ];
    }),
};

interface Alert {
  readonly alert: Raw;
  readonly processes: Processes;
}

/** Of one container, by their ids. */
interface Processes {
  readonly containerId: string;
  readonly byId: ReadonlyMap<unknown, Raw>;
}

/** Its exporter sends fewer in one. */
const mostAlerts = 1000;

const alertsIn = (item: Raw): readonly Alert[] => {
  const spec = object(item.spec);
  if (Array.isArray(spec.alerts)) {
    const processes = processesIn(object(spec.processTree));
    return list(spec.alerts)
      .slice(0, mostAlerts)
      .map((alert) => ({ alert: object(alert), processes }));
  }
  if (!isObject(item.BaseRuntimeMetadata)) return [{ alert: item, processes: processesIn(object(item.processTree)) }];
  const { node } = object(object(item.event).k8s);
  const { message, RuleID: ruleID } = item;
  const alert = { nodeName: node, message, ruleID, ...item.BaseRuntimeMetadata, ...object(item.RuntimeK8sDetails) };
  return [{ alert, processes: processesIn(object(item.RuntimeProcessDetails)) }];
};

/** More than that is no tree of one container. */
const mostProcesses = 1000;

const processesIn = (tree: Raw): Processes => {
  const byId = new Map<unknown, Raw>();
  const waiting: unknown[] = [tree.processTree];
  for (let seen = 0; seen < mostProcesses && waiting.length > 0; seen++) {
    const process = object(waiting.pop());
    if (typeof process.pid === 'number') byId.set(process.pid, process);
    const children = [...Object.values(object(process.childrenMap)), ...list(process.children)];
    waiting.push(...children.slice(0, mostProcesses));
  }
  return { containerId: text(tree.containerID), byId };
};

/**
 * Its own is the same for all that is alike, in whichever pod and however often: what it is told by here is one container, or pod, and
 * one moment as well.
 */
const idOf = ({ uniqueID, timestamp, containerID, podUID }: Raw): string | undefined => {
  const [id, moment, place] = [
    textOrNone(uniqueID),
    textOrNone(timestamp),
    textOrNone(containerID) ?? textOrNone(podUID),
  ];
  return id === undefined || moment === undefined || place === undefined ? undefined : `${id} ${moment} ${place}`;
};

/** `hostName` is left aside: it is that of the agent's pod. */
const originOf = (alert: Raw): OriginDraft => {
  if (alert.containerID === hostContainer) return { node: alert.nodeName, onHost: true };
  const isInContainer = textOrNone(alert.containerID) !== undefined || textOrNone(alert.podName) !== undefined;
  return {
    node: alert.nodeName,
    namespace: textOrNone(alert.podNamespace) ?? alert.namespace,
    pod: alert.podName,
    podUid: alert.podUID,
    containerId: alert.containerID,
    container: alert.containerName,
    image: alert.image,
    onHost: isInContainer ? false : undefined,
  };
};

/** What it calls the node itself, where it is told to watch that, too. */
const hostContainer = 'host';

/** The process that the alert is about, or what its arguments say of it. */
const processOf = (alert: Raw, { containerId, byId }: Processes): ProcessDraft => {
  const { exec, args, comm, pcomm } = object(alert.arguments);
  const found = containerId === '' || containerId === alert.containerID ? byId.get(alert.infectedPID) : undefined;
  const named = object(object(alert.identifiers).process);
  return {
    executable: textOrNone(found?.path) ?? exec,
    name: textOrNone(found?.comm) ?? textOrNone(named.name) ?? comm,
    arguments: textOrNone(found?.cmdline) ?? textOrNone(named.commandLine) ?? textOrNone(texts(args).join(' ')),
    parentName: textOrNone(found?.pcomm) ?? pcomm,
    user: typeof found?.uid === 'number' ? String(found.uid) : undefined,
  };
};

const touchedBy = ({ path, ip, dstIP, port, dstPort }: Raw): Pick<EventDraft, 'file' | 'destination'> => ({
  file: path,
  destination: destinationOf(ip ?? dstIP, port ?? dstPort),
});
