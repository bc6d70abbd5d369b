// One finding as people read it.
import { parseRatio } from '../../crds/schema/ratio.ts';
import { attackName } from '../../domain/attack/lookup.ts';
import { behaviourNamed } from '../../domain/findings/behaviours.ts';
import {
  findingName,
  isStanding,
  teamOf,
  type FindingObject,
  type QuietStanding,
  type StandingFinding,
} from '../../domain/findings/finding-object.ts';
import { nodesAsked } from '../../domain/findings/hearing.ts';
import { whatOf } from '../../domain/findings/what.ts';
import { wrapped } from '../flags/table.ts';
import { columns } from '../output/columns.ts';
import type { Paint } from '../output/paint.ts';
import { plain, plural } from '../output/text.ts';
import { changedImage, colourOf, dueOf, isFixFailed, isForgotten, progress, when } from './words.ts';

export interface StoryOptions {
  readonly paint: Paint;
  readonly now: number;
}

/** Of a paragraph; narrower than a table, since people read it. */
const width = 110;

export function* story(finding: FindingObject, options: StoryOptions): Generator<string> {
  const { paint } = options;
  if (!isStanding(finding)) {
    yield `${paint.bold(`Finding ${findingName(finding)}`)}: the operator has not come to it yet\n`;
    yield* caseFile(finding, options);
    return;
  }
  const { behaviour, severity, phase } = finding.status;
  yield `${paint.bold(`Finding ${findingName(finding)}`)}: ${paint.state(phase, colourOf(finding))}, severity ${severity}\n`;
  const known = behaviourNamed(behaviour);
  yield* paragraph(
    known === undefined
      ? `${plain(behaviour)}, a behaviour of a policy.`
      : `${behaviour}: ${known.means} ${known.risk}`,
    '',
  );
  yield* subject(finding, options);
  yield* seen(finding, options);
  yield* quietClock(finding, options);
  yield* advice(finding, options);
  yield* caseFile(finding, options);
  yield* history(finding, options);
}

function* subject({ status, metadata }: StandingFinding, { paint }: StoryOptions): Generator<string> {
  const {
    kind,
    name,
    namespace,
    container,
    image,
    imageDigest,
    pods = [],
    podsSeen,
    nodes = [],
    services = [],
    team,
  } = status.subject;
  yield heading('Whose', paint);
  yield* facts([
    [
      kind === 'Node' ? 'Node' : 'Workload',
      kind === 'Node' ? name : `${namespace ?? metadata.namespace}/${kind}/${name}`,
    ],
    ['Container', container],
    ['Image', [image, imageDigest].filter((each) => each !== undefined).join(' ')],
    ['Runs now', status.imageChange && changedImage(status.imageChange)],
    ['Pods', podsSeen === 0 ? undefined : `${podsSeen} seen: ${some(pods, podsSeen)}`],
    ['Nodes', kind === 'Node' ? undefined : nodes.join(', ')],
    ['Services', services.join(', ')],
    ['Team', team],
  ]);
}

function* seen({ status }: StandingFinding, { paint, now }: StoryOptions): Generator<string> {
  const { count, firstSeen, lastSeen, reopened, agents = [], rules = [], policies = [], mitre, evidence = [] } = status;
  yield heading('Evidence', paint);
  yield* facts([
    [
      'Events',
      `${count}, the last ${when(lastSeen, now) || 'at an unknown time'}, the first ${when(firstSeen, now) || 'at an unknown time'}`,
    ],
    ['Reopened', reopened === 0 ? undefined : plural(reopened, 'time')],
    ['Agents', agents.join(', ')],
    ['Rules', rules.join(', ')],
    ['Policies', policies.join(', ')],
    ['ATT&CK', [...(mitre?.tactics ?? []), ...(mitre?.techniques ?? [])].map(attackName).join(', ')],
  ]);
  if (evidence.length === 0) return;
  yield* columns({
    header: ['TIME', 'AGENT', 'RULE', 'WHERE', 'USER', 'WHAT'],
    rows: evidence.map((event) => [
      event.time,
      event.agent ?? '',
      event.rule ?? '',
      event.pod ?? event.node ?? '',
      event.user ?? '',
      short(whatOf(event)),
    ]),
    paint,
    indent: '  ',
  });
}

/** Of a command line in a table; `-o yaml` has it whole. */
const longestWhat = 200;

const short = (what: string): string => (what.length > longestWhat ? `${what.slice(0, longestWhat - 1)}…` : what);

function* quietClock({ status }: StandingFinding, { paint, now }: StoryOptions): Generator<string> {
  const { quiet, phase, resolution, resolvedAt } = status;
  yield heading('Quiet clock', paint);
  if (phase === 'Resolved') {
    yield* paragraph(
      resolution === 'Gone'
        ? `Closed ${when(resolvedAt, now)}: the workload or node is gone, which proves nothing.`
        : `Verified ${when(resolvedAt, now)}: the behaviour stayed away for ${quiet === undefined ? 'the quiet period' : progress(quiet, now)} in which ${quiet?.evidence === undefined ? 'somebody listened' : `${nodesAskedIn(quiet)} that ran it had an agent at evidence ${quiet.evidence} or better`}.`,
    );
    return;
  }
  if (phase === 'RiskAccepted') {
    yield* paragraph('It stands still while the risk is accepted: nobody waits for silence.');
    return;
  }
  if (quiet === undefined) {
    yield* paragraph('Nothing is known of it yet.');
    return;
  }
  if (isForgotten(quiet, now)) {
    yield* paragraph(
      `It should have been over ${when(quiet.clearsAt, now)}, at ${quiet.clearsAt}, and the operator has not said so: is it running? While it is away nobody hears what happens, and no time counts.`,
    );
    return;
  }
  yield* paragraph(
    `${progress(quiet, now)} observed without the behaviour${quiet.evidence === undefined ? '' : `; time counts while ${nodesAskedIn(quiet)} that ${quiet.requiredNodes === undefined ? 'runs it has' : 'run it have'} an agent at evidence ${quiet.evidence} or better`}.`,
  );
  if (quiet.heard !== undefined) yield* paragraph(heardNow(quiet, quiet.heard));
  if (quiet.suspendedReason !== undefined) {
    yield* paragraph(`It stands still: ${quiet.suspendedReason}. ${plain(quiet.suspendedMessage ?? '')}`);
    yield* paragraph(remedyOf[quiet.suspendedReason]);
  } else if (quiet.clearsAt !== undefined) {
    yield* paragraph(
      Date.parse(quiet.clearsAt) > now
        ? `It runs, and is over ${when(quiet.clearsAt, now)}, at ${quiet.clearsAt}, if nothing happens until then.`
        : `Its time was over ${when(quiet.clearsAt, now)}, at ${quiet.clearsAt}. Before it clears, whoever listens must show that they did until then.`,
    );
  }
}

const nodesAskedIn = ({ requiredNodes }: QuietStanding): string =>
  requiredNodes === undefined ? 'every node' : `at least ${requiredNodes} of the nodes`;

const heardNow = ({ requiredNodes = '100%' }: QuietStanding, { nodes, of }: { nodes: number; of: number }): string => {
  const asked = nodesAsked(of, parseRatio(requiredNodes));
  return `At present it would be heard on ${nodes} of ${plural(of, 'node')}; ${asked === of ? 'all of them' : asked} must hear it.`;
};

/** What sets the clock going again. */
const remedyOf = {
  AgentBlind:
    'kubectl protection coverage says what is wrong with the agents there; the clock goes on once they watch again.',
  RuleNotLoaded:
    'Load the rule again, or have a policy name the behaviour again, or nobody would hear it; kubectl protection coverage rules shows where a rule is missing.',
  DeliveryUnproven: 'See whether events reach the operator: the forwarder, its token, the network (docs/ingest.md).',
  EventsShed: 'More events came than could be taken in; time counts again once they are all taken.',
  NothingRunning: 'Nothing runs that could behave so; time counts again once a pod does.',
  OperatorDown: 'Time counts again within a minute of the operator hearing everything.',
  StillPresent: 'The node still stands so; time begins to count once it does not.',
} as const;

function* advice(finding: StandingFinding, { paint }: StoryOptions): Generator<string> {
  const { remediation, phase } = finding.status;
  yield heading('What to do', paint);
  if (remediation !== undefined) {
    yield* paragraph(plain(remediation.text));
    for (const link of remediation.links ?? []) yield `  ${plain(link)}\n`;
  }
  const command = (verb: string): string =>
    `  $ kubectl protection findings ${verb.replace('NAME', findingName(finding))}\n`;
  if (isFixFailed(finding)) {
    yield* paragraph('The behaviour came back after a fix was claimed. Once it is mended for good, claim it anew:');
    yield command('fix NAME');
  } else if (phase === 'Open' && finding.spec.case.owner === undefined)
    yield command('assign NAME --owner SOMEBODY --due 14d');
  else if (phase === 'Open' || phase === 'Remediating') yield command('fix NAME');
  else if (phase === 'Resolved') yield command('export NAME -o md');
}

function* caseFile(finding: FindingObject, { paint, now }: StoryOptions): Generator<string> {
  const { case: file } = finding.spec;
  yield heading('Case', paint);
  yield* facts([
    ['Phase', file.phase],
    ['Owner', file.owner ?? 'nobody'],
    ['Team', teamOf(finding)],
    ['Due', dueOf(finding, now)],
    ['Plan', file.remediation],
    ['Accepted', file.riskAcceptedUntil && `until ${file.riskAcceptedUntil}: ${file.riskAcceptedReason ?? ''}`],
    ...(file.links ?? []).map(({ title, url }) => ['Link', title === undefined ? url : `${title}: ${url}`] as const),
  ]);
  for (const { text, author = 'somebody', time = '' } of file.notes ?? []) {
    yield `  ${paint.dim(plain(`${time} ${author}`))}\n`;
    yield* paragraph(text, '    ');
  }
}

function* history(
  { status: { history: transitions = [] } }: StandingFinding,
  { paint }: StoryOptions,
): Generator<string> {
  if (transitions.length === 0) return;
  yield heading('History', paint);
  yield* columns({
    header: ['TIME', 'PHASE', 'REASON', 'BY', 'WHY'],
    rows: transitions.map(({ time, from, to, reason, actor, message }) => [
      time,
      from === undefined ? to : `${from} → ${to}`,
      reason,
      actor,
      message ?? '',
    ]),
    paint,
    indent: '  ',
  });
}

const heading = (text: string, paint: Paint): string => `\n${paint.bold(text)}\n`;

function* paragraph(text: string, indent = '  '): Generator<string> {
  for (const line of wrapped(plain(text), width)) yield `${indent}${line}\n`;
}

const labelWidth = 11;

/** What is not known is not said. */
function* facts(pairs: readonly (readonly [string, string | undefined])[]): Generator<string> {
  for (const [label, value] of pairs) {
    if (value === undefined || value === '') continue;
    yield `  ${label.padEnd(labelWidth)}${plain(value)}\n`;
  }
}

const fewPods = 5;

const some = (pods: readonly string[], total: number): string => {
  const shown = pods.slice(0, fewPods).join(', ');
  return total > fewPods ? `${shown} …` : shown;
};
