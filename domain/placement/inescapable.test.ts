import { assert, constantFrom, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../coverage/agents.ts';
import { aDatadog, aFalco } from '../testing/agents.ts';
import { someFleet, someQuestion } from '../testing/placement.ts';
import { aDaemonSet, anywhere, aContainer, aShape } from '../testing/pods.ts';
import { anExemption, aPolicy, labelled, minutes, requiring, selecting } from '../testing/policies.ts';
import type { AgentDefinition, DaemonSetFacts, NodeTerm, Policy, RuntimeClassFacts, Scheduling } from '../types.ts';
import { answerPlacement } from './answer.ts';
import { findInescapable, isInescapable, type Inescapable, type PodWords } from './inescapable.ts';
import { misfit } from './fit.ts';
import { drawPicture } from './picture.ts';

const runtimeClass = (name: string, handler: string): RuntimeClassFacts => ({
  name,
  handler,
  nodeSelector: {},
  tolerations: [],
});
const runtimeClasses = [
  runtimeClass('isolated', 'kata'),
  runtimeClass('plain', 'runc'),
  runtimeClass('guest', 'runsc'),
];
const sidecar = {
  selector: undefined,
  containerNames: ['falco-sidecar'],
  images: ['falco-sidecar'],
  minimumEvidence: 1,
};
const goes = (scheduling: Partial<Scheduling>, name = 'falco'): DaemonSetFacts =>
  aDaemonSet({ name, scheduling: { ...anywhere, ...scheduling } });
const term = (...expressions: NodeTerm['expressions']): NodeTerm => ({ expressions, fields: [] });

interface World {
  readonly agents?: readonly AgentDefinition[];
  readonly daemonSets?: readonly DaemonSetFacts[];
  readonly policy?: Policy;
  readonly classes?: readonly RuntimeClassFacts[];
  readonly runs?: (agent: string) => boolean;
}

const find = ({
  agents = [aFalco()],
  daemonSets = [goes({})],
  policy = aPolicy(),
  classes = runtimeClasses,
  runs = () => false,
}: World = {}) =>
  findInescapable({ policy, catalogue: createAgentCatalogue(agents, daemonSets), runtimeClasses: classes, runs });

const found = (world: World = {}): Inescapable => {
  const expressible = find(world);
  if (!expressible.ok) throw new Error(expressible.why);
  return expressible.value;
};

const aPod = (overrides: Partial<PodWords> = {}): PodWords => ({
  runtimeClass: undefined,
  nodeSelector: {},
  labels: {},
  containers: [{ name: 'main', image: 'registry.example.com/app:1' }],
  ...overrides,
});

describe('what no node can mend', () => {
  it.each<[string, World, Partial<PodWords>, boolean]>([
    ['a sandbox', {}, { runtimeClass: 'isolated' }, true],
    ['a handler on the kernel of the node', {}, { runtimeClass: 'plain' }, false],
    ['no RuntimeClass', {}, {}, false],
    [
      'a sandbox that the agent sees into',
      { agents: [aFalco({ runtimeHandlers: ['kata'] })] },
      { runtimeClass: 'isolated' },
      false,
    ],
    ['another sandbox', { agents: [aFalco({ runtimeHandlers: ['kata'] })] }, { runtimeClass: 'guest' }, true],
    [
      'a nodeSelector beside that of the DaemonSet',
      { daemonSets: [goes({ nodeSelector: { os: 'linux' } })] },
      { nodeSelector: { os: 'windows' } },
      true,
    ],
    [
      'the nodeSelector of the DaemonSet',
      { daemonSets: [goes({ nodeSelector: { os: 'linux' } })] },
      { nodeSelector: { os: 'linux' } },
      false,
    ],
    [
      'a nodeSelector about something else',
      { daemonSets: [goes({ nodeSelector: { os: 'linux' } })] },
      { nodeSelector: { zone: 'b' } },
      false,
    ],
    [
      'what one DaemonSet of two shuts out',
      {
        daemonSets: [
          goes({ nodeSelector: { os: 'linux' } }),
          goes({ nodeSelector: { os: 'windows' } }, 'falco-windows'),
        ],
      },
      { nodeSelector: { os: 'windows' } },
      false,
    ],
    [
      'what an affinity of the DaemonSet shuts out',
      { daemonSets: [goes({ affinity: [term({ key: 'type', operator: 'NotIn', values: ['virtual'] })] })] },
      { nodeSelector: { type: 'virtual' } },
      true,
    ],
    [
      'what one alternative of its affinity takes in',
      {
        daemonSets: [
          goes({
            affinity: [
              term({ key: 'type', operator: 'DoesNotExist', values: [] }),
              term({ key: 'pool', operator: 'In', values: ['a'] }),
            ],
          }),
        ],
      },
      { nodeSelector: { type: 'virtual', pool: 'a' } },
      false,
    ],
    [
      'what none of its alternatives takes in',
      {
        daemonSets: [
          goes({
            affinity: [
              term({ key: 'type', operator: 'DoesNotExist', values: [] }),
              term({ key: 'pool', operator: 'In', values: ['a'] }),
            ],
          }),
        ],
      },
      { nodeSelector: { type: 'virtual', pool: 'b' } },
      true,
    ],
    [
      'a sidecar in the sandbox',
      { agents: [aFalco({ sidecar })] },
      { runtimeClass: 'isolated', containers: [{ name: 'falco-sidecar', image: 'x' }] },
      false,
    ],
    [
      'its image in the sandbox',
      { agents: [aFalco({ sidecar })] },
      { runtimeClass: 'isolated', containers: [{ name: 'x', image: 'example.com/falco-sidecar:1' }] },
      false,
    ],
    [
      'the label of a sidecar in the sandbox',
      {
        agents: [
          aFalco({ sidecar: { ...sidecar, containerNames: [], images: [], selector: labelled({ agent: 'in' }) } }),
        ],
      },
      { runtimeClass: 'isolated', labels: { agent: 'out' } },
      false,
    ],
    [
      'a sandbox for an agent that is demanded',
      {
        agents: [aFalco({ runtimeHandlers: ['kata'] }), aDatadog()],
        policy: aPolicy({ require: requiring({ agents: [{ name: 'falco', minVersion: undefined }] }) }),
      },
      { runtimeClass: 'guest' },
      true,
    ],
  ])('%s', (_, world, pod, expected) => {
    expect(isInescapable(found(world), aPod(pod))).toBe(expected);
  });

  it.each<[string, World, string]>([
    [
      'a nodeSelector',
      { policy: aPolicy({ selector: selecting({ node: labelled({ pool: 'a' }) }) }) },
      'it has a nodeSelector',
    ],
    [
      'an exemption of nodes',
      {
        policy: aPolicy({
          exemptions: [anExemption({ name: 'gpu', selector: selecting({ node: labelled({ pool: 'a' }) }) })],
        }),
      },
      'its exemption gpu has a nodeSelector',
    ],
    ['agents that are not installed', { daemonSets: [] }, 'none of the agents that it demands is installed'],
    [
      'agents of which nobody knows',
      { policy: aPolicy({ require: requiring({ agents: [{ name: 'nobody', minVersion: undefined }] }) }) },
      'none of the agents that it demands is installed',
    ],
    [
      'an agent that runs without a DaemonSet',
      { agents: [aFalco(), aDatadog()], runs: () => true },
      'pods of datadog run that no DaemonSet has made',
    ],
    [
      'an agent that goes everywhere',
      { classes: [runtimeClass('plain', 'runc')] },
      'falco may go to nodes of any kind',
    ],
  ])('is not said of %s', (_, world, why) => {
    expect(find(world)).toEqual({ ok: false, why: expect.stringContaining(why) as string });
  });

  it('is never harsher than the webhook, which knows the nodes', () => {
    let inescapable = 0;
    const someWorld = record({
      nodes: someFleet,
      asked: someQuestion,
      nodeSelector: constantFrom({}, { pool: 'a' }, { pool: 'b' }, { pool: 'none' }),
      runtime: constantFrom(undefined, ...runtimeClasses),
      carries: constantFrom(true, false, false, false),
      only: constantFrom({}, { pool: 'a' }),
      sees: constantFrom([], ['kata']),
      when: constantFrom('AllNodes' as const, 'AnyNode' as const),
    });
    assert(
      property(someWorld, ({ nodes, asked, nodeSelector, runtime, carries, only, sees, when }) => {
        const now = 10_000 * minutes;
        const agents = [aFalco({ sidecar, runtimeHandlers: sees })];
        const daemonSet = goes({
          nodeSelector: only,
          tolerations: [{ key: '', operator: 'Exists', value: '', effect: '' }],
        });
        const policy = aPolicy();
        const judging: Policy = { ...policy, admission: { ...policy.admission, mode: 'Deny', when, kinds: ['Pod'] } };
        const expressible = find({ agents, daemonSets: [daemonSet], policy: judging });
        if (!expressible.ok) throw new Error(expressible.why);
        const containers = [
          aContainer(),
          ...(carries ? [aContainer({ name: 'falco-sidecar', image: 'falco-sidecar:1' })] : []),
        ];
        const shape = aShape({ containers, ...(runtime && { runtimeClass: runtime.name }) });
        if (
          !isInescapable(expressible.value, {
            runtimeClass: runtime?.name,
            nodeSelector,
            labels: shape.labels,
            containers,
          })
        )
          return;
        inescapable += 1;
        const picture = drawPicture(
          {
            nodes,
            // As the operator finds it: an agent is where its DaemonSet goes.
            reportOf: (name) => {
              const node = nodes.find((each) => each.name === name);
              const isThere = node !== undefined && misfit(daemonSet.scheduling, node) === undefined;
              const falco = { name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' } as const;
              return { agents: isThere ? [falco] : [], reasons: [] };
            },
            catalogue: createAgentCatalogue(agents, [daemonSet]),
            policies: [judging],
            isStale: false,
          },
          now,
        );
        const question = {
          ...asked,
          kind: 'Pod',
          shape,
          handler: runtime?.handler,
          scheduling: {
            ...asked.scheduling,
            // No API server takes an affinity without terms.
            affinity: asked.scheduling.affinity?.length === 0 ? undefined : asked.scheduling.affinity,
            nodeSelector,
            runtimeClass: runtime?.name,
          },
          owner: undefined,
        };
        const answer = answerPlacement(question, picture, now);
        expect(answer).toMatchObject({ kind: 'Judged', policies: [{ isFlagged: true, isCertain: true }] });
      }),
      { numRuns: 2000 },
    );
    expect(inescapable).toBeGreaterThan(100);
  });
});
