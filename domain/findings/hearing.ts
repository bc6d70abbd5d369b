// On how many of the nodes that run a subject its behaviour would be heard, and from which of them events are missing: what stands beside
// the quiet clock, so that people see what it hangs on, and the next leader knows what was lost.
import { compareText } from '../order.ts';

export interface Hearing {
  readonly heard: number;
  readonly of: number;
  readonly missing: readonly MissingEvents[];
}

/** An agent has counted more than arrived. */
export interface MissingEvents {
  readonly agent: string;
  /** All: on more than are worth naming, so that every node of the subject is in doubt. */
  readonly nodes: readonly string[] | 'All';
}

/** Names that are stored for one agent. */
export const mostNodesMissing = 20;

/** Rounded up: of three nodes, 90 % are three. */
export const nodesAsked = (nodes: number, share: number): number => Math.ceil(nodes * share);

/** Of a subject of which nothing runs: what was missing is missing still. */
export const hearingOfNobody = (before: Hearing | undefined): Hearing | undefined =>
  before && { heard: 0, of: 0, missing: before.missing };

/** Nodes come and go; as long as all of them hear it makes no difference how many there are. */
export const isSameHearing = (a: Hearing | undefined, b: Hearing | undefined): boolean => textOf(a) === textOf(b);

const textOf = (hearing: Hearing | undefined): string => {
  if (hearing === undefined) return '';
  const { heard, of, missing } = hearing;
  const agents = missing.toSorted((a, b) => compareText(a.agent, b.agent)).map(({ agent, nodes }) => [agent, nodes]);
  return heard < of || agents.length > 0 ? JSON.stringify([heard < of ? [heard, of] : [], agents]) : '';
};
