// Falco's alerts, as its http_output posts them and as falcosidekick passes them on: with an id and fields of its own, with long values
// cut, with brackets in names of fields replaced. Fields are read by their whole names; none of ours has brackets.
import { attackIdsInTags } from '../attack-ids.ts';
import { destinationOf, securityEvent, tagsIn, type OriginDraft, type ProcessDraft } from '../event-form.ts';
import type { EventAdapter } from '../event.ts';
import { isObject, object, text, textOrNone, type Raw } from '../read.ts';

export const falcoEvents: EventAdapter = {
  source: 'falco',
  faultIn: (item) => {
    const { rule, output_fields: fields } = object(item);
    if (textOrNone(rule) === undefined)
      return { field: 'rule', message: 'must be the name of a rule, which every alert of Falco has' };
    if (fields !== undefined && fields !== null && !isObject(fields))
      return { field: 'output_fields', message: 'must be an object' };
    return undefined;
  },
  lossIn: (item) => {
    const { rule, source, hostname } = object(item);
    if (rule !== 'Falco internal: syscall event drop' || (source !== undefined && source !== 'internal'))
      return undefined;
    const node = said(hostname);
    return { ...(node === undefined ? {} : { node }), duration: 0 };
  },
  eventsOf: (item, receivedAt) => {
    const alert = object(item);
    const rule = textOrNone(alert.rule);
    if (rule === undefined) return [];
    const fields = object(alert.output_fields);
    const source = text(alert.source);
    const tags = tagsIn(alert.tags);
    // falcosidekick's word for Falco's own; very old Falco gives none.
    const isSystemCall = source === '' || source === 'syscall' || source === 'syscalls';
    const isInternal = source === 'internal' || rule.startsWith('Falco internal: ');
    const event = securityEvent(
      {
        agentType: 'Falco',
        id: alert.uuid,
        at: alert.time ?? fields['evt.time'],
        rule,
        tags,
        attack: attackIdsInTags(tags),
        origin: isInternal
          ? { node: said(alert.hostname) }
          : isSystemCall
            ? originOf(alert, fields)
            : objectOf(source, fields),
        ...(isSystemCall ? { process: processOf(fields) } : {}),
        file: fileOf(fields),
        destination: connectionOf(fields),
        message: textOrNone(alert.output) ?? alert.message,
        isInternal,
      },
      receivedAt,
    );
    return [event];
  },
};

/** Falco's words for a value that it does not have. */
const said = (value: unknown): string | undefined => {
  const known = textOrNone(value);
  return known === '<NA>' || known === 'N/A' ? undefined : known;
};

const originOf = (alert: Raw, fields: Raw): OriginDraft => {
  const id = said(fields['container.id']);
  const repository = said(fields['container.image.repository']);
  const tag = said(fields['container.image.tag']);
  const isOnHost = id === 'host';
  const node = { node: said(alert.hostname) };
  if (isOnHost) return { ...node, onHost: true };
  return {
    ...node,
    namespace: said(fields['k8s.ns.name']) ?? said(fields['k8smeta.ns.name']),
    pod: said(fields['k8s.pod.name']) ?? said(fields['k8smeta.pod.name']),
    podUid: said(fields['k8s.pod.uid']) ?? said(fields['k8smeta.pod.uid']),
    containerId: said(fields['container.full_id']) ?? id,
    container: said(fields['container.name']),
    image: repository === undefined || tag === undefined ? repository : `${repository}:${tag}`,
    onHost: id === undefined ? undefined : false,
  };
};

/** An alert of a plugin is about an object; the host that read it is not where it happened. Only what is done to a running pod has a place. */
const objectOf = (source: string, fields: Raw): OriginDraft => {
  const isOfRunningPod =
    source === 'k8s_audit' &&
    said(fields['ka.target.resource']) === 'pods' &&
    runningPodOnly.has(said(fields['ka.target.subresource']) ?? '');
  return isOfRunningPod
    ? { namespace: said(fields['ka.target.namespace']), pod: said(fields['ka.target.name']), onHost: false }
    : {};
};

const runningPodOnly: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'ephemeralcontainers']);

const processOf = (fields: Raw): ProcessDraft => ({
  executable: said(fields['proc.exepath']),
  name: said(fields['proc.name']),
  arguments: said(fields['proc.cmdline']),
  parentName: said(fields['proc.pname']),
  user: said(fields['user.name']),
  terminal: terminalIn(fields['proc.tty']),
});

/** The number of its device, 0 for none. */
const terminalIn = (tty: unknown): boolean | undefined => {
  const number = typeof tty === 'string' && /^\d+$/.test(tty) ? Number(tty) : tty;
  return typeof number === 'number' ? number !== 0 : undefined;
};

const fileOf = (fields: Raw): string | undefined => pathIn(fields['fd.name']) ?? pathIn(fields['fs.path.name']);

const pathIn = (value: unknown): string | undefined => {
  const name = said(value);
  return name?.startsWith('/') === true ? name : undefined;
};

const connectionOf = (fields: Raw): string | undefined => {
  const server = said(fields['fd.sip']);
  if (server !== undefined) return destinationOf(server, fields['fd.sport']);
  const remote = said(fields['fd.rip']);
  if (remote !== undefined) return destinationOf(remote, fields['fd.rport']);
  const name = said(fields['fd.name']);
  if (name === undefined) return undefined;
  // `10.1.2.3:40112->169.254.169.254:80`
  const [, address, port] = /->([0-9a-f.:]{2,45}):(\d{1,5})$/i.exec(name) ?? [];
  return destinationOf(address, port);
};
