/** The filters of findings: coverage's words where they apply, with the same meaning of commas, `*` and `!`. */
import { builtInBehaviours, casePhases, findingPhases, ranks } from '../../crds/schema/vocabulary.ts';
import { techniqueIdIn } from '../../domain/attack/lookup.ts';
import { findingName, isOverdue, teamOf, type FindingObject } from '../../domain/findings/finding-object.ts';
import { passes } from '../coverage/filter.ts';
import type { FlagTable, Given } from '../flags/table.ts';
import { UsageError } from '../verb.ts';

const repeatable = { multiple: true } as const;

export const filterFlags = {
  severity: { ...repeatable, placeholder: 'SEVERITY', values: ranks, help: `${ranks.join(', ')}.` },
  phase: { ...repeatable, placeholder: 'PHASE', values: findingPhases, help: `${findingPhases.join(', ')}.` },
  'case-phase': {
    ...repeatable,
    placeholder: 'PHASE',
    values: casePhases,
    help: `How far the work of people is: ${casePhases.join(', ')}.`,
  },
  behaviour: { ...repeatable, placeholder: 'NAME', help: "Built in, such as CompilerInContainer, or a policy's own." },
  workload: {
    ...repeatable,
    placeholder: 'NAME',
    help: 'Of workloads as NAMESPACE/KIND/NAME, NAMESPACE/NAME, KIND/NAME or NAME.',
  },
  node: { ...repeatable, placeholder: 'NAME', help: 'Of nodes of this name, or seen on them.' },
  team: { ...repeatable, placeholder: 'NAME', help: "The case's team, else that of the workload's labels." },
  owner: { ...repeatable, placeholder: 'NAME', help: 'Who works on it.' },
  agent: { ...repeatable, placeholder: 'NAME', help: 'A ProtectionAgent that saw it.' },
  rule: { ...repeatable, placeholder: 'NAME', help: 'A rule that saw it.' },
  technique: { ...repeatable, placeholder: 'ID', help: 'An ATT&CK technique, such as T1027; its sub-techniques too.' },
  overdue: { help: 'Those that should have been fixed by a day that is over.' },
  search: {
    placeholder: 'TEXT',
    help: 'Anything in names, subjects, images, rules, events, and what people wrote.',
  },
} as const satisfies FlagTable;

/** What a shell offers where the flag's values are not closed. */
export const filterValues: Readonly<Record<string, readonly string[]>> = { behaviour: builtInBehaviours };

const filterNames = Object.keys(filterFlags);

export const isFiltered = ({ texts, isSet }: Given): boolean =>
  filterNames.some((name) => texts(name).length > 0 || isSet(name));

export const checkFilters = ({ texts }: Given): void => {
  const strange = texts('technique').find((text) => techniqueIdIn(text) === undefined);
  if (strange !== undefined)
    throw new UsageError(`--technique: "${strange}" must be an ATT&CK technique such as T1611 or T1552.005`);
};

export const findingFilter = ({ texts, isSet }: Given, now: number): ((finding: FindingObject) => boolean) => {
  const tests: readonly ((finding: FindingObject) => boolean)[] = [
    ({ status }) => passes(texts('severity'), some(status?.severity)),
    ({ status }) => passes(texts('phase'), some(status?.phase)),
    ({ spec }) => passes(texts('case-phase'), [spec.case.phase]),
    ({ status }) => passes(texts('behaviour'), some(status?.behaviour)),
    (finding) => passes(texts('workload'), spellingsOf(finding)),
    ({ status }) => passes(texts('node'), nodesOf(status)),
    (finding) => passes(texts('team'), some(teamOf(finding))),
    ({ spec }) => passes(texts('owner'), some(spec.case.owner)),
    ({ status }) => passes(texts('agent'), status?.agents ?? []),
    ({ status }) => passes(texts('rule'), status?.rules ?? []),
    ({ status }) => passes(texts('technique').map(asId), techniquesOf(status)),
    (finding) => !isSet('overdue') || isOverdue(finding, now),
    search(texts('search')),
  ];
  return (finding) => tests.every((holds) => holds(finding));
};

/** By namespace, with the same `*` and `!`. */
export const inNamespaces = (filter: readonly string[], { metadata: { namespace = '' } }: FindingObject): boolean =>
  passes(filter, [namespace]);

type Standing = FindingObject['status'];

const some = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

const spellingsOf = ({ status }: FindingObject): readonly string[] => {
  if (status === undefined || status.subject.kind === 'Node') return [];
  const { kind, name, namespace = '' } = status.subject;
  return [`${namespace}/${kind}/${name}`, `${namespace}/${name}`, `${kind}/${name}`, name];
};

const nodesOf = (status: Standing): readonly string[] =>
  status === undefined
    ? []
    : [...(status.subject.kind === 'Node' ? [status.subject.name] : []), ...(status.subject.nodes ?? [])];

const techniquesOf = (status: Standing): readonly string[] =>
  (status?.mitre?.techniques ?? []).flatMap((id) => [id, id.split('.')[0] ?? id]);

const asId = (written: string): string => {
  const not = written.startsWith('!') ? '!' : '';
  return not + (techniqueIdIn(written) ?? written.slice(not.length));
};

const search = (words: readonly string[]): ((finding: FindingObject) => boolean) => {
  if (words.length === 0) return () => true;
  const wanted = words.map((word) => word.toLowerCase());
  return (finding) => {
    const text = JSON.stringify([findingName(finding), finding.spec, finding.status]).toLowerCase();
    return wanted.some((word) => text.includes(word));
  };
};
