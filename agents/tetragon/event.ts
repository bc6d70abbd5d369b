// Tetragon's events, one JSON object a line as it exports them. Only its own words count: whether a process has a terminal it never
// says, and being outside of the container's first process tree only means that something was started in the container later, be it by
// kubectl exec or a probe; such a process gets a tag, and a shell becomes interactive only where a TracingPolicy's own tag says so.
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
import { isObject, list, object, text, textOrNone, type Raw } from '../read.ts';

export const tetragonEvents: EventAdapter = {
  source: 'tetragon',
  // Of kinds to come nothing is known but how they are called.
  faultIn: (item) =>
    Object.entries(object(item)).some(([key, value]) => /^(?:process_|rate_limit_info$)/.test(key) && isObject(value))
      ? undefined
      : {
          field: 'process_exec',
          message: 'must be an object, or another that begins with process_, or rate_limit_info',
        },
  lossIn: (item) => {
    const { node_name: name, rate_limit_info: limited, process_throttle: throttled } = object(item);
    if (!isObject(limited) && !isObject(throttled)) return undefined;
    const node = textOrNone(name);
    const duration = object(throttled).type === 'THROTTLE_START' ? longestThrottleMs : 0;
    return { ...(node === undefined ? {} : { node }), duration };
  },
  eventsOf: (item, receivedAt) => {
    const envelope = object(item);
    const kind = kinds.find((each) => isObject(envelope[each]));
    if (kind === undefined) return [];
    const event = object(envelope[kind]);
    const process = object(event.process);
    const container = object(object(process.pod).container);
    // What the kubelet runs to ask a container how it is tells nothing of the workload.
    if (container.maybe_exec_probe === true) return [];
    const common = { agentType: 'Tetragon', at: envelope.time };
    const node = textOrNone(envelope.node_name);
    if (internalKinds.has(kind)) {
      return [securityEvent({ ...common, origin: { node }, message: kind, isInternal: true }, receivedAt)];
    }
    const tags = tagsIn(event.tags);
    return [
      securityEvent(
        {
          ...common,
          policy: event.policy_name,
          rule: textOrNone(event.message) ?? hookOf(kind, event),
          tags: [...tags, ...(process.in_init_tree === false ? [startedLaterTag] : [])],
          attack: attackIdsInTags(tags),
          origin: { node, ...placeOf(process, container) },
          process: processOf(process, object(event.parent)),
          ...touchedIn(event),
          message: event.message,
        },
        receivedAt,
      ),
    ];
  },
};

/** Without process_exit, which is the end of what process_exec has told. */
const kinds = [
  'process_exec',
  'process_kprobe',
  'process_tracepoint',
  'process_uprobe',
  'process_lsm',
  'process_usdt',
  'process_loader',
  'process_throttle',
  'rate_limit_info',
] as const;
type Kind = (typeof kinds)[number];

/** Of events that were left out: about Tetragon, not about what it watches. */
const internalKinds: ReadonlySet<Kind> = new Set(['process_throttle', 'rate_limit_info']);

/** It says when it begins to throttle a container, and when it ends: nobody knows how long that will be, and the second word may be lost. */
const longestThrottleMs = 10 * 60_000;

const startedLaterTag = 'not-in-init-tree';

/** As rules of TracingPolicies without a message are called; the kernel's names of system calls begin with the architecture. */
const hookOf = (kind: Kind, event: Raw): string | undefined => {
  if (kind === 'process_tracepoint') return joined('/', event.subsys, event.event);
  if (kind === 'process_uprobe') return joined(':', event.path, event.symbol);
  if (kind === 'process_usdt') return joined(':', event.path, event.provider, event.name);
  return textOrNone(event.function_name)?.replace(/^__(?:x64|arm64)_(?=sys_)/, '');
};

const joined = (by: string, ...parts: readonly unknown[]): string | undefined =>
  textOrNone(
    parts
      .map(text)
      .filter((part) => part !== '')
      .join(by),
  );

/** The workload that it names is left aside: the cluster knows it. */
const placeOf = (process: Raw, container: Raw): OriginDraft => {
  const pod = object(process.pod);
  const shortId = textOrNone(process.docker);
  const isInContainer = textOrNone(pod.name) !== undefined || shortId !== undefined;
  return {
    namespace: pod.namespace,
    pod: pod.name,
    podUid: pod.uid,
    containerId: textOrNone(container.id) ?? shortId,
    container: container.name,
    image: object(container.image).name,
    // It documents that processes of the host have no pod; one that it does not know at all may be anywhere.
    onHost: isInContainer ? false : textOrNone(process.binary) === undefined ? undefined : true,
  };
};

const processOf = (process: Raw, parent: Raw): ProcessDraft => ({
  executable: process.binary,
  // It gives them without the program.
  arguments: [text(process.binary), text(process.arguments)].join(' ').trim(),
  parentName: baseName(parent.binary),
  user: textOrNone(object(process.user).name) ?? userId(process.uid),
});

const userId = (uid: unknown): string | undefined => (typeof uid === 'number' ? String(uid) : undefined);

/** A hook has five. */
const mostArguments = 100;

/** The first file and the first connection among the arguments. */
const touchedIn = ({ args }: Raw): Pick<EventDraft, 'file' | 'destination'> => {
  let file: string | undefined;
  let destination: string | undefined;
  for (const each of list(args).slice(0, mostArguments)) {
    const argument = object(each);
    for (const key of ['file_arg', 'path_arg', 'linux_binprm_arg']) file ??= textOrNone(object(argument[key]).path);
    for (const key of ['sock_arg', 'skb_arg']) {
      const { daddr, dport } = object(argument[key]);
      destination ??= destinationOf(daddr, dport);
    }
    const { addr, port } = object(argument.sockaddr_arg);
    destination ??= destinationOf(addr, port);
  }
  return { file, destination };
};
