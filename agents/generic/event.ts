// Events of whoever speaks none of the agents' formats: OCSF, the neutral form itself, and CloudEvents around these or around an agent's
// own, where the envelope says whose it is.
import type { SecurityEvent } from '../../domain/findings/types.ts';
import { attackIdsIn, joinAttackIds, type AttackIds } from '../attack-ids.ts';
import {
  baseName,
  boundedText,
  destinationOf,
  securityEvent,
  tagsIn,
  type EventDraft,
  type OriginDraft,
  type ProcessDraft,
} from '../event-form.ts';
import type { EventAdapter } from '../event.ts';
import { timeIn } from '../event-time.ts';
import { isObject, list, object, text, textOrNone, type Raw } from '../read.ts';

export const genericEvents = (agents: readonly EventAdapter[]): EventAdapter => ({
  source: 'generic',
  // What a CloudEvent may carry is anybody's.
  faultIn: (item) => {
    const event = object(item);
    return textOrNone(event.specversion) !== undefined || isOcsf(event) || neutralDraft(event) !== undefined
      ? undefined
      : {
          field: 'rule',
          message: 'is missing, as are policy, process, file, destination and message; nor is it OCSF or a CloudEvent',
        };
  },
  eventsOf: (item, receivedAt) => {
    const outer = object(item);
    if (textOrNone(outer.specversion) === undefined) return plainEvents(outer, receivedAt);
    // `falco.rule.output.v1` of https://falco.org is how falcosidekick calls them.
    const at = timeIn(outer.time) ?? receivedAt;
    const agent = isOcsf(object(outer.data))
      ? undefined
      : (agentIn(outer.type, agents) ?? agentIn(outer.source, agents));
    const events = agent === undefined ? plainEvents(object(outer.data), at) : agent.eventsOf(outer.data, at);
    // Ids are of one source only.
    const id = boundedText(outer.id) && boundedText(`${text(outer.source)} ${text(outer.id)}`);
    // An envelope around several events has one id for all of them.
    return events.length === 1 && id !== undefined ? events.map((event) => ({ id, ...event })) : events;
  },
});

/** Of an envelope's type, or of its source. */
const longestType = 1024;

const agentIn = (value: unknown, agents: readonly EventAdapter[]): EventAdapter | undefined => {
  const words = new Set(
    text(value)
      .slice(0, longestType)
      .toLowerCase()
      .split(/[^a-z]+/),
  );
  return agents.find(({ source }) => words.has(source));
};

const isOcsf = (event: Raw): boolean => typeof event.class_uid === 'number';

const plainEvents = (event: Raw, receivedAt: number): readonly SecurityEvent[] => {
  const draft = isOcsf(event) ? ocsfDraft(event) : neutralDraft(event);
  return draft === undefined ? [] : [securityEvent(draft, receivedAt)];
};

/** Undefined for an object that says nothing that a matcher could look at. */
const neutralDraft = (event: Raw): EventDraft | undefined => {
  const says = [event.rule, event.policy, event.message, event.file, event.destination];
  if (says.every((each) => textOrNone(each) === undefined) && !isObject(event.process)) return undefined;
  const origin = isObject(event.origin) ? event.origin : event;
  const { executable, name, arguments: given, parentName, user, terminal } = object(event.process);
  const { node, namespace, pod, podUid, containerId, container, image, onHost } = origin;
  const isInContainer = textOrNone(pod) !== undefined || textOrNone(containerId) !== undefined;
  return {
    agentType: 'Custom',
    id: event.id,
    at: event.time ?? event.at,
    policy: event.policy,
    rule: event.rule,
    tags: tagsIn(event.tags),
    attack: attackIdsIn([...tagsIn(event.tactics), ...tagsIn(event.techniques)]),
    origin: {
      node,
      namespace,
      pod,
      podUid,
      containerId,
      container,
      image,
      onHost: onHost ?? (isInContainer ? false : undefined),
    },
    process: { executable, name, arguments: given, parentName, user, terminal },
    file: event.file,
    destination: splitDestination(event.destination),
    message: event.message,
  };
};

/** `address`, `address:port` or `[address]:port`. */
const splitDestination = (value: unknown): string | undefined => {
  const written = text(value);
  const [, address, port] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(written) ?? [];
  return address === undefined ? destinationOf(written) : destinationOf(address, port);
};

/** Detection Finding has its process among the evidence, Process Activity and its neighbours have it themselves. */
const ocsfDraft = (event: Raw): EventDraft => {
  const finding = object(event.finding_info);
  const analytic = object(finding.analytic);
  const evidence = object(list(event.evidences)[0]);
  const actor = object(isObject(event.actor) ? event.actor : evidence.actor);
  const process = [event.process, evidence.process, actor.process]
    .map(object)
    .find((each) => Object.keys(each).length > 0);
  const metadata = object(event.metadata);
  const file = isObject(event.file) ? event.file : object(evidence.file);
  const endpoint = isObject(event.dst_endpoint) ? event.dst_endpoint : object(evidence.dst_endpoint);
  return {
    agentType: 'Custom',
    // A finding keeps its id however often it is seen again; the event has one of its own.
    id: textOrNone(metadata.uid) ?? findingIdAt(finding.uid, event.time),
    at: event.time ?? event.time_dt,
    rule: textOrNone(analytic.name) ?? textOrNone(analytic.uid) ?? finding.title ?? metadata.event_code,
    policy: object(event.policy).name,
    tags: [...tagsIn(metadata.labels), ...tagsIn(finding.types)],
    attack: joinAttackIds(
      ...[...list(event.attacks).slice(0, mostAttacks), ...list(finding.attacks).slice(0, mostAttacks)].map((attack) =>
        attackIdsOf(object(attack)),
      ),
    ),
    origin: ocsfOrigin(event, process ?? {}),
    ...(process === undefined ? {} : { process: ocsfProcess(process, actor) }),
    file: file.path,
    destination: destinationOf(endpoint.ip, endpoint.port),
    message: textOrNone(event.message) ?? finding.desc,
  };
};

const findingIdAt = (uid: unknown, time: unknown): string | undefined =>
  textOrNone(uid) === undefined || typeof time !== 'number' ? undefined : `${text(uid)} ${time}`;

const mostAttacks = 64;

const attackIdsOf = ({ tactic, tactics, technique, sub_technique: subTechnique }: Raw): AttackIds =>
  attackIdsIn(
    [tactic, ...list(tactics).slice(0, mostAttacks), technique, subTechnique]
      .map((each) => textOrNone(object(each).uid))
      .filter((uid) => uid !== undefined),
  );

/** A finding is of one pod, and of what that belongs to. */
const mostResources = 64;

const ocsfOrigin = (event: Raw, process: Raw): OriginDraft => {
  const container = [event.container, process.container, object(event.device).container]
    .map(object)
    .find((each) => Object.keys(each).length > 0);
  const image = object(container?.image);
  const pod = [event.resource, ...list(event.resources).slice(0, mostResources)]
    .map(object)
    .find(({ type }) => /^pod$/i.test(text(type)));
  return {
    node: object(event.device).hostname,
    namespace: pod?.namespace,
    pod: pod?.name,
    podUid: textOrNone(pod?.uid) ?? container?.pod_uuid,
    containerId: container?.uid,
    container: container?.name,
    image: textOrNone(image.tag) === undefined ? image.name : `${text(image.name)}:${text(image.tag)}`,
    onHost: container === undefined && pod === undefined ? undefined : false,
  };
};

const ocsfProcess = (process: Raw, actor: Raw): ProcessDraft => {
  const parent = object(process.parent_process);
  return {
    executable: textOrNone(object(process.file).path) ?? process.path,
    name: process.name,
    arguments: process.cmd_line,
    parentName: textOrNone(parent.name) ?? baseName(object(parent.file).path),
    user: textOrNone(object(process.user).name) ?? object(actor.user).name,
  };
};
