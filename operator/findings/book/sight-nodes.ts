// Behaviours of nodes that no event tells: a node that stands so is seen once, and once more when it has stood otherwise in between; each
// further look only says when last.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { seeAgain, type Transition } from '../../../domain/findings/life-cycle.ts';
import type { CgroupAnswer, NodeStanding } from '../../../domain/findings/node-standing.ts';
import { addEvidence, emptyEvidence, withHistory, type EvidenceEvent } from '../../../domain/findings/record.ts';
import type { NodeFacts } from '../../../domain/types.ts';
import { findingKey, identityOf } from '../identity.ts';
import { standingNodes, type StandingNode } from '../standing-nodes.ts';
import type { LiveFinding } from './live-finding.ts';
import type { NamedBehaviours } from './named-behaviours.ts';
import type { FindingRegistry } from './registry.ts';
import type { Sight } from './sight.ts';
import type { Written } from './written.ts';

export interface SightNodesOptions {
  readonly model: Pick<CoverageModel, 'inventory'>;
  readonly findings: Pick<FindingRegistry, 'get'>;
  readonly named: NamedBehaviours;
  /** What the node's kubelet says of its control groups. */
  readonly cgroups: (facts: NodeFacts) => CgroupAnswer;
  readonly operatorNamespace: string;
  readonly sight: Sight;
  readonly touch: Written['touch'];
  readonly onTransition: (finding: LiveFinding, transition: Transition) => void;
}

export const createSightNodes = (options: SightNodesOptions): ((now: number) => void) => {
  const { model, findings, named, cgroups, operatorNamespace, sight, touch, onTransition } = options;

  const sightOnce = ({ subject, uid, standing }: StandingNode, key: string, at: number, now: number): void => {
    const { behaving, message } = standing;
    const event = evidenceOf(subject.name, standing, at);
    const sighting = { subject, behaving, node: subject.name, event, ...noOrigin };
    if (sight(sighting, now, undefined) !== 'finding') return;
    const finding = findings.get(key);
    if (finding === undefined) return;
    const { state } = finding.record;
    // At once, since nobody looks at the clock of a finding whose risk is accepted: it would be seen anew at every look.
    const quiet = { ...state.quiet, listening: { listening: false, reason: 'StillPresent', message } as const };
    finding.record = { ...finding.record, uid, state: { ...state, quiet } };
  };

  const sightAgain = (finding: LiveFinding, { subject, standing }: StandingNode, at: number, now: number): void => {
    const { state, transitions } = seeAgain(finding.record.state, { count: 0, first: at, last: at }, now);
    finding.record = withHistory({ ...finding.record, state }, transitions);
    for (const transition of transitions) onTransition(finding, transition);
    // Another that is too old, too: whether it is mended is told from the last.
    const isOther = finding.record.evidence[0]?.version !== standing.version;
    if (isOther) finding.record = addEvidence(finding.record, evidenceOf(subject.name, standing, at));
    if (isOther || transitions.length > 0) touch(finding, true);
  };

  return (now) => {
    for (const node of standingNodes(model, { named: named(), cgroups })) {
      const { subject, standing } = node;
      const at = standing.saidAt ?? now;
      const key = findingKey(identityOf(standing.behaving.behaviour, subject, operatorNamespace));
      const known = findings.get(key);
      if (known !== undefined && isStillPresent(known)) sightAgain(known, node, at, now);
      else sightOnce(node, key, at, now);
    }
  };
};

/** Whether the node stands so still: nobody, neither this process nor the one before it, has seen it stand otherwise since. */
const isStillPresent = ({ record: { state } }: LiveFinding): boolean => {
  if (state.phase === 'Resolved') return false;
  const { listening, observed, stored } = state.quiet;
  if (listening.listening) return false;
  return listening.reason === 'StillPresent' || (observed === 0 && stored.runningSince === undefined);
};

const evidenceOf = (node: string, { message, version }: NodeStanding, at: number): EvidenceEvent => ({
  ...emptyEvidence,
  at,
  node,
  message,
  version,
});
const noOrigin = { image: undefined, pod: undefined, agent: undefined, place: undefined };
