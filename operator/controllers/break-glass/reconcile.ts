// Records who broke the glass: an Event on the pod and a count, once for each pod. Admission has no side effects, so it is done when
// the pod is seen. The Event's name is made of the pod, so that another leader, or this one after a restart, finds it and counts no second time.
import { breaksGlass } from '../../../domain/coverage/evaluate-pod.ts';
import type { PodEntry } from '../../../domain/coverage/inventory.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { shortHash } from '../../../domain/hash.ts';
import type { PodFacts } from '../../../domain/types.ts';
import type { Applied, Writer } from '../../../kube/apply.ts';
import { classify } from '../../../kube/errors.ts';
import { microTime } from '../../../kube/micro-time.ts';
import { apiVersionOf, resources } from '../../../kube/resource.ts';
import { cut } from '../../status.ts';
import type { Reconcile } from '../report/reconcile.ts';

export interface BreakGlassOptions {
  readonly model: Pick<CoverageModel, 'inventory'>;
  readonly writer: Pick<Writer, 'create'>;
  /** `workloadprotection.dev/operator`. */
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly now: () => number;
  readonly onRecorded: (pod: PodFacts) => void;
}

export const breakGlassKey = ({ namespace, name }: PodFacts): string => `${namespace}/${name}`;

/** A note holds 1,024 bytes: three for each character of a reason, one for each of a policy's name. */
const longestReason = 200;
const longestNames = 250;

export const createBreakGlassReconcile = (options: BreakGlassOptions): Reconcile => {
  const { model, writer, now, onRecorded } = options;
  return async (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const pod = model.inventory.pod(namespace, name);
    // It may have gone, or its end may have come, before its turn did.
    if (pod === undefined || !breaksGlass(pod)) return;
    try {
      await writer.create(resources.events, eventOf(pod, options, now()));
    } catch (error) {
      if (classify(error) === 'exists') return;
      throw error;
    }
    onRecorded(pod.facts);
  };
};

const eventOf = (
  { facts: { namespace, name, breakGlass }, set }: PodEntry,
  { reportingController, reportingInstance }: BreakGlassOptions,
  now: number,
): Applied => {
  const { uid = '', reason = '', until = 0 } = breakGlass ?? {};
  const policies = (set?.exemptions ?? []).filter(({ source }) => source === 'BreakGlass').map(({ policy }) => policy);
  return {
    apiVersion: apiVersionOf(resources.events),
    kind: resources.events.kind,
    metadata: {
      // A name has at most 253 characters, and no dot before a dot.
      name: `${name.slice(0, 200).replace(/[-.]+$/, '')}.break-glass-${shortHash(JSON.stringify([uid, reason, until]))}`,
      namespace,
    },
    eventTime: microTime(now),
    reportingController,
    reportingInstance: reportingInstance.slice(0, 128),
    action: 'Admit',
    reason: 'BreakGlass',
    type: 'Warning',
    note: `runs by break-glass until ${new Date(until).toISOString()} (${cut(reason, longestReason)}); until then it is exempt from WorkloadPolicy ${cut(policies.join(', '), longestNames)}`,
    regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
  };
};
