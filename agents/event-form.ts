// The last step of every event adapter: what it read becomes a SecurityEvent in which nothing is empty, nothing is longer than people
// and the API server can take, and nothing is of another type than it says.
import type { EventOrigin, ProcessFacts, SecurityEvent } from '../domain/findings/types.ts';
import { noAttackIds, type AttackIds } from './attack-ids.ts';
import { timeIn } from './event-time.ts';
import { list, texts } from './read.ts';

/** What an adapter read: anything may be missing or of another type, and then stays out. */
export interface EventDraft {
  readonly id?: unknown;
  /** In whatever way it is written. */
  readonly at: unknown;
  readonly agentType: string;
  readonly policy?: unknown;
  readonly rule?: unknown;
  /** Those that decide come first: of many, the last ones are left out. */
  readonly tags?: readonly unknown[];
  readonly attack?: AttackIds;
  readonly origin?: OriginDraft;
  readonly process?: ProcessDraft;
  readonly file?: unknown;
  readonly destination?: string | undefined;
  readonly message?: unknown;
  readonly isInternal?: boolean;
}

export type OriginDraft = Draft<EventOrigin>;
export type ProcessDraft = Draft<ProcessFacts>;

type Draft<T> = { readonly [Field in keyof T]?: unknown };

/** Of an interactive shell's process, where the agent says that it has a terminal. */
export const terminalTag = 'terminal';

/** Field by field, here and below: it runs for every event that comes, and a spread costs more than all that it copies. */
export const securityEvent = (draft: EventDraft, receivedAt: number): SecurityEvent => {
  const process = draft.process && processOf(draft.process);
  const attack = draft.attack ?? noAttackIds;
  const tags = draft.tags ?? [];
  const event: Writable<SecurityEvent> = {
    at: timeIn(draft.at) ?? receivedAt,
    agentType: draft.agentType,
    tags: boundedList(process?.terminal === true ? [terminalTag, ...tags] : tags),
    tactics: boundedList(attack.tactics),
    techniques: boundedList(attack.techniques),
    origin: originOf(draft.origin ?? {}),
  };
  if (process !== undefined) event.process = process;
  put(event, 'id', boundedText(draft.id));
  put(event, 'policy', boundedText(draft.policy));
  put(event, 'rule', boundedText(draft.rule));
  put(event, 'file', boundedText(draft.file));
  put(event, 'destination', boundedText(draft.destination));
  put(event, 'message', boundedText(draft.message));
  if (draft.isInternal === true) event.isInternal = true;
  return event;
};

/** The tags of a list, or of a text with commas between: no more of them than could matter, before anybody looks at each. */
export const tagsIn = (value: unknown): readonly string[] =>
  (typeof value === 'string' ? value.split(',', mostTagsRead) : texts(list(value).slice(0, mostTagsRead))).map((tag) =>
    tag.slice(0, longestTag).trim(),
  );

/** What follows the last slash; of a path that was cut on its way nobody knows it. */
export const baseName = (path: unknown): string | undefined => {
  const text = boundedText(path);
  if (text === undefined || text.endsWith(cutMark) || text.length >= longest) return undefined;
  return boundedText(text.slice(text.lastIndexOf('/') + 1));
};

/** `address:port` as behaviours name it; undefined where there is no address. */
export const destinationOf = (address: unknown, port?: unknown): string | undefined => {
  const text = boundedText(address)?.replace(/^\[(.*)\]$/, '$1');
  if (text === undefined) return undefined;
  const plain = text.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  const number = typeof port === 'string' ? Number(port) : port;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65_535) return plain;
  return plain.includes(':') ? `[${plain}]:${number}` : `${plain}:${number}`;
};

/** What falcosidekick puts where it cut. */
const cutMark = '[...]';
/** Of any text: longer command lines tell nobody more, and a finding keeps several. */
const longest = 4096;
const longestTag = 256;
/** Far above what any rule has. */
const mostTags = 64;
/** A container on Datadog's agents has a hundred. */
const mostTagsRead = 1000;
/** The kernel keeps no more of a thread's name. */
const longestCommand = 15;

const originOf = (draft: Draft<EventOrigin>): EventOrigin => {
  const origin: Writable<EventOrigin> = {};
  put(origin, 'node', boundedText(draft.node));
  put(origin, 'namespace', boundedText(draft.namespace));
  put(origin, 'pod', boundedText(draft.pod));
  put(origin, 'podUid', uidIn(draft.podUid));
  put(origin, 'containerId', boundedText(boundedText(draft.containerId)?.replace(runtimePrefix, '')));
  put(origin, 'container', boundedText(draft.container));
  put(origin, 'image', boundedText(draft.image));
  put(origin, 'onHost', flag(draft.onHost));
  return origin;
};

const runtimePrefix = /^[a-z0-9.+-]{1,32}:\/\//;

/** Of a static pod the runtime knows only the hash of its manifest, which is not the uid that the cluster gave it. */
const uidIn = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined;

/** Undefined where nothing is said of it. */
const processOf = (draft: Draft<ProcessFacts>): ProcessFacts | undefined => {
  const process: Writable<ProcessFacts> = {};
  put(process, 'executable', boundedText(draft.executable));
  put(process, 'name', nameOf(draft));
  put(process, 'arguments', boundedText(draft.arguments));
  put(process, 'parentName', boundedText(draft.parentName));
  put(process, 'user', boundedText(draft.user));
  put(process, 'terminal', flag(draft.terminal));
  for (const _ in process) return process;
  return undefined;
};

/** As the kernel names it, which tells `sh` from the busybox that it is; whole where the kernel had to cut it. */
const nameOf = ({ name, executable }: Draft<ProcessFacts>): string | undefined => {
  const given = boundedText(name);
  const fromPath = baseName(executable);
  if (given === undefined) return fromPath;
  return given.length === longestCommand && fromPath?.startsWith(given) === true ? fromPath : given;
};

/** Undefined for an empty one, and for what is none. */
export const boundedText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? fit(value.slice(0, longest)) : undefined;

/** What stood as JSON in a text was not looked at when it came: no half characters, no orders to terminals, no turned text. */
const fit = (text: string): string => {
  const whole = text.toWellFormed();
  return unfit.test(whole) ? whole.replace(allUnfit, '\ufffd') : whole;
};

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const unfit = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const allUnfit = new RegExp(unfit, 'g');

const boundedList = (values: readonly unknown[]): readonly string[] => {
  const kept: string[] = [];
  for (const value of values) {
    if (kept.length === mostTags) break;
    if (typeof value !== 'string' || value === '') continue;
    const tag = fit(value.slice(0, longestTag));
    if (!kept.includes(tag)) kept.push(tag);
  }
  return kept;
};

const flag = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

type Writable<T> = { -readonly [Field in keyof T]: T[Field] };

/** Without what is undefined. */
const put = <T, Field extends keyof T>(into: T, field: Field, value: T[Field] | undefined): void => {
  if (value !== undefined) into[field] = value;
};
