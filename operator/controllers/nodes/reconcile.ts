// Writes what policies ask for onto nodes: the condition WorkloadProtected, and the removal of the startup taint. Both touch nothing
// else of a node that is not ours: the condition is applied as one entry of a list with keys, the taint goes by a patch that fails
// if it no longer stands where it was.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { nodeConditionType, planNode, type TaintPlan } from '../../../domain/nodes/plan.ts';
import type { NodeConditionFacts, NodeFacts, WrittenNodeCondition } from '../../../domain/types.ts';
import type { Writer } from '../../../kube/apply.ts';
import { classify } from '../../../kube/errors.ts';
import type { EventRecorder } from '../../../kube/events.ts';
import type { Log } from '../../../kube/log.ts';
import { apiVersionOf, resources } from '../../../kube/resource.ts';
import type { Requeue } from '../../../kube/workqueue.ts';
import { cut, fieldManager, rfc3339 } from '../../status.ts';
import type { TaintOutcome } from './outcome.ts';
import { removeStartupTaint } from './startup-taint.ts';

export interface NodeMarker {
  readonly reconcile: (name: string) => Promise<Requeue | void>;
  /** Whether anything is to be written onto the node, or taken off it. */
  readonly concerns: (name: string) => boolean;
  /** Why what policies ask for cannot be written; undefined where it can, or has not been tried. */
  readonly refusal: () => string | undefined;
}

export interface NodeMarkerOptions {
  readonly model: Pick<CoverageModel, 'inventory'>;
  readonly writer: Writer;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly log: Log;
  readonly now: () => number;
  readonly onWrite: () => void;
  readonly onTaint: (outcome: TaintOutcome) => void;
}

interface Write {
  readonly uid: string;
  readonly condition: WrittenNodeCondition | undefined;
  /** What the watch had brought by then. */
  readonly seen: WrittenNodeCondition | undefined;
  /** The watch has brought nothing else since. What it had then may come back later: somebody changes it again, in the same words. */
  readonly isAhead: boolean;
}

/** As long as the message of a condition of ours. */
const longestMessage = 1024;
/** Timers further away overflow in Node; a time limit is a day at most. */
const longestWaitMs = 86_400_000;

export const createNodeMarker = (options: NodeMarkerOptions): NodeMarker => {
  const { model, writer, events, log, now, onWrite, onTaint } = options;
  const written = new Map<string, Write>();
  /** Nodes, by uid, whose taint stays beyond its time: said once. */
  const kept = new Set<string>();
  let refusal: string | undefined;

  const forget = (name: string): void => {
    const uid = written.get(name)?.uid;
    if (uid !== undefined) kept.delete(uid);
    written.delete(name);
  };

  /** What stands on the node: our own last write, until the watch brings something else than it had when we wrote. */
  const standing = ({ name, uid, condition }: NodeFacts): WrittenNodeCondition | undefined => {
    const write = written.get(name);
    if (write === undefined) return condition;
    const isAhead = write.isAhead && write.uid === uid && isSame(write.seen, condition);
    if (!isAhead) written.set(name, { ...write, isAhead });
    return isAhead ? write.condition : condition;
  };

  const setCondition = async (node: NodeFacts, wanted: NodeConditionFacts | undefined): Promise<void> => {
    const before = standing(node);
    if (isSame(before, wanted)) return;
    const condition = wanted && {
      ...wanted,
      message: cut(wanted.message, longestMessage),
      lastTransitionTime: before?.status === wanted.status ? before.lastTransitionTime : rfc3339(now()),
    };
    await writer.applyStatus(
      resources.nodes,
      {
        metadata: { name: node.name, uid: node.uid },
        status: {
          conditions:
            condition === undefined
              ? []
              : [{ type: nodeConditionType, ...condition, lastHeartbeatTime: rfc3339(now()) }],
        },
      },
      { fieldManager },
    );
    written.set(node.name, { uid: node.uid, condition, seen: node.condition, isAhead: true });
    onWrite();
  };

  const report = (node: NodeFacts, plan: Extract<TaintPlan, { action: 'remove' | 'keep' }>): void => {
    const isProtected = plan.action === 'remove' && plan.why === 'Protected';
    const by = `WorkloadPolicy ${plan.policies.join(', ')}`;
    const minutes = Math.round((now() - node.createdAt) / 60_000);
    const note = isProtected
      ? 'the node is protected: its startup taint is gone, and pods may land on it'
      : plan.action === 'remove'
        ? `the node is still unprotected after ${minutes} min, the time limit of ${by}: its startup taint is gone, and pods may land on it`
        : `the node is still unprotected after ${minutes} min, and ${by} keeps its startup taint: no pod may land on it until an agent protects it`;
    events.record({
      regarding: {
        apiVersion: apiVersionOf(resources.nodes),
        kind: resources.nodes.kind,
        name: node.name,
        uid: node.uid,
      },
      type: isProtected ? 'Normal' : 'Warning',
      reason: isProtected
        ? 'StartupTaintRemoved'
        : plan.action === 'remove'
          ? 'StartupTaintTimeLimit'
          : 'StartupTaintKept',
      action: 'RemoveStartupTaint',
      note,
    });
    log[isProtected ? 'info' : 'warn']({ node: node.name, policies: plan.policies }, note);
    onTaint(isProtected ? 'protected' : plan.action === 'remove' ? 'time_limit' : 'kept');
  };

  const applyTaintPlan = async (node: NodeFacts, plan: TaintPlan): Promise<Requeue | void> => {
    switch (plan.action) {
      case 'none':
        return;
      case 'wait':
        return { requeueAfterMs: Math.min(longestWaitMs, Math.max(1, plan.until - now())) };
      case 'keep':
        if (!kept.has(node.uid)) report(node, plan);
        kept.add(node.uid);
        return;
      case 'remove':
        if (!(await removeStartupTaint(writer, node))) return;
        onWrite();
        report(node, plan);
    }
  };

  const planOf = (
    name: string,
  ): { readonly node: NodeFacts; readonly plan: ReturnType<typeof planNode> } | undefined => {
    const entry = model.inventory.nodes.get(name);
    if (entry?.facts === undefined) return undefined;
    return { node: entry.facts, plan: planNode(entry.facts, entry.verdict, entry.set?.selecting ?? [], now()) };
  };

  return {
    refusal: () => refusal,
    concerns: (name) => {
      const planned = planOf(name);
      if (planned === undefined) return written.has(name);
      const { node, plan } = planned;
      return plan.taint.action !== 'none' || !isSame(node.condition, plan.condition) || plan.condition !== undefined;
    },
    reconcile: async (name) => {
      const planned = planOf(name);
      if (planned === undefined) return forget(name);
      const { node, plan } = planned;
      try {
        await setCondition(node, plan.condition);
        const requeue = await applyTaintPlan(node, plan.taint);
        refusal = undefined;
        return requeue;
      } catch (error) {
        // It goes with its facts; its next incarnation is another node.
        if (classify(error) === 'notFound') return forget(name);
        if (classify(error) === 'forbidden') refusal = error instanceof Error ? error.message : String(error);
        throw error;
      }
    },
  };
};

const isSame = (a: NodeConditionFacts | undefined, b: NodeConditionFacts | undefined): boolean =>
  a?.status === b?.status && a?.reason === b?.reason && a?.message === (b && cut(b.message, longestMessage));
