// Every change of a finding's phase as an Event in its namespace, for those who watch with kubectl.
import { operator, type Transition } from '../../domain/findings/life-cycle.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Log } from '../../kube/log.ts';
import { apiVersionOf, resources } from '../../kube/resource.ts';
import type { RawObject } from '../watches.ts';
import type { LiveFinding } from './book/live-finding.ts';
import { referenceOf } from './identity.ts';

const calming = new Set(['Resolved', 'Remediating', 'Verifying', 'RiskAccepted']);

export const recordTransition = (
  { events, log }: { readonly events: Pick<EventRecorder, 'record'>; readonly log: Log },
  { identity: { namespace, name }, record: { behaviour, subject } }: LiveFinding,
  { from, to, reason, message, actor }: Transition,
  { metadata: { uid } }: RawObject,
): void => {
  const { findings } = resources;
  log.info({ finding: `${namespace}/${name}`, behaviour, from, to, reason, actor }, message);
  events.record({
    regarding: {
      apiVersion: apiVersionOf(findings),
      kind: findings.kind,
      namespace,
      name,
      uid,
    },
    type: calming.has(to) ? 'Normal' : 'Warning',
    reason,
    action: 'Follow',
    note: `${behaviour} of ${referenceOf(subject)}: ${message}${actor === operator ? '' : ` By ${actor}.`}`,
  });
};
