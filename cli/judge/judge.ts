// Each workload by the same core as the webhook, over the world as it is or as the manifests will make it.
import { admissionKinds } from '../../crds/schema/vocabulary.ts';
import { createAgentCatalogue } from '../../domain/coverage/agents.ts';
import { answerPlacement, type Answer, type PlacementQuestion } from '../../domain/placement/answer.ts';
import { drawPicture } from '../../domain/placement/picture.ts';
import type { NodeReport } from '../../domain/placement/reported-presence.ts';
import type { AdmissionMode, Labels, NodeFacts, Policy } from '../../domain/types.ts';
import { placementQuestion, type Surroundings } from '../../facts/placement-question.ts';
import type { World } from '../world/world.ts';
import { wordBreakGlass } from './break-glass.ts';
import { expectations, type Expectations } from './expected.ts';
import { outcomeOf } from './outcome.ts';
import { poolsOf } from './pools.ts';
import type { CheckResult, PoolResult } from './result.ts';
import type { Workload } from './workloads.ts';

export type Judge = (workload: Workload) => CheckResult;

export const createJudge = (world: World, now: number): Judge => {
  const catalogue = createAgentCatalogue(world.agents, world.daemonSets);
  const expected = expectations(
    catalogue,
    world.configMaps,
    ({ namespace, name }) => world.reports === undefined || world.expected.has(`${namespace}/${name}`),
    now,
  );
  const modes = new Map(world.policies.map(({ name, admission }) => [name, admission.mode]));
  const policies = world.policies.map(asAsked(world.isLive || world.reports !== undefined));
  const reportOf = reportsOf(world, expected);
  const surroundings = surroundingsOf(world);
  const knowsAgents =
    world.isLive ||
    world.reports !== undefined ||
    catalogue.agents.some((agent) => catalogue.installationsOf(agent).length > 0);

  const askerOn = (nodes: readonly NodeFacts[]): Asker => {
    const drawing = { nodes, reportOf, catalogue, isStale: world.isStale };
    const byPolicies = drawPicture({ ...drawing, policies }, now);
    const byBaseline = drawPicture({ ...drawing, policies: [baseline] }, now);
    return (question) => {
      const answer = answerPlacement(question, byPolicies, now);
      return answer.kind === 'NotSelected' ? answerPlacement(question, byBaseline, now) : answer;
    };
  };
  const ask = askerOn(world.nodes);
  const pools = poolsOf(world.nodes).map(({ name, nodes }) => ({ name, ask: askerOn(nodes) }));

  return (workload) => {
    const question = placementQuestion(workload, surroundings);
    const answer = ask(question);
    const inPools = isOnNodes(answer) ? pools.flatMap((pool) => poolResult(pool.name, pool.ask(question))) : [];
    const outcome = outcomeOf(answer, (policy): AdmissionMode => modes.get(policy) ?? 'Off', knowsAgents);
    const breakGlass = wordBreakGlass(workload, outcome, world.policies, now);
    return {
      checks: 'Placement',
      kind: workload.kind,
      namespace: workload.namespace,
      name: workload.name,
      ...(workload.found.file === undefined ? {} : { file: workload.found.file }),
      line: workload.found.line,
      ...outcome,
      ...(inPools.length === 0 ? {} : { pools: inPools }),
      ...(breakGlass === undefined ? {} : { breakGlass }),
    };
  };
};

type Asker = (question: PlacementQuestion) => Answer;

const isOnNodes = (answer: Answer): answer is Extract<Answer, { kind: 'Judged' }> =>
  answer.kind === 'Judged' && !answer.isHypothetical;

/** Each pool alone: where nothing of it fits, the workload never lands there. */
const poolResult = (name: string, answer: Answer): readonly PoolResult[] =>
  isOnNodes(answer)
    ? [{ name, verdict: answer.verdict, nodes: Math.max(...answer.policies.map(({ nodes }) => nodes.total)) }]
    : [];

/** Where no policy selects a workload, some recognised agent must protect it. The name is nobody's: a name has letters. */
const baseline: Policy = {
  name: '',
  selector: { namespace: undefined, pod: undefined, node: undefined },
  criticality: 'Medium',
  require: {
    agents: [],
    evidence: 'Running',
    policies: [],
    mitre: [],
    telemetryMaxAge: undefined,
    maxDropRatio: undefined,
  },
  gracePeriod: 0,
  exemptions: [],
  admission: { mode: 'Warn', when: 'AllNodes', kinds: admissionKinds, refuses: [], breakGlass: 'Allowed' },
  nodes: { condition: false, startupTaint: { enabled: false, timeLimit: 0, onTimeLimit: 'Keep' } },
  posture: [],
};

/** What only a running agent can prove cannot be asked of files; the notes say so. */
const asAsked =
  (isLive: boolean) =>
  (policy: Policy): Policy => ({
    ...policy,
    // Every kind that runs pods: what a policy says of admission decides what the webhook does, not what is true.
    admission: {
      ...policy.admission,
      mode: policy.admission.mode === 'Off' ? 'Audit' : policy.admission.mode,
      kinds: admissionKinds,
    },
    require: isLive ? policy.require : { ...policy.require, evidence: 'Running', policies: [], mitre: [] },
  });

/** Remembered, since every pool asks, too. */
const reportsOf = (world: World, expected: Expectations): ((node: string) => NodeReport | undefined) => {
  const known = new Map<string, NodeReport | undefined>();
  for (const node of world.nodes) {
    const said = world.reports?.get(node.name);
    const isAsSaid = world.reports !== undefined && expected.agents.size === 0;
    known.set(node.name, isAsSaid ? said : together(said, expected.reportOf(node), expected.agents));
  }
  return (name) => known.get(name);
};

/** Of agents that the manifests change it counts where they will be; of those that stay, how they are. */
const together = (said: NodeReport | undefined, hoped: NodeReport, changed: ReadonlySet<string>): NodeReport => {
  const there = new Set(said?.agents.map(({ name }) => name));
  const coming = new Set(hoped.agents.map(({ name }) => name));
  const asSaid = (name: string | undefined): boolean =>
    name === undefined || !changed.has(name) || (there.has(name) && coming.has(name));
  return {
    agents: [
      ...(said?.agents ?? []).filter(({ name }) => asSaid(name)),
      ...hoped.agents.filter(({ name }) => !asSaid(name)),
    ],
    reasons: [
      ...(said?.reasons ?? []).filter(({ agent }) => asSaid(agent)),
      ...hoped.reasons.filter(({ agent }) => !asSaid(agent)),
    ],
  };
};

const surroundingsOf = ({ namespaces, runtimeClasses }: World): Surroundings => {
  const known = new Map<string, Labels>();
  return {
    namespaceLabels: (name) => {
      // One object for each namespace: what is worked out for its labels is remembered by it.
      const labels = known.get(name) ?? { ...namespaces.get(name)?.labels, 'kubernetes.io/metadata.name': name };
      known.set(name, labels);
      return labels;
    },
    runtimeClass: (name) => runtimeClasses.get(name),
  };
};
