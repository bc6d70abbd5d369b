// Keeps a WorkloadPolicy's status true: how the assets that it selects stand as it alone judges them.
import {
  workloadPolicySchema,
  type WorkloadPolicy,
  type WorkloadPolicyStatus,
} from '../../../crds/schema/workload-policy.ts';
import { tacticOf } from '../../../domain/attack/lookup.ts';
import { attackVersion, techniques } from '../../../domain/attack/techniques.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { standingOf, type PolicyStanding } from '../../../domain/coverage/standing.ts';
import { untoleratedStartupTaint } from '../../../domain/nodes/tolerance.ts';
import { parseSpec } from '../../../facts/parse.ts';
import type { Policy } from '../../../domain/types.ts';
import type { Unseen } from '../../../agents/sight.ts';
import { resources } from '../../../kube/resource.ts';
import type { Definitions } from '../../definitions.ts';
import type { Aspect, StatusContent, StatusWriter } from '../../status.ts';
import type { OurObjects, RawObject } from '../../watches.ts';
import { writtenCounts, writtenGap } from '../gap.ts';
import type { NodeMarker } from '../nodes/reconcile.ts';
import { unseenAspects } from './unseen.ts';
import type { Reconcile } from '../report/reconcile.ts';

export interface PolicyControllerOptions {
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly definitions: Definitions;
  readonly status: StatusWriter;
  readonly nodeMarker: Pick<NodeMarker, 'refusal'>;
  /** What it waits for and nobody can see. */
  readonly unseen: (policy: Policy) => readonly Unseen[];
  readonly now: () => number;
}

/** Where nothing else happens. */
const lookedAtAgainMs = 60_000;
/** The API's bound on a policy's leading gaps. */
const mostGaps = 10;

export const createPolicyReconcile =
  ({ model, ours, definitions, status, nodeMarker, unseen, now }: PolicyControllerOptions): Reconcile =>
  async (name) => {
    const object = ours.policies.get('', name);
    if (object === undefined) return undefined;
    const standing = standingOf(model.tally, name);
    const policy = model.policies().find((each) => each.name === name);
    const unseenBehaviours = policy === undefined ? [] : unseen(policy);
    await status.write({
      resource: resources.workloadPolicies,
      object,
      content: contentOf(standing),
      aspects: [
        acceptance(definitions.errorOfPolicy(name)),
        { type: 'Satisfied', ...standing.satisfied },
        ...strangeIds(policy),
        ...unseenAspects(unseenBehaviours),
        ...marking(object, model, nodeMarker),
      ],
      now: now(),
    });
    // A finding tells that somebody sees it after all, and changes no verdict.
    return unseenBehaviours.length > 0 ? { requeueAfterMs: lookedAtAgainMs } : undefined;
  };

const contentOf = ({ nodes, pods, workloads, gaps }: PolicyStanding): StatusContent =>
  ({
    matched: { nodes: writtenCounts(nodes), pods: writtenCounts(pods), workloads: writtenCounts(workloads) },
    gaps: gaps.slice(0, mostGaps).map(writtenGap),
  }) satisfies Partial<WorkloadPolicyStatus>;

/** Only where the policy requires what ATT&CK, as we know it, does not hold: a slip of the pen is never covered by any rule. */
const strangeIds = (policy: Policy | undefined): readonly Aspect[] => {
  const named = (policy?.require.mitre ?? []).flatMap(({ tactic, techniques: ids }) => [
    ...(tactic === undefined || tacticOf(tactic) !== undefined ? [] : [tactic]),
    ...ids.filter((id) => !techniques.has(id)),
  ]);
  if (named.length === 0) return [];
  const message = `spec.require.mitre names what the table of ATT&CK ${attackVersion} does not hold: ${[...new Set(named)].join(', ')}. Rules that name the same satisfy it; correct it if it is a slip.`;
  return [{ type: 'AttackIdsKnown', status: 'False', reason: 'UnknownIds', message }];
};

/** Only where the policy asks for something to be written onto nodes. */
const marking = (
  object: RawObject,
  model: CoverageModel,
  { refusal }: Pick<NodeMarker, 'refusal'>,
): readonly Aspect[] => {
  const parsed = parseSpec<WorkloadPolicy>(workloadPolicySchema, object);
  if (!parsed.ok) return [];
  const { nodes, require } = parsed.value.spec;
  if (!nodes.condition && !nodes.startupTaint.enabled) return [];
  const aspect = (status: 'True' | 'False', reason: string, message: string): readonly Aspect[] => [
    { type: 'NodesMarked', status, reason, message },
  ];
  const refused = refusal();
  if (refused !== undefined) {
    return aspect(
      'False',
      'Forbidden',
      `The operator may not write onto nodes: set nodes.condition.enabled or nodes.startupTaint.enabled in the chart's values (${refused})`,
    );
  }
  const untolerated =
    nodes.startupTaint.enabled &&
    untoleratedStartupTaint(
      model.catalogue(),
      (require.agents ?? []).map(({ name }) => name),
    );
  if (untolerated)
    return aspect('False', 'TaintNotTolerated', `Nodes would wait until the time limit: ${untolerated}.`);
  return aspect('True', 'Marked', 'The selected nodes carry what spec.nodes asks for.');
};

const acceptance = (error: string | undefined): Aspect =>
  error === undefined
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The policy is applied as written.' }
    : {
        type: 'Accepted',
        status: 'False',
        reason: 'InvalidSpec',
        message: `The policy cannot be applied as written, and what applied before still does: ${error}`,
      };
