// Whether a snapshot is due: what was missed is made up for once, and a schedule that is new has missed nothing.
import { parseCron } from './cron.ts';
import { lastBetween, nextAfter } from './occurrences.ts';
import { zoneOf } from './zoned-time.ts';

export interface Schedule {
  readonly schedule: string;
  readonly timeZone: string | undefined;
}

/** What is remembered of a schedule, so that a restart neither repeats nor forgets. */
export interface ScheduleMemory extends Schedule {
  /** The last time that was served, or when the schedule was first seen. */
  readonly lastScheduledAt: number;
}

export type Due =
  | { readonly ok: false; readonly error: string }
  | {
      readonly ok: true;
      /** From when on the schedule counts. */
      readonly since: number;
      /** The time for which a snapshot is to be taken now; undefined: none is due. */
      readonly dueAt: number | undefined;
      /** Undefined for a schedule that never comes again. */
      readonly nextAt: number | undefined;
    };

export const dueSnapshot = (schedule: Schedule, memory: ScheduleMemory | undefined, now: number): Due => {
  const parsed = parseCron(schedule.schedule);
  if (!parsed.ok) return parsed;
  const zone = zoneOf(schedule.timeZone);
  if (zone === undefined) {
    return { ok: false, error: `no time zone is called "${schedule.timeZone}"; names are such as Europe/Berlin` };
  }
  const isSame = memory?.schedule === schedule.schedule && memory.timeZone === schedule.timeZone;
  // Where a clock was set back, waiting for it to come around again would skip what is due until then.
  const since = isSame ? Math.min(memory.lastScheduledAt, now) : now;
  return {
    ok: true,
    since,
    dueAt: lastBetween(parsed.cron, zone, since, now),
    nextAt: nextAfter(parsed.cron, zone, now),
  };
};
