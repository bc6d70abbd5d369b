// KubeArmor's alerts and logs, as its relay writes them. What it blocked counts as what it only saw: the workload tried.
import { attackIdsInTags } from '../attack-ids.ts';
import {
  baseName,
  destinationOf,
  securityEvent,
  tagsIn,
  type EventDraft,
  type OriginDraft,
  type ProcessDraft,
} from '../event-form.ts';
import type { EventAdapter } from '../event.ts';
import { object, text, textOrNone, type Raw } from '../read.ts';
import { throttlingIn } from './throttling.ts';

export const kubeArmorEvents: EventAdapter = {
  source: 'kubearmor',
  lossIn: throttlingIn,
  eventsOf: (item, receivedAt) => {
    const alert = object(item);
    const operation = text(alert.Operation);
    // Its own messages have neither.
    if (operation === '' || text(alert.Type) === '') return [];
    const tags = [...tagsIn(alert.ATags), ...tagsIn(alert.Tags)];
    return [
      securityEvent(
        {
          agentType: 'KubeArmor',
          at: textOrNone(alert.UpdatedTime) ?? alert.Timestamp,
          policy: alert.PolicyName,
          rule: ruleOf(alert),
          tags,
          attack: attackIdsInTags(tags),
          origin: originOf(alert),
          process: processOf(alert),
          ...touchedBy(alert),
          message: textOrNone(alert.Message) ?? [operation, text(alert.Resource)].join(' ').trim(),
          isInternal: operation === 'AlertThreshold',
        },
        receivedAt,
      ),
    ];
  },
};

/** As the rules inside its policies are called: `process /usr/bin/apt`. A log is of no rule. */
const ruleOf = (alert: Raw): string | undefined =>
  textOrNone(alert.PolicyName) === undefined
    ? undefined
    : [text(alert.Operation).toLowerCase(), firstWord(alert.Resource) ?? ''].join(' ').trim();

const originOf = (alert: Raw): OriginDraft => {
  // Beside a workload without a node's agent, it runs in the pod and takes the pod's name for the host's.
  const node = alert.HostName === alert.PodName ? undefined : alert.HostName;
  if (hostTypes.has(text(alert.Type))) return { node, onHost: true };
  const isInContainer = textOrNone(alert.ContainerID) !== undefined || textOrNone(alert.PodName) !== undefined;
  return {
    node,
    namespace: alert.NamespaceName,
    pod: alert.PodName,
    containerId: alert.ContainerID,
    container: alert.ContainerName,
    image: alert.ContainerImage,
    onHost: isInContainer ? false : undefined,
  };
};

const hostTypes: ReadonlySet<string> = new Set(['MatchedHostPolicy', 'HostLog']);

const processOf = (alert: Raw): ProcessDraft => {
  const isExecution = alert.Operation === 'Process';
  return {
    executable: textOrNone(alert.ProcessName) ?? (isExecution ? firstWord(alert.Resource) : undefined),
    arguments: isExecution ? alert.Resource : alert.Source,
    parentName: baseName(alert.ParentProcessName),
    user: textOrNone(alert.UserName) ?? (typeof alert.UID === 'number' ? String(alert.UID) : undefined),
    terminal: textOrNone(alert.TTY) === undefined ? undefined : true,
  };
};

const touchedBy = (alert: Raw): Pick<EventDraft, 'file' | 'destination'> => {
  if (alert.Operation === 'File') return { file: firstWord(alert.Resource) };
  // Of a connection that was accepted it writes the other side in the same way.
  if (alert.Operation !== 'Network' || /accept/i.test(text(alert.Data).slice(0, longestData))) return {};
  const words = new Map(
    text(alert.Resource)
      .slice(0, longestData)
      .split(' ')
      .map((word) => {
        const at = word.indexOf('=');
        return [word.slice(0, at), word.slice(at + 1)] as const;
      }),
  );
  return {
    destination: destinationOf(
      words.get('remoteip') ?? words.get('sin_addr') ?? words.get('sin6_addr'),
      words.get('port') ?? words.get('sin_port') ?? words.get('sin6_port'),
    ),
  };
};

/** A description of a connection is a fraction of this. */
const longestData = 1024;

const firstWord = (value: unknown): string | undefined => textOrNone(text(value).split(' ', 1)[0]);
