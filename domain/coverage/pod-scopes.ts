// Which of a node's agents, and which of their policies, are for a pod: policies may select pods, and agents may leave some out.
import { shortHash } from '../hash.ts';
import { isFromRepository } from '../image.ts';
import { matchesLabels } from '../selector.ts';
import { rulesetOf } from '../telemetry/combine.ts';
import type { Ruleset } from '../telemetry/ruleset.ts';
import type { Declarations, Exclusion, PodScope } from '../telemetry/types.ts';
import type { Labels, PodFacts, PodShape } from '../types.ts';
import type { AgentPresence } from './presence.ts';

export interface PodScopes {
  /** The same for pods of which these agents see the same; '' where they see all of all pods. */
  readonly keyOf: (presences: readonly AgentPresence[], pod: PodFacts) => string;
  /** The agents as far as they are for this pod. */
  readonly forPod: (presences: readonly AgentPresence[], pod: PodFacts) => readonly AgentPresence[];
  /** Labels of namespaces changed. */
  readonly forget: () => void;
}

export const createPodScopes = (
  declarations: ReadonlyMap<string, Declarations>,
  namespaceLabels: (name: string) => Labels,
): PodScopes => {
  let selected = new WeakMap<PodShape, Map<string, string>>();
  const narrowed = new WeakMap<Ruleset, Map<string, Ruleset>>();
  const isScoped = new WeakMap<Ruleset, boolean>();
  const plain = new WeakMap<readonly AgentPresence[], boolean>();

  const exclusionsOf = (agent: string): readonly Exclusion[] => declarations.get(agent)?.exclusions ?? [];
  const hasScopes = (ruleset: Ruleset | undefined): ruleset is Ruleset => {
    if (ruleset === undefined) return false;
    const known = isScoped.get(ruleset);
    if (known !== undefined) return known;
    const is = ruleset.policies.some(({ pods }) => pods !== undefined);
    isScoped.set(ruleset, is);
    return is;
  };
  const isPlain = (presences: readonly AgentPresence[]): boolean => {
    const known = plain.get(presences);
    if (known !== undefined) return known;
    const is = presences.every(({ agent, ruleset }) => !hasScopes(ruleset) && exclusionsOf(agent).length === 0);
    plain.set(presences, is);
    return is;
  };
  const inScope = (scope: PodScope | undefined, pod: PodFacts): boolean =>
    scope === undefined || isInScope(scope, pod, namespaceLabels(pod.namespace));

  /** A digit for each policy that selects pods, then the exclusion that takes the pod out: its place, and its words. */
  const seenBy = ({ agent, ruleset }: AgentPresence, pod: PodFacts): string => {
    const exclusions = exclusionsOf(agent);
    if (!hasScopes(ruleset) && exclusions.length === 0) return '';
    const known = selected.get(pod.shape) ?? new Map<string, string>();
    selected.set(pod.shape, known);
    const key = `${pod.namespace} ${agent} ${ruleset?.id ?? ''}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const policies = (ruleset?.policies ?? []).flatMap(({ pods }) =>
      pods === undefined ? [] : [Number(inScope(pods, pod))],
    );
    const exclusion = exclusions.findIndex((each) => isExcluded(each, pod) && inScope(each.pods, pod));
    const out = exclusions[exclusion];
    const found = out === undefined && !policies.includes(0) ? '' : `${policies.join('')}/${exclusion}/${wordsOf(out)}`;
    known.set(key, found);
    return found;
  };

  const rulesetFor = (ruleset: Ruleset, pod: PodFacts, seen: string): Ruleset => {
    const views = narrowed.get(ruleset) ?? new Map<string, Ruleset>();
    narrowed.set(ruleset, views);
    const known = views.get(seen);
    if (known !== undefined) return known;
    const { agent, policies, proof } = ruleset;
    const [own, others] = [true, false].map((is) => policies.filter(({ pods }) => inScope(pods, pod) === is));
    const view = rulesetOf(agent, own ?? [], proof, others);
    views.set(seen, view);
    return view;
  };

  return {
    keyOf: (presences, pod) => {
      // The pods of a node share its list, and nearly all lists are for all pods alike.
      if (isPlain(presences)) return '';
      return presences
        .map((presence, index) => {
          const seen = seenBy(presence, pod);
          return seen === '' ? '' : ` ${index}:${seen}`;
        })
        .join('');
    },
    forPod: (presences, pod) =>
      presences.map((presence) => {
        const seen = isPlain(presences) ? '' : seenBy(presence, pod);
        if (seen === '') return presence;
        const exclusion = exclusionsOf(presence.agent)[Number(seen.split('/')[1])];
        if (exclusion !== undefined) return leftOut(presence, exclusion);
        return presence.ruleset === undefined
          ? presence
          : { ...presence, ruleset: rulesetFor(presence.ruleset, pod, seen) };
      }),
    forget: () => {
      selected = new WeakMap();
    },
  };
};

/** Of an exclusion, what a verdict says of it: verdicts are remembered longer than exclusions have a place in a list. */
const wordsOf = (exclusion: Exclusion | undefined): string =>
  exclusion === undefined ? '' : shortHash(`${exclusion.cause}\n${exclusion.remedy}`);

/**
 * The agent runs and looks away: that is protection switched off for this pod, not an agent that is missing. One that does not work
 * anyhow has that for a reason.
 */
const leftOut = (presence: AgentPresence, { cause, remedy }: Exclusion): AgentPresence =>
  presence.trouble === undefined
    ? { ...presence, trouble: { reason: 'ProtectionDisabled', cause, remedy }, expectedSince: undefined }
    : presence;

const isExcluded = ({ annotation, image }: Exclusion, { shape }: PodFacts): boolean =>
  (annotation === undefined ||
    shape.annotations?.[annotation.key] === annotation.value ||
    shape.labels[annotation.key] === annotation.value) &&
  (image === undefined || mainContainers(shape).every((container) => isFromRepository(container.image, image)));

/** A pod counts as seen or left out by its main containers together. */
const mainContainers = ({ containers }: PodShape): PodShape['containers'] =>
  containers.filter(({ role }) => role === 'main');

const isInScope = (scope: PodScope, { namespace, shape }: PodFacts, labels: Labels): boolean =>
  (scope.namespace === undefined || scope.namespace === namespace) &&
  (scope.namespaceSelector === undefined || matchesLabels(scope.namespaceSelector, labels)) &&
  (scope.podSelector === undefined || matchesLabels(scope.podSelector, shape.labels)) &&
  (scope.containers === undefined || mainContainers(shape).every(({ name }) => scope.containers?.includes(name)));
