// Keeps a WorkloadPolicy's status true: how the assets that it selects stand as it alone judges them.
import type { WorkloadPolicyStatus } from '../../../crds/schema/workload-policy.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { standingOf, type PolicyStanding } from '../../../domain/coverage/standing.ts';
import { resources } from '../../../kube/resource.ts';
import type { Definitions } from '../../definitions.ts';
import type { Aspect, StatusContent, StatusWriter } from '../../status.ts';
import type { OurObjects } from '../../watches.ts';
import { writtenCounts, writtenGap } from '../gap.ts';
import type { Reconcile } from '../report/reconcile.ts';

export interface PolicyControllerOptions {
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly definitions: Definitions;
  readonly status: StatusWriter;
  readonly now: () => number;
}

/** The API's bound on a policy's leading gaps. */
const mostGaps = 10;

export const createPolicyReconcile =
  ({ model, ours, definitions, status, now }: PolicyControllerOptions): Reconcile =>
  async (name) => {
    const object = ours.policies.get('', name);
    if (object === undefined) return;
    const standing = standingOf(model.tally, name);
    await status.write({
      resource: resources.workloadPolicies,
      object,
      content: contentOf(standing),
      aspects: [acceptance(definitions.errorOfPolicy(name)), { type: 'Satisfied', ...standing.satisfied }],
      now: now(),
    });
  };

const contentOf = ({ nodes, pods, workloads, gaps }: PolicyStanding): StatusContent =>
  ({
    matched: { nodes: writtenCounts(nodes), pods: writtenCounts(pods), workloads: writtenCounts(workloads) },
    gaps: gaps.slice(0, mostGaps).map(writtenGap),
  }) satisfies Partial<WorkloadPolicyStatus>;

const acceptance = (error: string | undefined): Aspect =>
  error === undefined
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The policy is applied as written.' }
    : {
        type: 'Accepted',
        status: 'False',
        reason: 'InvalidSpec',
        message: `The policy cannot be applied as written, and what applied before still does: ${error}`,
      };
