// Demands that end with a change of a WorkloadPolicy, or with its deletion.
import { createPolicyResolver } from '../../domain/policy/resolve.ts';
import type { AdmissionMode, NodeFacts, Policy } from '../../domain/types.ts';

import { object } from '../../facts/read.ts';
import { loosenedDemands } from './loosened-demands.ts';

export interface LoosenedInput {
  readonly before: Policy;
  /** Undefined where it is deleted. */
  readonly after: Policy | undefined;
  /** As the operator last counted what it selects. */
  readonly status: unknown;
  readonly nodes: Iterable<NodeFacts>;
  readonly now: number;
}

export const warnOfLoosened = ({ before, after, status, nodes, now }: LoosenedInput): readonly string[] =>
  after === undefined
    ? ofDeletion(before, status)
    : [...ofNodes(before, after, nodes, now), ...ofAdmission(before, after), ...loosenedDemands(before, after)];

const ofDeletion = ({ name, admission }: Policy, status: unknown): readonly string[] => {
  const matched = object(object(status).matched);
  const counted = (['nodes', 'workloads', 'pods'] as const).flatMap((asset) => {
    const total = object(matched[asset]).total;
    return typeof total === 'number' && total > 0 ? [`${total} ${total === 1 ? asset.slice(0, -1) : asset}`] : [];
  });
  const admits = admission.mode === 'Deny' ? 'what it refuses at admission is let in' : '';
  const demands = counted.length === 0 ? '' : `its demands on ${inWords(counted)} end`;
  const consequences = [demands, admits].filter((each) => each !== '');
  return consequences.length === 0 ? [] : [`deleting WorkloadPolicy ${name}: ${consequences.join(', and ')}`];
};

const ofNodes = (before: Policy, after: Policy, nodes: Iterable<NodeFacts>, now: number): readonly string[] => {
  const [then, soon] = [createPolicyResolver([before], now), createPolicyResolver([after], now)];
  const judged = ({ labels }: NodeFacts, resolver: typeof then): boolean => resolver.forNode(labels).judging.length > 0;
  const lost = [...nodes].filter((node) => judged(node, then) && !judged(node, soon)).map(({ name }) => name);
  const [first] = lost.toSorted();
  return first === undefined
    ? []
    : [
        `WorkloadPolicy ${before.name} no longer judges ${lost.length === 1 ? `node ${first}` : `${lost.length} nodes, such as ${first}`}`,
      ];
};

const strictness: Readonly<Record<AdmissionMode, number>> = { Off: 0, Audit: 1, Warn: 2, Deny: 3 };

const ofAdmission = ({ name, admission: before }: Policy, { admission: after }: Policy): readonly string[] =>
  [
    [after.mode, before.mode, strictness[after.mode] < strictness[before.mode]],
    [`when ${after.when}`, before.when, after.when === 'AllNodes' && before.when === 'AnyNode'],
    [
      `break-glass ${after.breakGlass}`,
      before.breakGlass,
      after.breakGlass === 'Allowed' && before.breakGlass === 'Forbidden',
    ],
  ].flatMap(([now, then, isLess]) =>
    isLess === true ? [`WorkloadPolicy ${name} is less strict at admission: ${now} instead of ${then}`] : [],
  );

const inWords = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
