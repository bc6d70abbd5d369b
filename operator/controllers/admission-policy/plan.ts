// A WorkloadPolicy → a ValidatingAdmissionPolicy and its binding, by which API servers enforce without us what of it needs no knowledge of
// nodes. They hold for the very generation that they were made from: while we are away, a policy that is changed or deleted enforces nothing.
import { findInescapable, type InescapableInput } from '../../../domain/placement/inescapable.ts';
import type { LabelSelector, Policy } from '../../../domain/types.ts';
import { list, object, text } from '../../../facts/read.ts';
import type { Applied } from '../../../kube/apply.ts';
import type { RawObject } from '../../watches.ts';
import { validation, variablesOf } from './cel.ts';

/** A WorkloadPolicy asks for it by this annotation, with the value "true". */
export const wantedAnnotation = 'workloadprotection.dev/admission-policy';
/** The ClusterRole that lets the operator do all this. Owned by it, everything goes when the chart takes it away. */
export const ownerName = 'workload-protection-admission-policies';
/** By it we know our own. */
export const componentLabel = { 'app.kubernetes.io/component': 'admission-policy' } as const;
/** What follows the WorkloadPolicy's name. */
const suffix = '.workloadprotection.dev';
const longestName = 253;
/** The entry of the ValidatingWebhookConfiguration that says whose pods are judged. */
const podsEntry = 'pods.workloadprotection.dev';

export interface GenerationInput extends InescapableInput {
  readonly raw: RawObject;
  /** ValidatingWebhookConfiguration workload-protection, as the API server gives it. */
  readonly configuration: unknown;
  readonly ownerUid: string;
  readonly now: number;
}

export type Generated =
  | { readonly kind: 'Generated'; readonly policy: Applied; readonly binding: Applied }
  | { readonly kind: 'Refused'; readonly why: string };

export const isWanted = ({ metadata }: RawObject): boolean =>
  object(object(metadata)['annotations'])[wantedAnnotation] === 'true';

export const generate = (input: GenerationInput): Generated => {
  const { policy, raw, configuration, now } = input;
  const action = actionOf(policy);
  if (action === undefined) return { kind: 'Refused', why: 'its spec.admission judges no pods' };
  const name = `${policy.name}${suffix}`;
  if (name.length > longestName)
    return { kind: 'Refused', why: `its name is longer than ${longestName - suffix.length} characters` };
  const entry = list(object(configuration)['webhooks'])
    .map(object)
    .find((each) => each['name'] === podsEntry);
  if (entry === undefined)
    return {
      kind: 'Refused',
      why: `ValidatingWebhookConfiguration workload-protection has no entry ${podsEntry}, which says whose pods are judged`,
    };
  const found = findInescapable(input);
  if (!found.ok) return { kind: 'Refused', why: found.why };
  const metadata = metadataOf(name, policy, input.ownerUid);
  return {
    kind: 'Generated',
    policy: {
      metadata,
      spec: {
        // Whatever it cannot evaluate is let through: it must not be the outage either.
        failurePolicy: 'Ignore',
        paramKind: { apiVersion: 'workloadprotection.dev/v1alpha1', kind: 'WorkloadPolicy' },
        matchConstraints: {
          matchPolicy: 'Equivalent',
          namespaceSelector: both(object(entry['namespaceSelector']), policy.selector.namespace),
          objectSelector: written(policy.selector.pod),
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
          ],
        },
        matchConditions: [
          ...conditionsOf(raw),
          ...list(entry['matchConditions']).map((condition) => ({
            name: text(object(condition)['name']),
            expression: text(object(condition)['expression']),
          })),
        ],
        variables: variablesOf(found.value, policy, now),
        validations: [{ expression: validation, messageExpression: messageOf(policy, action), reason: 'Forbidden' }],
      },
    },
    binding: {
      metadata,
      spec: {
        policyName: name,
        // A WorkloadPolicy that is deleted enforces nothing.
        paramRef: { name: policy.name, parameterNotFoundAction: 'Allow' },
        validationActions: [action],
      },
    },
  };
};

type Action = 'Deny' | 'Warn' | 'Audit';

const actionOf = ({ admission: { mode, kinds, refuses } }: Policy): Action | undefined => {
  if (mode === 'Off' || !kinds.includes('Pod')) return undefined;
  return mode === 'Deny' && !refuses.includes('Pod') ? 'Warn' : mode;
};

const metadataOf = (name: string, policy: Policy, ownerUid: string): Applied['metadata'] => ({
  name,
  labels: { 'app.kubernetes.io/part-of': 'workload-protection', ...componentLabel },
  annotations: { 'workloadprotection.dev/generated-from': `WorkloadPolicy ${policy.name}` },
  ownerReferences: [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: ownerName, uid: ownerUid },
  ],
});

const conditionsOf = ({ metadata: { generation = 0 } }: RawObject) => [
  {
    name: 'as-generated',
    expression: `params.metadata.generation == ${generation} && params.metadata.?annotations[?"${wantedAnnotation}"].orValue("") == "true"`,
  },
  {
    // Agents must never wait for themselves.
    name: 'not-a-pod-of-a-daemonset',
    expression:
      "!object.metadata.?ownerReferences.orValue([]).exists(owner, owner.kind in ['DaemonSet', 'Node'] && owner.?controller.orValue(false))",
  },
];

/** As the API server keeps it: every field there. */
const written = (selector: LabelSelector | undefined): object => {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
            key,
            operator,
            ...(values.length === 0 ? {} : { values }),
          })),
        }),
  };
};

/** What the webhook leaves out is left out here: the cluster's own namespaces, and ours. */
const both = (judged: Readonly<Record<string, unknown>>, selector: LabelSelector | undefined): object => {
  const wanted = written(selector) as { readonly matchLabels?: object; readonly matchExpressions?: readonly unknown[] };
  const matchLabels = { ...object(judged['matchLabels']), ...wanted.matchLabels };
  const matchExpressions = [...list(judged['matchExpressions']), ...(wanted.matchExpressions ?? [])];
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
};

const messageOf = ({ name, admission }: Policy, action: Action): string => {
  const way = [
    action === 'Deny' && admission.breakGlass === 'Allowed'
      ? 'In an emergency, annotate the pod with workloadprotection.dev/break-glass: <reason> and workloadprotection.dev/break-glass-until: <end>. '
      : '',
    action === 'Deny'
      ? `To be let through all the same, ask for an entry in spec.exemptions of WorkloadPolicy ${name}`
      : '',
  ].join('');
  const words = (sentence: string): string => JSON.stringify(sentence);
  return [
    words(`WorkloadPolicy ${name}: `),
    `(variables.isSandboxed ? ${words('the pod runs in the sandbox of RuntimeClass ')} + variables.runtimeClass + ${words(', which no agent that is demanded can see into')} : ${words('no agent that is demanded goes to nodes with the nodeSelector of the pod')})`,
    words(
      `, and the pod carries no agent as a sidecar. Remedy: add one to its template, or change what keeps the agents out${way === '' ? '' : `. ${way}`}`,
    ),
  ].join(' + ');
};
