// What the verbs about findings say in the same words.
import { isOverdue, type FindingObject, type ImageChangeStanding } from '../../domain/findings/finding-object.ts';
import { imagesNow } from '../../domain/findings/image-change.ts';
import { parseDuration, formatDuration } from '../../crds/schema/duration.ts';
import { plural } from '../output/text.ts';
import { ageOf } from '../coverage/words.ts';

type Standing = NonNullable<FindingObject['status']>;

/** "3 hours ago", "in 3 hours". */
export const when = (time: string | undefined, now: number): string => {
  if (time === undefined) return '';
  const ms = Date.parse(time) - now;
  return ms > 0 ? `in ${ageOf(ms)}` : `${ageOf(-ms)} ago`;
};

/** Silence that counts so far, in milliseconds. */
export const observedOf = (quiet: NonNullable<Standing['quiet']>, now: number): number => {
  const before = parseDuration(quiet.observedBefore);
  const running = quiet.runningSince === undefined ? 0 : Math.max(0, now - Date.parse(quiet.runningSince));
  return Math.min(before + running, parseDuration(quiet.required));
};

/** How far the silence has come, in a few words for a table. */
export const clearing = ({ phase, quiet, resolution }: Standing, now: number): string => {
  if (phase === 'Resolved') return resolution === 'Gone' ? 'gone' : 'verified';
  if (phase === 'RiskAccepted' || quiet === undefined) return '';
  if (quiet.requiredRuns !== undefined) return `${quiet.observedRuns ?? 0}/${plural(quiet.requiredRuns, 'run')}`;
  if (isForgotten(quiet, now)) return 'stands still: nobody looks';
  if (quiet.clearsAt !== undefined) return when(quiet.clearsAt, now);
  return quiet.suspendedReason === undefined ? '' : `stands still: ${quiet.suspendedReason}`;
};

/** Longer than an operator that works needs to say that the clock has run out, or that it stands still. */
const forgottenAfterMs = 3 * 60_000;

/** The clock should have run out, and nobody says so: whoever looks at it is away, and its time does not count. */
export const isForgotten = ({ clearsAt }: NonNullable<Standing['quiet']>, now: number): boolean =>
  clearsAt !== undefined && now - Date.parse(clearsAt) > forgottenAfterMs;

export const progress = (quiet: NonNullable<Standing['quiet']>, now: number): string =>
  quiet.requiredRuns === undefined
    ? `${formatDuration(observedOf(quiet, now))} of ${quiet.required}`
    : `${quiet.observedRuns ?? 0} of ${plural(quiet.requiredRuns, 'clean run')}`;

/** The state whose colour it has: how much it wants to be looked at. */
export const colourOf = ({ status }: FindingObject): string => {
  switch (status?.phase) {
    case undefined:
      return 'Unknown';
    case 'Resolved':
      return 'Protected';
    case 'RiskAccepted':
      return 'Exempt';
    case 'Verifying':
      return 'Unknown';
    case 'Open':
    case 'Remediating':
      return status.severity === 'Critical' || status.severity === 'High' ? 'Failed' : 'Warning';
  }
};

export const dueOf = (finding: FindingObject, now: number): string => {
  const { dueDate } = finding.spec.case;
  if (dueDate === undefined) return '';
  return isOverdue(finding, now) ? `${dueDate} (overdue)` : dueDate;
};

/** Beside the image in which the behaviour was last seen. */
export const changedImage = (change: ImageChangeStanding): string =>
  `${imagesNow(change)} on all pods since ${change.since}`;

export const isFixFailed = ({ status }: FindingObject): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'FixFailed' && value === 'True') === true;
