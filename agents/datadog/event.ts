// An event of Workload Protection out of whatever it was wrapped in on its way: as the agent writes it, as a log that carries it in its
// message, as the log search of Datadog's API answers it, as a webhook passes it on. Where it comes from stands in its tags, not in its body.
import { tagsIn } from '../event-form.ts';
import type { EventOrigin } from '../push.ts';
import { isObject, object, text, type Raw } from '../read.ts';

export interface DatadogEvent {
  readonly ruleId: string;
  readonly agent: Raw;
  readonly body: Raw;
  /** Epoch milliseconds; undefined where it tells none. */
  readonly date: number | undefined;
}

/** Undefined for what is no event of it. */
export const readDatadogEvent = (event: unknown): DatadogEvent | undefined => {
  for (const body of bodiesOf(event)) {
    const agent = object(body.agent);
    const ruleId = text(agent.rule_id);
    if (ruleId !== '') return { ruleId, agent, body, date: dateOf(body.date) };
  }
  return undefined;
};

/** `key:value` each, of the event and of whatever it was wrapped in. */
export const tagsOf = (event: unknown): readonly string[] => {
  const wrapping = object(event);
  const tags = [wrapping, object(wrapping.attributes), ...bodiesOf(event)].flatMap((part) => [
    ...tagsIn(part.ddtags),
    ...tagsIn(part.tags),
  ]);
  return [...new Set(tags)];
};

/** What the tags say of one key. */
export const tagged = (tags: readonly string[], key: string): readonly string[] => [
  ...new Set(tags.flatMap((tag) => (tag.startsWith(`${key}:`) ? tag.slice(key.length + 1) : []))),
];

export const originOf = (event: unknown): EventOrigin => {
  const wrapping = object(event);
  const attributes = object(wrapping.attributes);
  const tags = tagsOf(event);
  const [pod] = tagged(tags, 'pod_name');
  const [namespace] = tagged(tags, 'kube_namespace');
  return {
    nodes: tagged(tags, 'kube_node'),
    hostnames: [
      ...new Set(
        [wrapping.hostname, wrapping.host, attributes.host, ...tagged(tags, 'host')]
          .map(text)
          .filter((name) => name !== ''),
      ),
    ],
    pod: pod === undefined || namespace === undefined ? undefined : { namespace, name: pod },
  };
};

/** Deepest first: a log's own `agent` is no agent of ours. */
const bodiesOf = (event: unknown): readonly Raw[] => {
  const outer = object(event);
  const attributes = object(outer.attributes);
  // Webhooks are written by their user, with the event as their `body` or as the attributes of a signal.
  const signal = parsed(object(outer.security).attributes);
  return [
    parsed(outer.message),
    parsed(outer.body),
    object(object(signal).custom),
    signal,
    object(attributes.attributes),
    object(attributes.custom),
    attributes,
    outer,
  ].filter(isObject);
};

const parsed = (message: unknown): unknown => {
  if (typeof message !== 'string' || !message.startsWith('{')) return message;
  try {
    return JSON.parse(message) as unknown;
  } catch {
    return undefined;
  }
};

/** The agent writes RFC 3339; logs on their way may have milliseconds. */
const dateOf = (value: unknown): number | undefined => {
  const date = typeof value === 'number' ? value : Date.parse(text(value));
  return Number.isFinite(date) && date > 0 ? date : undefined;
};
