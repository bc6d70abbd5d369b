// What every slice carries besides its content, a frozen one as well.
import { apiVersionOf, resources } from '../../../kube/resource.ts';
import type { RawObject } from '../../watches.ts';

export const reportLabel = 'workloadprotection.dev/report';

/** A label's value is at most 63 characters long and ends in a letter or digit; a report's name may be longer. */
export const labelValue = (name: string): string => name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');

export const ownedBy = ({ metadata: { name, uid } }: RawObject): object => ({
  apiVersion: apiVersionOf(resources.coverageReports),
  kind: resources.coverageReports.kind,
  name,
  uid,
  controller: true,
});
