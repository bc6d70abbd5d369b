import { describe, expect, test } from 'vitest';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { aNode, aTaint } from '../../../domain/testing/nodes.ts';
import { aPolicy, marking, minutes, requiring } from '../../../domain/testing/policies.ts';
import type { NodeFacts, Policy } from '../../../domain/types.ts';
import type { Applied, JsonPatch, Writer } from '../../../kube/apply.ts';
import { KubeError } from '../../../kube/errors.ts';
import type { EventRecord } from '../../../kube/events.ts';
import { createNodeMarker } from './reconcile.ts';

const unprotected = aTaint('workloadprotection.dev/unprotected:NoSchedule');
const foreign = aTaint('foreign=x:NoExecute');
const asksCondition = aPolicy({ nodes: marking({ condition: true }), gracePeriod: 0 });
const asksTaint = aPolicy({ nodes: marking({ enabled: true }), gracePeriod: 0 });
/** No agent runs in these fleets, so only an exempt node counts as protected. */
const exempting = (policy: Policy): Policy => ({
  ...policy,
  exemptions: [
    {
      name: 'lab',
      selector: { namespace: undefined, pod: undefined, node: { matchLabels: { lab: 'yes' }, matchExpressions: [] } },
      reason: 'A laboratory',
      expiresAt: Number.MAX_SAFE_INTEGER,
    },
  ],
});

/** A node object with taints, and what is written onto it. */
const setUp = (policies: readonly Policy[], node: NodeFacts) => {
  const model = createCoverageModel();
  model.setPolicies(policies);
  const taints = node.taints.map((taint) => ({ ...taint }));
  const [statuses, patches, events, outcomes]: [Applied[], JsonPatch[], EventRecord[], string[]] = [[], [], [], []];
  const refusals: Error[] = [];
  let now = 0;
  const written = { metadata: { name: node.name, uid: node.uid, resourceVersion: '1' } };
  const writer = {
    applyStatus: async (_: unknown, object: Applied) => {
      const refused = refusals.shift();
      if (refused !== undefined) throw refused;
      statuses.push(object);
      return written;
    },
    get: async () => ({ ...written, spec: { taints: [...taints] } }),
    jsonPatch: async (_: unknown, __: unknown, patch: JsonPatch) => {
      const refused = refusals.shift();
      if (refused !== undefined) throw refused;
      patches.push(patch);
      taints.splice(Number(/\d+$/.exec(patch[1]?.path ?? '')?.[0]), 1);
      return written;
    },
  } as unknown as Writer;
  const marker = createNodeMarker({
    model,
    writer,
    events: { record: (event) => events.push(event) },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    now: () => now,
    onWrite: () => {},
    onTaint: (outcome) => outcomes.push(outcome),
  });
  const see = (facts: NodeFacts): void => {
    model.upsertNode(facts);
    model.evaluate(now);
  };
  see(node);
  return {
    marker,
    statuses,
    patches,
    events,
    outcomes,
    refusals,
    taints,
    see,
    model,
    pass: (ms: number) => {
      now += ms;
      model.evaluate(now);
    },
  };
};

const conditionIn = (object: Applied | undefined): unknown =>
  (object as unknown as { status: { conditions: unknown[] } } | undefined)?.status.conditions[0];

const error = (code: number): KubeError =>
  new KubeError({ code, reason: '', message: 'no', request: 'PATCH /api/v1/nodes/node-1' });

describe('the condition', () => {
  test('is written once, and not again while it says the same', async () => {
    const { marker, statuses } = setUp([asksCondition], aNode());
    await marker.reconcile('node-1');
    await marker.reconcile('node-1');
    expect(statuses).toHaveLength(1);
    expect(conditionIn(statuses[0])).toMatchObject({
      type: 'WorkloadProtected',
      status: 'False',
      reason: 'AgentMissing',
    });
  });

  test('is put right where somebody else changed it, with the time of its own last change', async () => {
    const { marker, statuses, see, pass } = setUp([asksCondition], aNode());
    await marker.reconcile('node-1');
    const { status, reason, message, lastTransitionTime } = conditionIn(statuses[0]) as Record<string, string>;
    const asWritten = {
      status: 'False',
      reason: reason ?? '',
      message: message ?? '',
      lastTransitionTime: lastTransitionTime ?? '',
    } as const;
    expect(status).toBe('False');
    see(aNode({ condition: asWritten }));
    pass(60_000);
    await marker.reconcile('node-1');
    expect(statuses).toHaveLength(1);
    see(aNode({ condition: { ...asWritten, message: 'all is well' } }));
    await marker.reconcile('node-1');
    expect(conditionIn(statuses[1])).toMatchObject({ ...asWritten, lastTransitionTime });
  });

  test('is put right again where somebody else changes it again, in the very same words', async () => {
    const { marker, statuses, see } = setUp([asksCondition], aNode());
    await marker.reconcile('node-1');
    const asWritten = conditionIn(statuses[0]) as NonNullable<NodeFacts['condition']>;
    for (const count of [2, 3]) {
      see(aNode({ condition: { ...asWritten, message: 'all is well' } }));
      await marker.reconcile('node-1');
      expect(statuses).toHaveLength(count);
      // Before the watch has brought it there is nothing to be put right.
      await marker.reconcile('node-1');
      expect(statuses).toHaveLength(count);
      see(aNode({ condition: asWritten }));
      await marker.reconcile('node-1');
      expect(statuses).toHaveLength(count);
    }
  });

  test('keeps its time while its status is the same, and changes it with the status', async () => {
    const { marker, statuses, pass, model } = setUp([asksCondition], aNode({ labels: { lab: 'yes' } }));
    await marker.reconcile('node-1');
    pass(60_000);
    model.setPolicies([
      { ...asksCondition, require: requiring({ agents: [{ name: 'falco', minVersion: undefined }] }) },
    ]);
    pass(0);
    await marker.reconcile('node-1');
    model.setPolicies([exempting(asksCondition)]);
    pass(60_000);
    await marker.reconcile('node-1');
    expect(statuses.map(conditionIn)).toMatchObject([
      { status: 'False', lastTransitionTime: '1970-01-01T00:00:00Z' },
      { status: 'False', lastTransitionTime: '1970-01-01T00:00:00Z' },
      { status: 'True', lastTransitionTime: '1970-01-01T00:02:00Z' },
    ]);
  });

  test('is taken off where no policy asks for it any more', async () => {
    const standing = {
      status: 'True',
      reason: 'Protected',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    } as const;
    const { marker, statuses } = setUp([aPolicy()], aNode({ condition: standing }));
    expect(marker.concerns('node-1')).toBe(true);
    await marker.reconcile('node-1');
    expect(statuses).toMatchObject([{ status: { conditions: [] } }]);
  });

  test('concerns no node where no policy asks for anything', () => {
    const { marker } = setUp([aPolicy()], aNode({ taints: [unprotected] }));
    expect(marker.concerns('node-1')).toBe(false);
  });

  test('that may not be written is told', async () => {
    const { marker, refusals } = setUp([asksCondition], aNode());
    refusals.push(error(403));
    await expect(marker.reconcile('node-1')).rejects.toThrow();
    expect(marker.refusal()).toContain('403');
    await marker.reconcile('node-1');
    expect(marker.refusal()).toBeUndefined();
  });

  test('of a node that has gone is no error', async () => {
    const { marker, refusals } = setUp([asksCondition], aNode());
    refusals.push(error(404));
    await expect(marker.reconcile('node-1')).resolves.toBeUndefined();
  });
});

describe('the startup taint', () => {
  const tainted = aNode({ taints: [foreign, unprotected, { ...foreign, key: 'other' }] });

  test('waits for the time limit', async () => {
    const { marker, patches } = setUp([asksTaint], tainted);
    expect(await marker.reconcile('node-1')).toEqual({ requeueAfterMs: 10 * minutes });
    expect(patches).toEqual([]);
  });

  test('goes once the node counts as protected, and everybody else’s stay', async () => {
    const { marker, taints, patches, events, outcomes } = setUp([exempting(asksTaint)], {
      ...tainted,
      labels: { lab: 'yes' },
    });
    await marker.reconcile('node-1');
    expect(taints.map(({ key }) => key)).toEqual(['foreign', 'other']);
    expect(patches).toEqual([
      [
        { op: 'test', path: '/spec/taints/1', value: unprotected },
        { op: 'remove', path: '/spec/taints/1' },
      ],
    ]);
    expect(events).toMatchObject([{ type: 'Normal', reason: 'StartupTaintRemoved' }]);
    expect(outcomes).toEqual(['protected']);
  });

  test('is looked for again where another write was faster', async () => {
    const { marker, taints, refusals } = setUp([exempting(asksTaint)], { ...tainted, labels: { lab: 'yes' } });
    refusals.push(error(422), error(409));
    await marker.reconcile('node-1');
    expect(taints.map(({ key }) => key)).toEqual(['foreign', 'other']);
  });

  test('goes at the time limit, with a warning', async () => {
    const { marker, taints, events, outcomes, pass } = setUp([asksTaint], tainted);
    pass(10 * minutes);
    await marker.reconcile('node-1');
    expect(taints.map(({ key }) => key)).toEqual(['foreign', 'other']);
    expect(events).toMatchObject([{ type: 'Warning', reason: 'StartupTaintTimeLimit' }]);
    expect(outcomes).toEqual(['time_limit']);
  });

  test('stays beyond the time limit where the policy wants that, which is told once', async () => {
    const { marker, taints, events, outcomes, pass } = setUp(
      [aPolicy({ nodes: marking({ enabled: true, onTimeLimit: 'Keep' }), gracePeriod: 0 })],
      tainted,
    );
    pass(10 * minutes);
    await marker.reconcile('node-1');
    await marker.reconcile('node-1');
    expect(taints).toHaveLength(3);
    expect(events).toMatchObject([{ type: 'Warning', reason: 'StartupTaintKept' }]);
    expect(outcomes).toEqual(['kept']);
  });
});
