// The namespaces whose workloads are judged, and the one policy that judges them.
import type { WorkloadPolicyInput } from '../../../crds/schema/workload-policy.ts';
import { apiVersion } from '../../../crds/schema/vocabulary.ts';
import type { Manifest } from '../../fleet/manifest.ts';

type Posture = NonNullable<NonNullable<WorkloadPolicyInput['spec']>['posture']>;

/** On a namespace: it is of production. */
export const inProduction = { env: 'production' };

/** Everything in production is judged at once, and by these behaviours. */
export const productionPolicy = (...posture: Posture): Manifest => ({
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name: 'production' },
  spec: { gracePeriod: '0s', selector: { namespaceSelector: { matchLabels: inProduction } }, posture },
});
