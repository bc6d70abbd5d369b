// Policy and Detector objects → what Tracee is to trace, a rule for each event. Which technique an event is, a Policy does not say:
// the detector that produces the event does, or an annotation of the Policy.
import type { Declarations, DeclaredPolicy, RuleFacts } from '../../domain/telemetry/types.ts';
import type { DeclareInput } from '../agent.ts';
import { annotatedAttackIds } from '../attack-annotation.ts';
import { attackIdsIn, attackIdsInTags, joinAttackIds, noAttackIds, type AttackIds } from '../attack-ids.ts';
import { someOf } from '../bounded.ts';
import { readDeclaringObjects, type DeclaringObject } from '../declaring-object.ts';
import { isInstalled } from '../installed.ts';
import { noPods } from '../label-selector.ts';
import { list, object, text, texts } from '../read.ts';

export const declareTracee = (input: DeclareInput): Declarations => {
  const detected = attackIdsByEvent(readDeclaringObjects(input, 'detectors', 'Detector'));
  const declaring = readDeclaringObjects(input, 'policies', 'Policy');
  return {
    policies: declaring.map((found) => declare(input.agent, found, detected)),
    contents: [],
    exclusions: [],
    notes: [
      ...(declaring.length === 0 && isInstalled(input)
        ? [
            'No Policy is declared: what Tracee traces is set on its command line or in files, which cannot be seen from here.',
          ]
        : []),
      ...declaring.flatMap(narrowNotes),
    ],
  };
};

const declare = (
  agent: string,
  { name, version, declaredBy, spec, raw }: DeclaringObject,
  detected: ReadonlyMap<string, AttackIds>,
): DeclaredPolicy => {
  const annotated = annotatedAttackIds(raw);
  const events = new Set(list(spec.rules).map((rule) => text(object(rule).event)));
  events.delete('');
  return {
    agent,
    name,
    ...(version === undefined ? {} : { version }),
    source: 'CustomResource',
    declaredBy,
    rules: [...events].map((event): RuleFacts => ({
      name: event,
      status: 'Loaded',
      ...joinAttackIds(annotated, detected.get(event) ?? noAttackIds),
    })),
    ...(isForHosts(texts(spec.scope)) ? { pods: noPods } : {}),
  };
};

const isForHosts = (scope: readonly string[]): boolean =>
  scope.includes('not-container') || scope.includes('!container');

/** What is for all pods, or for none of them. By processes, users and single containers a scope says nothing of whole pods. */
const wholeScopes: ReadonlySet<string> = new Set(['global', 'container', 'not-container', '!container', 'follow']);

const narrowNotes = ({ name, spec }: DeclaringObject): readonly string[] => {
  const narrow = texts(spec.scope).filter((scope) => !wholeScopes.has(scope));
  if (narrow.length === 0) return [];
  return [
    `Policy ${name} is for only some processes or containers (${someOf(narrow)}); it is taken to be for all pods.`,
  ];
};

const attackIdsByEvent = (detectors: readonly DeclaringObject[]): ReadonlyMap<string, AttackIds> => {
  const byEvent = new Map<string, AttackIds>();
  for (const { spec, raw } of detectors) {
    const { name, tags } = object(spec.produced_event);
    const { tactic, technique } = object(object(spec.threat).mitre);
    const written = [text(object(tactic).name), text(object(technique).id)].filter((id) => id !== '');
    const ids = joinAttackIds(annotatedAttackIds(raw), attackIdsIn(written), attackIdsInTags(texts(tags)));
    byEvent.set(text(name), joinAttackIds(byEvent.get(text(name)) ?? noAttackIds, ids));
  }
  return byEvent;
};
