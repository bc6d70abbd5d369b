// What is told to the outside, as CloudEvents 1.0: each change of a finding's phase, and each snapshot with its digest. An event is made
// of what the cluster stores, so that every leader makes the same event of the same change, under the same id.
import { shortHash } from '../hash.ts';
import { canonicalJson } from '../snapshot/canonical-json.ts';
import { findingName, teamOf, type StandingFinding, type TransitionStanding } from './finding-object.ts';

export interface CloudEvent {
  readonly specversion: '1.0';
  /** The same whenever it is sent again. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: object;
}

const typePrefix = 'dev.workloadprotection';

/** The cluster is named, since one receiver may hear several. */
export const sourceOf = (cluster: string, path: string): string =>
  `/workload-protection${cluster === '' ? '' : `/${encodeURIComponent(cluster)}`}/${path}`;

/** One event for each transition that is stored, the oldest first. */
export const findingEvents = (finding: StandingFinding, cluster: string): readonly CloudEvent[] => {
  const { history = [] } = finding.status;
  const seen = new Map<string, number>();
  return history.map((transition) => {
    const content = canonicalJson([transition.time, transition.from ?? '', transition.to, transition.reason]);
    const before = seen.get(content) ?? 0;
    seen.set(content, before + 1);
    return transitionEvent(finding, transition, cluster, `${shortHash(content)}-${before}`);
  });
};

const transitionEvent = (
  finding: StandingFinding,
  transition: TransitionStanding,
  cluster: string,
  id: string,
): CloudEvent => {
  const { metadata, spec, status } = finding;
  return {
    specversion: '1.0',
    id: `${metadata.uid ?? findingName(finding)}-${Date.parse(transition.time)}-${id}`,
    source: sourceOf(cluster, `findings/${findingName(finding)}`),
    type: `${typePrefix}.finding.${transition.to.toLowerCase()}.v1`,
    subject: status.subject.reference,
    time: transition.time,
    datacontenttype: 'application/json',
    data: {
      transition,
      finding: {
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        behaviour: status.behaviour,
        severity: status.severity,
        subject: status.subject,
        phase: status.phase,
        resolution: status.resolution,
        count: status.count,
        firstSeen: status.firstSeen,
        lastSeen: status.lastSeen,
        fixedAt: status.fixedAt,
        resolvedAt: status.resolvedAt,
        reopened: status.reopened,
        imageChange: status.imageChange,
        quiet: status.quiet,
        agents: status.agents,
        rules: status.rules,
        mitre: status.mitre,
      },
      case: {
        phase: spec.case.phase,
        owner: spec.case.owner,
        team: teamOf(finding),
        dueDate: spec.case.dueDate,
        links: spec.case.links,
      },
    },
  };
};

export interface TakenSnapshot {
  readonly name: string;
  readonly uid: string;
  readonly of: string;
  readonly takenAt: string;
  readonly digest: string;
}

export const snapshotEvent = ({ name, uid, of, takenAt, digest }: TakenSnapshot, cluster: string): CloudEvent => ({
  specversion: '1.0',
  id: `${uid}-taken`,
  source: sourceOf(cluster, `coveragereports/${encodeURIComponent(name)}`),
  type: `${typePrefix}.snapshot.taken.v1`,
  subject: name,
  time: takenAt,
  datacontenttype: 'application/json',
  data: { snapshot: name, of, takenAt, digest },
});

/** Those that come after the one that was told last; all where it is unknown, since then it is older than what is stored. */
export const eventsAfter = (events: readonly CloudEvent[], last: string | undefined): readonly CloudEvent[] =>
  last === undefined ? events : events.slice(events.findIndex(({ id }) => id === last) + 1);
