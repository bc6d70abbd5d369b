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

/** `Deployment/checkout`, `Node/worker-7`. */
export const referenceOf = ({ kind, name }: FindingSubject): string => `${kind}/${name}`;

const kebab = (behaviour: string): string =>
  behaviour
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .slice(0, longestWord);
