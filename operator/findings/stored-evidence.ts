// The events of a finding, as the status of its object keeps them.
import { formatDuration, parseDuration } from '../../crds/schema/duration.ts';
import type { FindingStatus } from '../../crds/schema/finding.ts';
import { maskSecrets } from '../../domain/findings/mask.ts';
import type { EvidenceEvent } from '../../domain/findings/record.ts';
import { cut } from '../status.ts';
import { few, lists, longest, most, optional, shortened, withinYears } from './bounds.ts';

type StoredEvent = NonNullable<FindingStatus['evidence']>[number];

/** Secrets end here: nothing of an event leaves the process in another way. */
export const writtenEvent = (event: EvidenceEvent): StoredEvent => ({
  time: new Date(withinYears(event.at)).toISOString(),
  ...optional({
    id: written(event.id, 128),
    agent: shortened(event.agent, longest.name),
    rule: written(event.rule, longest.name),
    node: shortened(event.node, longest.name),
    pod: shortened(event.pod, longest.name),
    executable: written(event.executable, longest.path),
    arguments: written(event.arguments, longest.path),
    parent: written(event.parent, longest.path),
    user: written(event.user, longest.name),
    file: written(event.file, longest.path),
    destination: written(event.destination, longest.name),
    message: written(event.message, 2000),
    agentType: shortened(event.agentType, longest.label),
    policy: written(event.policy, longest.name),
    process: written(event.process, longest.path),
    podAge: event.podAge === undefined ? undefined : formatDuration(withinEleven(event.podAge)),
    version: shortened(event.version, longest.name),
    countedBy: shortened(event.countedBy, longest.label),
  }),
  ...lists({ tags: writtenTags(event.tags) }),
});

export const readEvent = ({ time, tags = [], podAge, ...event }: StoredEvent): EvidenceEvent => ({
  id: event.id,
  at: Date.parse(time),
  agent: event.agent,
  rule: event.rule,
  node: event.node,
  pod: event.pod,
  executable: event.executable,
  arguments: event.arguments,
  parent: event.parent,
  user: event.user,
  file: event.file,
  destination: event.destination,
  message: event.message,
  agentType: event.agentType,
  policy: event.policy,
  process: event.process,
  tags,
  podAge: podAge === undefined ? undefined : parseDuration(podAge),
  version: event.version,
  countedBy: event.countedBy,
});

const written = (text: string | undefined, length: number): string | undefined =>
  text === undefined ? undefined : cut(maskSecrets(text), length);

/** Where there were more, one that is nothing but cut says so. */
const writtenTags = (tags: readonly string[]): readonly string[] => {
  const isCut = tags.length > most.tags;
  const shown = few(tags.slice(0, isCut ? most.tags - 1 : most.tags).map(maskSecrets), most.tags, longest.name);
  return isCut ? [...shown, '…'] : shown;
};

/** Years: more hours have too many digits. */
const withinEleven = (age: number): number => (age > 0 ? Math.min(age, longestAge) : 0);
const longestAge = 99_999 * 3_600_000;
