// Entries that say twice what may be said once.
import type { WorkloadPolicySpec } from '../../crds/schema/workload-policy.ts';
import type { FieldCause } from '../review.ts';

export const findDuplicates = ({ require, posture, exemptions }: WorkloadPolicySpec): readonly FieldCause[] => [
  ...repeated(
    'spec.require.agents',
    'name',
    require.agents?.map(({ name }) => name),
  ),
  ...repeated(
    'spec.require.policies',
    'name',
    require.policies?.map(({ name }) => name),
  ),
  ...(require.policies ?? []).flatMap(({ rules }, index) =>
    repeated(`spec.require.policies[${index}].rules`, '', rules),
  ),
  ...repeated(
    'spec.require.mitre',
    '',
    require.mitre?.map(({ tactic, techniques }) => JSON.stringify([tactic, techniques])),
  ),
  ...(require.mitre ?? []).flatMap(({ techniques }, index) =>
    repeated(`spec.require.mitre[${index}].techniques`, '', techniques),
  ),
  ...repeated(
    'spec.posture',
    'behaviour',
    posture?.map(({ behaviour }) => behaviour),
  ),
  ...repeated(
    'spec.exemptions',
    'name',
    exemptions?.map(({ name }) => name),
  ),
];

/** Each entry whose key has come before; those without a key are never the same. */
const repeated = (path: string, key: string, keys: readonly (string | undefined)[] = []): readonly FieldCause[] =>
  keys.flatMap((value, index) => {
    const first = keys.indexOf(value);
    if (value === undefined || first === index) return [];
    const what = key === '' ? 'it' : `${key} "${value}"`;
    return [
      {
        field: `${path}[${index}]${key === '' ? '' : `.${key}`}`,
        message: `${what} is there already, as ${path}[${first}]: name each once`,
      },
    ];
  });
