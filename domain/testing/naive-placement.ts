// The placement answer as one would write it first: every node by itself, nothing grouped and nothing remembered. What the fast one
// is held against.
import { judge } from '../coverage/judge.ts';
import { presencesForPod } from '../coverage/pod-presence.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import type { Answer, ClusterPicture, PlacementQuestion } from '../placement/answer.ts';
import { misfit } from '../placement/fit.ts';
import { expectedPresences, hypotheticalNodes } from '../placement/hypothetical.ts';
import { podOf } from '../placement/landing.ts';
import { reportedPresences } from '../placement/reported-presence.ts';
import type { NodeFacts, Policy } from '../types.ts';

type Picture = Pick<ClusterPicture, 'nodes' | 'reportOf' | 'catalogue' | 'resolver' | 'isStale'>;

/** What is compared: how every node stands with every policy that is asked, and what is said of it. */
export interface NaiveAnswer {
  readonly kind: Answer['kind'];
  readonly isHypothetical: boolean;
  /** Policy → node counts, and causes with how many nodes they hold for. */
  readonly policies: Readonly<
    Record<string, { readonly nodes: object; readonly causes: Readonly<Record<string, number>> }>
  >;
}

export const answerNaively = (question: PlacementQuestion, picture: Picture, now: number): NaiveAnswer => {
  const nothing = { isHypothetical: false, policies: {} };
  if (picture.catalogue.isAgentPod(podOf(question, now))) return { kind: 'Agent', ...nothing };
  const fitting = [...picture.nodes()].filter((node) => misfit(question.scheduling, node) === undefined);
  const isHypothetical = fitting.length === 0;
  const nodes = isHypothetical ? hypotheticalNodes(question.scheduling, now) : fitting;
  const sets = nodes.map((node) =>
    picture.resolver.forPod(question.namespaceLabels, question.shape.labels, node.labels),
  );
  const isAsked = ({ admission }: Policy): boolean =>
    admission.mode !== 'Off' && admission.kinds.includes(question.kind);
  const asked = new Set(sets.flatMap(({ judging }) => judging).filter(isAsked));
  if (asked.size === 0) {
    return { kind: sets.some(({ selecting }) => selecting.some(isAsked)) ? 'Exempt' : 'NotSelected', ...nothing };
  }
  const seen = nodes.map((node) => presencesOn(node, question, picture, isHypothetical, now));
  const policies = [...asked].map((policy) => {
    const counts = { total: nodes.length, free: 0, protected: 0, unprotected: 0, unknown: 0 };
    const causes: Record<string, number> = {};
    for (const [index, presences] of seen.entries()) {
      if (sets[index]?.judging.includes(policy) !== true) {
        counts.free += 1;
        continue;
      }
      const judgement = presences && judge(presences, [policy], now);
      const state = judgement?.state ?? 'Unknown';
      const standing =
        state === 'Unknown' ? 'unknown' : state === 'Protected' || state === 'Warning' ? 'protected' : 'unprotected';
      counts[standing] += 1;
      const cause = standing === 'protected' ? undefined : (judgement?.gaps[0]?.cause ?? unsaid(picture));
      if (cause !== undefined) causes[cause] = (causes[cause] ?? 0) + 1;
    }
    return [policy.name, { nodes: counts, causes }] as const;
  });
  return { kind: 'Judged', isHypothetical, policies: Object.fromEntries(policies) };
};

const presencesOn = (
  node: NodeFacts,
  { shape, handler, ...question }: PlacementQuestion,
  { catalogue, reportOf, isStale }: Picture,
  isHypothetical: boolean,
  now: number,
): readonly AgentPresence[] | undefined => {
  const onNode = isHypothetical
    ? expectedPresences(node, catalogue)
    : isStale
      ? undefined
      : reportedPresences(node, reportOf(node.name), catalogue);
  return (
    onNode &&
    presencesForPod(
      onNode,
      catalogue.agents,
      podOf({ ...question, shape, handler }, now),
      handler,
      catalogue.sidecarsIn(shape),
      node.virtual,
    )
  );
};

const unsaid = ({ isStale }: Picture): string =>
  isStale
    ? 'CoverageReport cluster is missing, or has not been refreshed for two intervals'
    : 'the operator has not reported on the node yet';
