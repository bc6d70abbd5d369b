// An audit record for people: the same content as the JSON, whose digest it names.
import { attackName } from '../../domain/attack/lookup.ts';
import { whatOf } from '../../domain/findings/what.ts';
import { plain, plural } from '../output/text.ts';
import { changedImage } from './words.ts';
import type { SignedRecord } from './export.ts';

export const auditMarkdown = (record: SignedRecord): string => {
  const { finding, found, owned, done, outcome, cluster, exportedAt, digest } = record;
  const { subject } = found;
  return [
    `# Finding ${safe(finding.namespace)}/${safe(finding.name)}`,
    '',
    `**${safe(outcome.conclusion)}**`,
    '',
    '## Found',
    '',
    ...(found.means === undefined ? [] : [`${safe(found.means)} ${safe(found.risk ?? '')}`, '']),
    ...facts([
      ['Behaviour', found.behaviour],
      ['Severity', found.severity],
      ['Subject', subject.namespace === undefined ? subject.reference : `${subject.reference} in ${subject.namespace}`],
      ['Container', subject.container],
      ['Image', [subject.image, subject.imageDigest].filter((each) => each !== undefined).join(' ')],
      ['Pods seen', subject.podsSeen === 0 ? undefined : String(subject.podsSeen)],
      ['Nodes', (subject.nodes ?? []).join(', ')],
      ['Services', (subject.services ?? []).join(', ')],
      ['First seen', found.firstSeen],
      ['Last seen', found.lastSeen],
      ['Events', String(found.count)],
      ['Agents', found.agents.join(', ')],
      ['Rules', found.rules.join(', ')],
      ['ATT&CK', [...found.tactics, ...found.techniques].map(attackName).join(', ')],
      ['Policies', found.policies.join(', ')],
      ['Cluster', cluster],
    ]),
    '',
    ...table(
      ['time', 'agent', 'rule', 'where', 'what'],
      found.events.map((event) => [
        event.time,
        event.agent ?? '',
        event.rule ?? '',
        event.pod ?? event.node ?? '',
        whatOf(event),
      ]),
    ),
    '## Owned',
    '',
    ...facts([
      ['Owner', owned.owner ?? 'nobody'],
      ['Team', owned.team ?? 'none'],
      ['Due', owned.dueDate],
    ]),
    '',
    '## Done',
    '',
    ...facts([
      ['Case', done.phase],
      ['Remediation', done.remediation],
      ['Risk accepted', done.riskAcceptedUntil && `until ${done.riskAcceptedUntil}: ${done.riskAcceptedReason ?? ''}`],
    ]),
    ...done.links.map(({ title, url }) => `- Link: ${title === undefined ? '' : `${safe(title)}: `}${linked(url)}`),
    '',
    ...table(
      ['time', 'author', 'note'],
      done.notes.map(({ time = '', author = '', text }) => [time, author, text]),
    ),
    ...table(
      ['time', 'phase', 'why', 'by'],
      done.history.map(({ time, from, to, message, reason, actor }) => [
        time,
        from === undefined ? to : `${from} → ${to}`,
        message ?? reason,
        actor,
      ]),
    ),
    '## Verified',
    '',
    ...facts([
      ['Phase', outcome.phase],
      ['Fix claimed', outcome.fixedAt],
      ['Resolved', outcome.resolvedAt],
      ['Resolution', outcome.resolution],
      ['Reopened', outcome.reopened === 0 ? undefined : plural(outcome.reopened, 'time')],
      [
        'Image changed',
        outcome.imageChange && `from ${outcome.imageChange.from} to ${changedImage(outcome.imageChange)}`,
      ],
      ['Quiet period', outcome.quiet?.required],
      [
        'Evidence',
        outcome.quiet?.evidence && `time counted only while the agents were at ${outcome.quiet.evidence} or better`,
      ],
    ]),
    '',
    `Exported ${exportedAt}. Digest of the record, over its RFC 8785 JSON without exportedAt and digest: \`${digest}\``,
    '',
    '',
  ].join('\n');
};

const facts = (pairs: readonly (readonly [string, string | undefined])[]): readonly string[] =>
  pairs.flatMap(([label, value]) => (value === undefined || value === '' ? [] : [`- ${label}: ${safe(value)}`]));

const table = (header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] =>
  rows.length === 0
    ? []
    : [row(header), `|${'---|'.repeat(header.length)}`, ...rows.map((cells) => row(cells.map(safe))), ''];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Names, events and notes are anybody's: they must stay text, and in their cell. */
const safe = (text: string): string =>
  plain(text)
    .replaceAll(/[\\`*_{}[\]<>#|~&]/g, String.raw`\$&`)
    // Many renderers make links of what looks like an address.
    .replaceAll(/:(?=\/\/)|(?<=\bwww)\./gi, String.raw`\$&`);

/** What people gave as a link is one, and cannot be more. */
const linked = (url: string): string => (/^https?:\/\/[^\s<>|\\]+$/.test(plain(url)) ? `<${plain(url)}>` : safe(url));
