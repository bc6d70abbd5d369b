// The last look: silence is proven up to the moment at which whoever listened last showed that they did. Once enough was observed, each is
// asked again, so that one that has hung or lost something since, of which nobody knows yet, resolves nothing.
import { strengthOf } from '../state.ts';
import { nodesAsked } from './hearing.ts';
import {
  mustDeliver,
  neededOf,
  whyDeaf,
  whyEarIsDeaf,
  type Ear,
  type ListeningNode,
  type ObserveInput,
} from './observe.ts';
import type { Listening } from './quiet-clock.ts';
import type { QuietEvidence } from './types.ts';

/** For how long nobody has shown that all nodes listen, or as many as are asked for: those that showed it last. */
export const provenAgoOf = ({ nodes, evidence, share }: ObserveInput): number => {
  if (nodes.length === 0) return Number.POSITIVE_INFINITY;
  const asked = nodesAsked(nodes.length, share);
  const hearing = nodes.filter((node) => whyDeaf(node, evidence) === undefined);
  const counting = hearing.length >= asked ? hearing : nodes;
  const ages = counting.map((node) => nodeProvenAgo(node, evidence));
  return ages.toSorted((a, b) => a - b)[asked - 1] ?? 0;
};

/** One that hears is enough. */
export const nodeProvenAgo = ({ ears }: ListeningNode, evidence: QuietEvidence | undefined): number => {
  const hearing = ears.filter((ear) => whyEarIsDeaf(ear, evidence) === undefined);
  return hearing.length > 0
    ? Math.min(...hearing.map((ear) => earProvenAgo(ear, evidence)))
    : Math.max(0, ...ears.map((ear) => earProvenAgo(ear, evidence)));
};

export interface Unproven {
  readonly node: string;
  readonly agent: string;
  readonly isUnanswered: boolean;
}

/** Who has shown nothing for longer than that, where it would be enough if they did. */
export const unprovenSince = ({ nodes, evidence }: ObserveInput, longerThan: number): readonly Unproven[] =>
  nodes.flatMap((node) =>
    whyDeaf(node, evidence) !== undefined || nodeProvenAgo(node, evidence) <= longerThan
      ? []
      : node.ears
          .filter((ear) => whyEarIsDeaf(ear, evidence) === undefined)
          .map((ear) => ({
            node: node.name,
            agent: ear.agent,
            isUnanswered: answeredAgo(ear, evidence) > longerThan,
          })),
  );

/** In words, once it is waited for in vain. */
export const whyUnproven = (unproven: readonly Unproven[]): Listening => {
  const [first] = unproven.toSorted((a, b) => Number(b.isUnanswered) - Number(a.isUnanswered));
  const others = new Set(unproven.map(({ node }) => node)).size - 1;
  const where = `on node ${first?.node}${others > 0 ? ` (and on ${others} more)` : ''}`;
  return first?.isUnanswered === true
    ? {
        listening: false,
        reason: 'AgentBlind',
        message: `${where}: ${first.agent} has not answered since the quiet period was over, and one more answer is waited for`,
      }
    : {
        listening: false,
        reason: 'DeliveryUnproven',
        message: `${where}: since the quiet period was over nothing has proven that all that ${first?.agent} saw has arrived, which is waited for`,
      };
};

const earProvenAgo = (ear: Ear, asked: QuietEvidence | undefined): number =>
  Math.max(answeredAgo(ear, asked), mustDeliver(ear, asked) ? ear.proof.deliveredAgo : 0);

const answeredAgo = (ear: Ear, asked: QuietEvidence | undefined): number =>
  strengthOf(neededOf(ear, asked)) > strengthOf('Running') ? ear.proof.answeredAgo : 0;
