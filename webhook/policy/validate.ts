// What is wrong with a WorkloadPolicy beyond what its definition can say: anything that needs the hour, the object as it was before, or
// the rest of the cluster. Every fault is named at once, with its path.
import {
  workloadPolicySchema,
  type WorkloadPolicy,
  type WorkloadPolicySpec,
} from '../../crds/schema/workload-policy.ts';
import { formatDuration } from '../../crds/schema/duration.ts';
import type { LabelSelector } from '../../crds/schema/selectors.ts';
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import { unseenBehaviours } from '../../agents/sight.ts';
import { shortSilences } from '../../domain/findings/suppression.ts';
import { untoleratedStartupTaint } from '../../domain/nodes/tolerance.ts';
import { policyOf } from '../../facts/policy.ts';
import { warnOfSlowCanaries } from '../agents/canary.ts';
import type { FieldCause } from '../review.ts';
import { findDuplicates } from './duplicates.ts';
import { emptySelector } from './empty-selector.ts';

export interface Validation {
  /** The policy is refused for these. */
  readonly errors: readonly FieldCause[];
  /** It is accepted, and probably not what was meant. */
  readonly warnings: readonly string[];
}

export interface ValidationInput {
  readonly raw: unknown;
  /** As it was, on an update. */
  readonly before: unknown;
  readonly catalogue: AgentCatalogue;
  readonly now: number;
}

export const validatePolicy = ({ raw, before, catalogue, now }: ValidationInput): Validation => {
  const parsed = workloadPolicySchema.safeParse(withoutStatus(raw));
  if (!parsed.success) {
    const old = workloadPolicySchema.safeParse(withoutStatus(before));
    const known = new Set(old.success ? [] : old.error.issues.map(causeOf).map(textOf));
    // What was wrong before must not keep somebody from mending the rest.
    return { errors: parsed.error.issues.map(causeOf).filter((cause) => !known.has(textOf(cause))), warnings: [] };
  }
  const old = workloadPolicySchema.safeParse(withoutStatus(before));
  const previous = old.success && before !== null && before !== undefined ? old.data : undefined;
  const { spec } = parsed.data;
  return {
    errors: [
      ...findExpired(spec, previous?.spec, now),
      ...newOnly(findDuplicates(spec), previous && findDuplicates(previous.spec)),
      ...findUntolerated(spec, previous?.spec, catalogue),
    ],
    warnings: [
      ...warnOfAgents(parsed.data, catalogue),
      ...warnOfSelectors(spec),
      ...warnOfDeny(parsed.data),
      ...warnOfSlowCanaries(catalogue.agents, [policyOf(parsed.data)]),
      ...warnOfShortSilence(parsed.data, catalogue),
      ...warnOfUnseen(parsed.data, catalogue),
    ],
  };
};

const withoutStatus = (raw: unknown): unknown =>
  typeof raw === 'object' && raw !== null ? { ...raw, status: undefined } : raw;

const causeOf = ({
  path,
  message,
}: {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}): FieldCause => ({
  field: path.reduce<string>(
    (written, step) =>
      typeof step === 'number' ? `${written}[${step}]` : written === '' ? String(step) : `${written}.${String(step)}`,
    '',
  ),
  message,
});

const textOf = ({ field, message }: FieldCause): string => `${field}: ${message}`;

const newOnly = (causes: readonly FieldCause[], before: readonly FieldCause[] = []): readonly FieldCause[] => {
  const known = new Set(before.map(textOf));
  return causes.filter((cause) => !known.has(textOf(cause)));
};

/** One that is added must have an end to come; one that was there may run out, or Git would break that day. */
const findExpired = (
  { exemptions = [] }: WorkloadPolicySpec,
  before: WorkloadPolicySpec | undefined,
  now: number,
): readonly FieldCause[] => {
  const known = new Set((before?.exemptions ?? []).map(identityOf));
  return exemptions.flatMap((exemption, index) =>
    Date.parse(exemption.expiresAt) > now || known.has(identityOf(exemption))
      ? []
      : [
          {
            field: `spec.exemptions[${index}].expiresAt`,
            message: `${exemption.expiresAt} is past: give a new exemption an end to come, or leave it out`,
          },
        ],
  );
};

/** Its words may be mended after it has ended; what it exempts, and until when, makes it another. */
const identityOf = ({ selector, expiresAt }: NonNullable<WorkloadPolicySpec['exemptions']>[number]): string =>
  JSON.stringify([selector, Date.parse(expiresAt)]);

/** Once it is there it stays, or nothing else of the policy could be changed while an agent lacks the toleration. */
const findUntolerated = (
  { nodes, require }: WorkloadPolicySpec,
  before: WorkloadPolicySpec | undefined,
  catalogue: AgentCatalogue,
): readonly FieldCause[] => {
  if (!nodes.startupTaint.enabled || before?.nodes.startupTaint.enabled === true) return [];
  const accepted = (require.agents ?? []).map(({ name }) => name);
  const message = untoleratedStartupTaint(catalogue, accepted);
  return message === undefined ? [] : [{ field: 'spec.nodes.startupTaint.enabled', message }];
};

const warnOfAgents = ({ spec }: WorkloadPolicy, { agents }: AgentCatalogue): readonly string[] =>
  (spec.require.agents ?? []).flatMap(({ name }, index) =>
    agents.some((agent) => agent.name === name)
      ? []
      : [
          `spec.require.agents[${index}].name: there is no ProtectionAgent ${name}${agents.length === 0 ? '' : `; there are ${agents.map((agent) => agent.name).join(', ')}`}`,
        ],
  );

/** Of agents that are there: the others keep nothing to themselves. */
const warnOfShortSilence = (policy: WorkloadPolicy, { agents, installationsOf }: AgentCatalogue): readonly string[] =>
  shortSilences(
    agents.filter((agent) => installationsOf(agent).length > 0),
    policyOf(policy),
  ).map(
    ({ index, agent, window }) =>
      `spec.posture[${index}].quietPeriod: ${policy.spec.posture?.[index]?.quietPeriod} is not longer than the ${formatDuration(window)} in which ${agent} does not tell of the same behaviour again: its silence would be taken for the workload's`,
  );

/** As far as DaemonSets tell it: what agents have loaded, and who is a sidecar, the operator knows, and the policy's status says. */
const warnOfUnseen = (policy: WorkloadPolicy, { agents, installationsOf }: AgentCatalogue): readonly string[] => {
  const { posture, selector } = policyOf(policy);
  const installed = agents
    .filter((agent) => installationsOf(agent).length > 0)
    .map(({ name, type }) => ({ name, type, rulesets: [undefined] }));
  return unseenBehaviours({
    posture,
    selector,
    agents: installed.length === 0 ? undefined : installed,
    asksKubelets: undefined,
  }).map(
    ({ index, behaviour, why }) => `spec.posture[${index}].behaviour: no finding will come of ${behaviour}: ${why}`,
  );
};

const warnOfSelectors = ({ selector, exemptions = [] }: WorkloadPolicySpec): readonly string[] =>
  [
    { path: 'spec.selector', selector },
    ...exemptions.map((exemption, index) => ({
      path: `spec.exemptions[${index}].selector`,
      selector: exemption.selector,
    })),
  ].flatMap(({ path, selector: { namespaceSelector, podSelector, nodeSelector } }) =>
    Object.entries({ namespaceSelector, podSelector, nodeSelector }).flatMap(
      ([name, part]: [string, LabelSelector | undefined]) => {
        const why = part && emptySelector(part);
        return why === undefined ? [] : [`${path}.${name} matches nothing: ${why}`];
      },
    ),
  );

const warnOfDeny = ({ spec: { admission, require, selector } }: WorkloadPolicy): readonly string[] => {
  if (admission.mode !== 'Deny') return [];
  const isForAll =
    selector.namespaceSelector === undefined &&
    selector.podSelector === undefined &&
    selector.nodeSelector === undefined;
  return [
    ...(isForAll
      ? [
          'spec.admission.mode Deny with an empty spec.selector refuses unprotected pods in every namespace that the webhook is called for',
        ]
      : []),
    ...(require.evidence === 'Running'
      ? []
      : [
          `spec.admission.mode Deny with the evidence ${require.evidence} refuses pods wherever the agents' telemetry is not switched on`,
        ]),
  ];
};
