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
  /** As `identityOf`, worked out once for each. */
  readonly of: (behaviour: string, subject: FindingSubject) => Place;
}

interface Place {
  readonly identity: FindingIdentity;
  readonly key: string;
}

/** More than there are findings in most clusters; past it all are worked out anew. */
const mostPlaces = 10_000;

export const createPlaces = (operatorNamespace: string): Places => {
  const known = new Map<string, Place>();
  return {
    of: (behaviour, subject) => {
      const { kind, namespace = '', name, container = '' } = subject;
      // None of them may hold a line end.
      const all = `${namespace}\n${name}\n${kind}\n${container}\n${behaviour}`;
      const found = known.get(all);
      if (found !== undefined) return found;
      const identity = identityOf(behaviour, subject, operatorNamespace);
      const place = { identity, key: findingKey(identity) };
      if (known.size >= mostPlaces) known.clear();
      known.set(all, place);
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
