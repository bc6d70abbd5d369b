// The filters as flags.
import { tactics } from '../../domain/attack/tactics.ts';
import { tacticIdIn, techniqueIdIn } from '../../domain/attack/lookup.ts';
import { assetStates, evidenceLevels, policyStatuses, policyTypes, reasons } from '../../crds/schema/vocabulary.ts';
import type { FlagTable, Given } from '../flags/table.ts';
import { UsageError } from '../verb.ts';
import { filterNames, type FilterName, type Filters } from './filter.ts';

/** Rulesets tell these apart; filtered rules count as disabled. */
const ruleStatuses = ['Loaded', 'Disabled', 'Failed'] as const;

const repeatable = { multiple: true } as const;

export const filterFlags = {
  state: { ...repeatable, placeholder: 'STATE', values: assetStates, help: `${assetStates.join(', ')}.` },
  reason: {
    ...repeatable,
    placeholder: 'REASON',
    values: reasons,
    help: 'Why; kubectl protection explain lists them.',
  },
  evidence: {
    ...repeatable,
    placeholder: 'LEVEL',
    values: [...evidenceLevels, 'None'],
    help: `How it is known: ${evidenceLevels.join(', ')}, None.`,
  },
  agent: { ...repeatable, placeholder: 'NAME', help: 'A ProtectionAgent that is there.' },
  'agent-version': {
    ...repeatable,
    placeholder: 'VERSION',
    help: "Its version, also compared, as in '<0.44' or '>=7.65.0'.",
  },
  policy: {
    ...repeatable,
    placeholder: 'NAME',
    help: 'A detection policy that is loaded, or a WorkloadPolicy that judges.',
  },
  'policy-type': { ...repeatable, placeholder: 'TYPE', values: policyTypes, help: `${policyTypes.join(', ')}.` },
  'policy-status': {
    ...repeatable,
    placeholder: 'STATUS',
    values: policyStatuses,
    help: `Of a detection policy: ${policyStatuses.join(', ')}.`,
  },
  version: { ...repeatable, placeholder: 'VERSION', help: 'Of a detection policy, also compared.' },
  rule: { ...repeatable, placeholder: 'NAME', help: 'A rule of a detection policy.' },
  'rule-status': {
    ...repeatable,
    placeholder: 'STATUS',
    values: ruleStatuses,
    help: `Of a rule: ${ruleStatuses.join(', ')}; filtered ones count as disabled.`,
  },
  tactic: { ...repeatable, placeholder: 'TACTIC', help: 'Covered by a loaded rule: TA0004, or privilege-escalation.' },
  technique: { ...repeatable, placeholder: 'ID', help: "Covered by a loaded rule: T1611. With '!T1611', not covered." },
  namespace: { short: 'n', ...repeatable, placeholder: 'NAME', help: 'Workloads of it.' },
  node: { ...repeatable, placeholder: 'NAME', help: 'Nodes of this name.' },
  workload: {
    ...repeatable,
    placeholder: 'NAME',
    help: 'Workloads as NAMESPACE/KIND/NAME, NAMESPACE/NAME, KIND/NAME or NAME.',
  },
  search: { placeholder: 'TEXT', help: 'Anything in names, reasons, causes, agents and policies.' },
} as const satisfies FlagTable & Record<FilterName, unknown>;

export const filtersOf = ({ texts }: Given): Filters => {
  const filters: Partial<Record<FilterName, readonly string[]>> = {};
  for (const name of filterNames) {
    const given = texts(name);
    if (given.length > 0) filters[name] = given;
  }
  known('tactic', filters.tactic, tacticIdIn, 'an ATT&CK tactic such as TA0004 or privilege-escalation');
  known('technique', filters.technique, techniqueIdIn, 'an ATT&CK technique such as T1611 or T1552.005');
  return filters;
};

/** What nothing can match is a slip of the pen, and would look like a gap. */
const known = (
  flag: string,
  given: readonly string[] | undefined,
  idIn: (text: string) => string | undefined,
  what: string,
): void => {
  const strange = given?.find((text) => idIn(text) === undefined);
  if (strange !== undefined) throw new UsageError(`--${flag}: "${strange}" must be ${what}`);
};

/** What a shell offers where the flag's values are not closed. */
export const filterValues: Readonly<Record<string, readonly string[]>> = { tactic: tactics.map(({ id }) => id) };
