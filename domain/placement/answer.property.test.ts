import { array, assert, constantFrom, integer, oneof, property, record, type Arbitrary } from 'fast-check';
import { describe, it } from 'vitest';
import { createAgentCatalogue } from '../coverage/agents.ts';
import { compareText } from '../coverage/verdict.ts';
import { someAgents, someDaemonSet } from '../testing/fleet.ts';
import { answerNaively, type NaiveAnswer } from '../testing/naive-placement.ts';
import { minutes } from '../testing/policies.ts';
import {
  fleetSize,
  nameOf,
  someFleet,
  someJudges,
  someNamed,
  someNodeOf,
  someQuestion,
  someReport,
} from '../testing/placement.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts, Policy } from '../types.ts';
import { createPolicyResolver } from '../policy/resolve.ts';
import type { Answer, ClusterPicture, PlacementQuestion } from './answer.ts';
import { createNodeClasses } from './node-classes.ts';
import { createAnswerer } from './remembered-answers.ts';
import type { NodeReport } from './reported-presence.ts';
import { createStandings } from './standings.ts';

/** What may happen between two questions. */
type Step =
  | { readonly kind: 'node'; readonly node: NodeFacts }
  | { readonly kind: 'gone'; readonly index: number }
  | { readonly kind: 'report'; readonly index: number; readonly report: NodeReport | undefined }
  | { readonly kind: 'judges'; readonly policies: readonly Policy[] }
  | {
      readonly kind: 'agents';
      readonly agents: readonly AgentDefinition[];
      readonly daemonSets: readonly DaemonSetFacts[];
    }
  | { readonly kind: 'clock'; readonly by: number }
  | { readonly kind: 'stale'; readonly isStale: boolean };

const someStep: Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: someNamed.chain(someNodeOf).map((node) => ({ kind: 'node' as const, node })) },
  { weight: 2, arbitrary: someNamed.map((index) => ({ kind: 'gone' as const, index })) },
  {
    weight: 6,
    arbitrary: record({ kind: constantFrom('report' as const), index: someNamed, report: someReport }),
  },
  { weight: 2, arbitrary: someJudges.map((policies) => ({ kind: 'judges' as const, policies })) },
  {
    weight: 1,
    arbitrary: record({
      kind: constantFrom('agents' as const),
      agents: someAgents,
      daemonSets: array(someDaemonSet, { maxLength: 2 }),
    }),
  },
  { weight: 4, arbitrary: record({ kind: constantFrom('clock' as const), by: integer({ min: 0, max: 9 }) }) },
  { weight: 1, arbitrary: record({ kind: constantFrom('stale' as const), isStale: constantFrom(true, false) }) },
);

const someWorld = record({
  fleet: someFleet,
  reports: array(someReport, { minLength: fleetSize, maxLength: fleetSize }),
  policies: someJudges,
  agents: someAgents,
  daemonSets: array(someDaemonSet, { maxLength: 2 }),
  questions: array(someQuestion, { minLength: 1, maxLength: 6 }),
  rounds: array(array(someStep, { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
});

/** The cluster as the webhook keeps it: changed bit by bit, drawn anew only when something has changed. */
const createWorld = () => {
  const nodes = new Map<string, NodeFacts>();
  const reports = new Map<string, NodeReport>();
  const classes = createNodeClasses(3);
  let now = 10 * minutes;
  let isStale = false;
  let agents: readonly AgentDefinition[] = [];
  let daemonSets: readonly DaemonSetFacts[] = [];
  let policies: readonly Policy[] = [];
  let catalogue = createAgentCatalogue(agents, daemonSets);
  let standings = createStandings(catalogue, policies);
  let resolver = createPolicyResolver(policies, now);
  let drawn: ClusterPicture | undefined;
  const judgeAnew = (): void => {
    catalogue = createAgentCatalogue(agents, daemonSets);
    standings = createStandings(catalogue, policies);
    resolver = createPolicyResolver(policies, now);
  };
  return {
    take(step: Step): void {
      switch (step.kind) {
        case 'node':
          nodes.set(step.node.name, step.node);
          return classes.put(step.node);
        case 'gone':
          nodes.delete(nameOf(step.index));
          return classes.remove(nameOf(step.index));
        case 'report':
          if (step.report === undefined) reports.delete(nameOf(step.index));
          else reports.set(nameOf(step.index), step.report);
          return classes.touch(nameOf(step.index));
        case 'judges':
          policies = step.policies;
          return judgeAnew();
        case 'agents':
          ({ agents, daemonSets } = step);
          return judgeAnew();
        case 'clock':
          now += step.by * minutes;
          if (now >= resolver.validUntil) resolver = createPolicyResolver(policies, now);
          return;
        case 'stale':
          isStale = step.isStale;
      }
    },
    now: () => now,
    picture(): ClusterPicture {
      const reportOf = (name: string): NodeReport | undefined => reports.get(name);
      const haveMoved = classes.refresh(standings, reportOf, now);
      const { resolver: lastResolver, standings: lastStandings } = drawn ?? {};
      if (!drawn || haveMoved || drawn.isStale !== isStale || lastResolver !== resolver || lastStandings !== standings)
        drawn = { nodes: () => nodes.values(), reportOf, classes, catalogue, resolver, standings, isStale };
      return drawn;
    },
  };
};

const outline = (answer: Answer): object =>
  answer.kind !== 'Judged'
    ? { kind: answer.kind }
    : {
        kind: answer.kind,
        isHypothetical: answer.isHypothetical,
        policies: Object.fromEntries(
          answer.policies.map(({ policy, nodes, gap }) => [
            policy.name,
            { nodes, leading: gap && [gap.cause, gap.nodes] },
          ]),
        ),
      };

const outlineNaively = ({ kind, isHypothetical, policies }: NaiveAnswer): object =>
  kind !== 'Judged'
    ? { kind }
    : {
        kind,
        isHypothetical,
        policies: Object.fromEntries(
          Object.entries(policies).map(([name, { nodes, causes }]) => [
            name,
            { nodes, leading: Object.entries(causes).toSorted((a, b) => b[1] - a[1] || compareText(a[0], b[0]))[0] },
          ]),
        ),
      };

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => compareText(a, b)))
      : part,
  );

describe('an answer from classes of nodes', () => {
  it('is that from every node by itself, whatever has happened to them, and however often it is asked', () => {
    assert(
      property(someWorld, ({ fleet, reports, policies, agents, daemonSets, questions, rounds }) => {
        const world = createWorld();
        const answer = createAnswerer();
        for (const node of fleet) world.take({ kind: 'node', node });
        for (const [index, report] of reports.entries()) world.take({ kind: 'report', index, report });
        world.take({ kind: 'judges', policies });
        world.take({ kind: 'agents', agents, daemonSets });
        for (const steps of rounds) {
          for (const step of steps) world.take(step);
          for (const question of questions) compare(question, world.picture(), world.now(), answer);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

const compare = (
  question: PlacementQuestion,
  picture: ClusterPicture,
  now: number,
  answer: ReturnType<typeof createAnswerer>,
): void => {
  const [fast, naive] = [
    sorted(outline(answer(question, picture, now))),
    sorted(outlineNaively(answerNaively(question, picture, now))),
  ];
  if (fast !== naive) throw new Error(`of ${JSON.stringify(question)}\nfast:  ${fast}\nnaive: ${naive}`);
};
