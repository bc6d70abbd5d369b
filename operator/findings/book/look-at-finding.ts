// Time has passed, or the fleet has changed: who listened to each finding's behaviour in that time, and what follows of its silence.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { countsAnywhere, termsOf } from '../../../domain/findings/classify.ts';
import { isSameChange } from '../../../domain/findings/image-change.ts';
import { provenAgoOf, unprovenSince } from '../../../domain/findings/last-look.ts';
import { advance, type Transition } from '../../../domain/findings/life-cycle.ts';
import { matchesSubject } from '../../../domain/findings/match.ts';
import type { CgroupAnswer } from '../../../domain/findings/node-standing.ts';
import { observe, type ListeningNode } from '../../../domain/findings/observe.ts';
import { mustStoreQuiet, type Listening } from '../../../domain/findings/quiet-clock.ts';
import { withHistory, type FindingRecord } from '../../../domain/findings/record.ts';
import type { NodeFacts } from '../../../domain/types.ts';
import type { Listeners } from '../ears.ts';
import type { ObjectReader } from '../object-reader.ts';
import { lookAtImages } from '../running-images.ts';
import { observeStanding } from '../standing-nodes.ts';
import { clearsByRuns } from '../quiet-status.ts';
import { awaitedFor, overdueProof } from './await-proof.ts';
import { countCleanRuns, type CleanRuns } from './clean-runs.ts';
import type { JudgeEvidence } from './judge-evidence.ts';
import type { LiveFinding } from './live-finding.ts';
import type { NamedBehaviours } from './named-behaviours.ts';
import { selectingOf } from './selecting-policies.ts';
import type { Written } from './written.ts';

/** What all findings are looked at with, at one time. */
export interface Look {
  readonly listeners: Listeners;
  readonly now: number;
  /** Since the last look. */
  readonly elapsed: number;
  /** The operator itself heard nothing in that time. */
  readonly deaf: Listening | undefined;
}

export interface LookAtFindingOptions {
  readonly model: Pick<CoverageModel, 'inventory'>;
  readonly named: NamedBehaviours;
  readonly judgeEvidence: JudgeEvidence;
  /** What the node's kubelet says of its control groups. */
  readonly cgroups: (facts: NodeFacts) => CgroupAnswer;
  /** What the model does not keep of objects. */
  readonly reader: Pick<ObjectReader, 'peek'>;
  /** What the agent on the node says next is waited for: it should be asked before its turn. */
  readonly readSoon: (node: string, agent: string) => void;
  readonly touch: Written['touch'];
  readonly onTransition: (finding: LiveFinding, transition: Transition) => void;
}

export const createLookAtFinding =
  ({ model, named, judgeEvidence, cgroups, reader, readSoon, touch, onTransition }: LookAtFindingOptions) =>
  (finding: LiveFinding, { listeners, now, elapsed, deaf }: Look): void => {
    const { record } = finding;
    const nodes = listeners.nodesOf(record);
    const terms = termsNow(model, record);
    const quietTerms = terms?.quiet ?? record.quietTerms;
    const standing = observeStanding(model, record, { named: named(), cgroups });
    const asked = { nodes: nodes ?? [], evidence: quietTerms.evidence, share: quietTerms.nodes };
    const observation = standing ?? observe(asked);
    // What a node says of itself needs nobody who listens.
    const provenAgo = standing === undefined ? provenAgoOf(asked) : 0;
    const isCounted = terms !== undefined || countsAnywhere(record.behaviour, named());
    const notCounted = standing !== undefined ? undefined : isCounted ? uncountedAs(judgeEvidence(record)) : uncounted;
    const heard = observation.listening.listening ? (notCounted ?? observation.listening) : observation.listening;
    // Policies select what runs: of runs that have ended, and none has begun since, they were asked at every look that found them running.
    const isDeaf = deaf !== undefined || (notCounted !== undefined && nodes?.length !== 0);
    const byRuns = clearsByRuns(record);
    const awaitsLook = heard.listening && !byRuns;
    const overdue = awaitsLook ? overdueProof(record.state.quiet, quietTerms.period, asked, provenAgo) : undefined;
    const ended = byRuns ? countCleanRuns(finding, listeners, quietTerms.evidence, elapsed, isDeaf) : nothingEnded;
    const imageChange = lookAtImages(model, reader, record, now);
    const { state, transitions } = advance(record.state, {
      now,
      // What a node says of itself stays said.
      elapsed: standing !== undefined && deaf !== undefined ? 0 : elapsed,
      listening: standing?.listening ?? deaf ?? overdue ?? heard,
      provenAgo,
      hearing: observation.hearing,
      case: finding.case,
      required: quietTerms.period,
      requiredRuns: byRuns ? quietTerms.runs : undefined,
      cleanRuns: ended.clean,
      imageChange,
      isGone: nodes === undefined,
    });
    const severity = (standing ?? terms)?.severity ?? record.severity;
    const declaredRules = withDeclared(record.declaredRules, nodes ?? []);
    finding.record = withHistory({ ...record, state, quietTerms, severity, imageChange, declaredRules }, transitions);
    const isOther = saysOther(finding.record, record) || observation.evidence !== finding.evidence;
    finding.evidence = observation.evidence;
    for (const transition of transitions) onTransition(finding, transition);
    const awaited = awaitsLook && state.phase !== 'Resolved' ? awaitedFor(state.quiet, quietTerms.period, asked) : [];
    const awaitedOfRuns = unprovenSince({ ...asked, nodes: ended.unproven }, 0);
    for (const { node, agent } of [...awaited, ...awaitedOfRuns]) readSoon(node, agent);
    const mustStore = state.phase !== 'Resolved' && state.phase !== 'RiskAccepted' && mustStoreQuiet(state.quiet, now);
    // Whether a clock runs is urgent, too: what is not written yet is what a restart may count too much.
    if (transitions.length > 0 || isOther || mustStore) touch(finding, true);
  };

const nothingEnded: CleanRuns = { clean: 0, unproven: [] };

/** By the policies that select the subject by now and do not exclude it; undefined where none of them counts the behaviour. */
const termsNow = (
  model: Pick<CoverageModel, 'inventory'>,
  { behaviour, subject, image }: FindingRecord,
): ReturnType<typeof termsOf> => {
  const where = { namespace: subject.namespace, workload: subject.name, container: subject.container, image };
  return termsOf(
    behaviour,
    selectingOf(model, subject, undefined),
    ({ exclude }) => subject.kind === 'Node' || !matchesSubject(exclude, where),
  );
};

/** An event of it would be a signal, and left alone: that none comes proves nothing. */
const uncounted: Listening = {
  listening: false,
  reason: 'RuleNotLoaded',
  message:
    'no policy that selects it names the behaviour any more, or those that do exclude it, so that nothing of it would be counted. Take that back, or accept the risk',
};

const uncountedAs = (message: string | undefined): Listening | undefined =>
  message === undefined ? undefined : { listening: false, reason: 'RuleNotLoaded', message };

/** What is declared once is remembered, so that its end is told from a rule that nobody ever declared. */
const withDeclared = (known: readonly string[], nodes: readonly ListeningNode[]): readonly string[] => {
  const found = nodes.flatMap(({ ears }) => ears.flatMap((ear) => ear.declaredRules));
  const fresh = new Set(found.filter((rule) => !known.includes(rule)));
  return fresh.size === 0 ? known : [...known, ...fresh].toSorted();
};

/** Whether more is to be written than how often and when the behaviour was seen, and for how long it was not. */
const saysOther = (record: FindingRecord, before: FindingRecord): boolean =>
  record.severity !== before.severity ||
  !isSameChange(record.imageChange, before.imageChange) ||
  record.declaredRules !== before.declaredRules ||
  record.quietTerms.period !== before.quietTerms.period ||
  record.quietTerms.runs !== before.quietTerms.runs ||
  record.state.fixedAt !== before.state.fixedAt;
