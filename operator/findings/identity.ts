// Where a finding stands in the cluster: in the namespace of its workload, or of the operator for a node; under a name made of what it is
// about, so that every leader finds it again.
import { shortHash } from '../../domain/hash.ts';
import type { FindingSubject } from '../../domain/findings/types.ts';

export interface FindingIdentity {
  readonly namespace: string;
  readonly name: string;
}

/** Of the readable part; the hash makes it unique, and a name has at most 253 characters. */
const longestWord = 60;

export const identityOf = (behaviour: string, subject: FindingSubject, operatorNamespace: string): FindingIdentity => {
  const { kind, namespace, name, container } = subject;
  const hash = shortHash(JSON.stringify([behaviour, kind, namespace, name, container]));
  return {
    namespace: namespace ?? operatorNamespace,
    name: `${kebab(behaviour)}-${name
      .slice(0, longestWord)
      .replace(/[-.]+$/, '')
      .replaceAll('.', '-')}-${hash}`,
  };
};

export const findingKey = ({ namespace, name }: FindingIdentity): string => `${namespace}/${name}`;

export interface Places {
  /** The subject that is a container of a workload: the same object for as long as the workload is. */
  readonly subjectOf: (workload: OfWorkload, namespace: string, container: string) => FindingSubject;
  /** As `identityOf`, worked out once for each of these subjects. */
  readonly of: (behaviour: string, subject: FindingSubject) => Place;
}

interface OfWorkload {
  readonly kind: string;
  readonly name: string;
}

interface Place {
  readonly identity: FindingIdentity;
  readonly key: string;
}

/** To put a name together and hash it costs more than all that is then done with an event. What is known goes with its workload. */
export const createPlaces = (operatorNamespace: string): Places => {
  const subjects = new WeakMap<OfWorkload, Map<string, FindingSubject>>();
  const places = new WeakMap<FindingSubject, Map<string, Place>>();
  return {
    subjectOf: (workload, namespace, container) => {
      const containers = subjects.get(workload) ?? new Map<string, FindingSubject>();
      const known = containers.get(container);
      if (known !== undefined) return known;
      const subject = { kind: workload.kind, namespace, name: workload.name, container };
      subjects.set(workload, containers.set(container, subject));
      return subject;
    },
    of: (behaviour, subject) => {
      const ofSubject = places.get(subject) ?? new Map<string, Place>();
      const known = ofSubject.get(behaviour);
      if (known !== undefined) return known;
      const identity = identityOf(behaviour, subject, operatorNamespace);
      const place = { identity, key: findingKey(identity) };
      places.set(subject, ofSubject.set(behaviour, place));
      return place;
    },
  };
};

/** `Deployment/checkout`, `Node/worker-7`. */
export const referenceOf = ({ kind, name }: FindingSubject): string => `${kind}/${name}`;

const kebab = (behaviour: string): string =>
  behaviour
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .slice(0, longestWord);
