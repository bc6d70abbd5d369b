// Whether what an agent counted on one node has arrived: the growth of its counters against the events that came, rule by rule. Every
// doubt is against the agent: what cannot be told apart is not credited. Times are milliseconds of a clock that never jumps, unless
// they are said to be of the agent's clock, which only the agent's own times are compared with.
import type { Emitted } from '../telemetry/types.ts';

export interface DeliveryAccount {
  /** An event that the agent dates to `happenedAt`, by its own clock. Costs the same however many there are. */
  readonly arrived: (rule: string, happenedAt: number, now: number) => void;
  /** What the agent's counters say. */
  readonly read: (emitted: Emitted, now: number) => void;
  /** `counts`: the rules that are looked at. */
  readonly standing: (counts: (rule: string) => boolean) => DeliveryStanding;
}

export type DeliveryStanding =
  /** The counters do not count what arrives; or, early, have not been read twice. */
  | { readonly kind: 'untold'; readonly isEarly: boolean }
  /** All that was counted up to `readAt` has arrived, since the counters were first read. */
  | { readonly kind: 'balanced'; readonly readAt: number }
  /** Less has arrived than was counted when the counters were read at `since`. Lost: and will not any more. */
  | {
      readonly kind: 'owing';
      readonly rule: string;
      readonly count: number;
      readonly since: number;
      readonly isLost: boolean;
    };

/** What was counted has so long to arrive, and at least until the counters are read again: shippers collect for seconds. */
export const allowanceMs = 30_000;
/** With those that a reading names, which are as many at most: arrivals name what they like. */
const mostRules = 1000;
/** Of the arrivals between two readings, for what begins to count anew in between; of more than these nothing is certain. */
const mostTimes = 8;

/** A moment that nothing before it is owed for. */
interface Start {
  /** By the agent's clock. */
  readonly happened: number;
  readonly at: number;
}

interface RuleAccount {
  readonly rule: string;
  start: Start;
  /** What the counter said at the start, and says now. */
  counted: number;
  emitted: number;
  /** Of what happened since the start; and of that, since the last reading, with when. */
  arrived: number;
  ahead: number;
  times: number[] | undefined;
  /** More arrivals than were counted, at the last reading. */
  surplus: number;
  /** So many must have arrived, as was known at `since`. */
  due: { readonly arrivals: number; readonly since: number } | undefined;
  /** Final: its counters have begun anew since, so that nobody will know whether it came after all. */
  lost: { readonly count: number; readonly at: number; readonly isFinal: boolean } | undefined;
}

export const createDeliveryAccount = (): DeliveryAccount => {
  const rules = new Map<string, RuleAccount>();
  /** Of `rules`: those that are not settled. */
  const open = new Set<RuleAccount>();
  let [first, last]: (Start | undefined)[] = [];
  let since = 0;
  let [readings, arrivesUncounted, isLosing] = [0, false, false];

  const accountOf = (rule: string, start: Start): RuleAccount => {
    const known = rules.get(rule);
    if (known !== undefined) return known;
    const account = newAccount(rule, start);
    rules.set(rule, account);
    return account;
  };

  const writeOff = (now: number): void => {
    isLosing = false;
    for (const account of open) {
      if (account.lost === undefined || last === undefined) continue;
      if (account.lost.at >= now) {
        isLosing = true;
        continue;
      }
      // What is counted from the last reading on must arrive again; what was lost may still come, and pays for nothing.
      account.start = { happened: last.happened, at: now };
      account.counted = account.emitted;
      account.arrived = account.ahead;
      [account.due, account.lost] = [undefined, undefined];
      open.delete(account);
    }
  };

  /**
   * Counters that began anew: what they counted since must have come since; what was still owed before is lost. Where it is not known when
   * they did, nothing that has come is surely among what they count.
   */
  const beginAnew = ({ since: began, until }: Emitted, now: number): void => {
    const happened = began === since ? until : began;
    first = { happened, at: now };
    for (const account of rules.values()) {
      const owed = owedBy(account);
      if (account.lost !== undefined) account.lost = { ...account.lost, isFinal: true };
      else if (owed > 0) account.lost = { count: owed, at: now, isFinal: true };
      const arrived = account.times?.filter((time) => time > happened).length ?? 0;
      Object.assign(account, { start: first, counted: 0, arrived, surplus: 0, due: undefined });
    }
  };

  /** Answers how many came twice. */
  const settle = (account: RuleAccount, now: number): number => {
    const owed = account.emitted - account.counted - account.arrived;
    // What came while the counters were read is counted the next time; what is still too much then came twice.
    const twice = Math.min(Math.max(0, -owed), account.surplus);
    account.arrived -= twice;
    account.surplus = Math.max(0, -owed) - twice;
    if (owedBy(account) <= 0) {
      account.due = undefined;
      if (account.lost?.isFinal === false) account.lost = undefined;
    }
    if (account.due === undefined) {
      if (owed > 0) account.due = { arrivals: account.emitted - account.counted, since: now };
    } else if (now - account.due.since >= allowanceMs) {
      account.lost = { isFinal: false, at: now, ...account.lost, count: owed };
    }
    if (account.due === undefined && account.lost === undefined) open.delete(account);
    else open.add(account);
    isLosing ||= account.lost !== undefined;
    account.ahead = 0;
    account.times = undefined;
    return twice;
  };

  return {
    arrived: (rule, happenedAt, now) => {
      if (first === undefined || last === undefined) return;
      if (isLosing) writeOff(now);
      if (rules.size >= mostRules && !rules.has(rule)) return;
      const account = accountOf(rule, first);
      if (isAfter(account.start, happenedAt, now)) account.arrived++;
      if (!isAfter(last, happenedAt, now)) return;
      account.ahead++;
      account.times ??= [];
      if (account.times.length < mostTimes) account.times.push(happenedAt);
    },
    read: (emitted, now) => {
      const matches = new Map(emitted.matches.map(({ rule, count }) => [rule, count]));
      const here = { happened: emitted.until, at: now };
      if (first === undefined) {
        first = here;
        for (const [rule, count] of matches) Object.assign(accountOf(rule, here), { counted: count, emitted: count });
      } else {
        for (const rule of matches.keys()) accountOf(rule, first);
        const isLess = [...rules.values()].some((account) => (matches.get(account.rule) ?? 0) < account.emitted);
        if (isLess || emitted.since !== since) beginAnew(emitted, now);
        for (const account of rules.values()) account.emitted = matches.get(account.rule) ?? 0;
        let twice = 0;
        for (const account of rules.values()) twice += settle(account, now);
        // Where nothing is counted and yet something comes, its counters are switched off.
        arrivesUncounted = matches.size === 0 && (arrivesUncounted || twice > 0);
      }
      [last, since] = [here, emitted.since];
      readings++;
    },
    standing: (counts) => {
      let worst: Extract<DeliveryStanding, { kind: 'owing' }> | undefined;
      for (const account of open) {
        if (!counts(account.rule)) continue;
        const standing = standingOf(account);
        if (standing !== undefined && (worst === undefined || isWorse(standing, worst))) worst = standing;
      }
      if (worst !== undefined) return worst;
      if (last === undefined || readings < 2) return { kind: 'untold', isEarly: true };
      return arrivesUncounted ? { kind: 'untold', isEarly: false } : { kind: 'balanced', readAt: last.at };
    },
  };
};

const newAccount = (rule: string, start: Start): RuleAccount => ({
  rule,
  start,
  counted: 0,
  emitted: 0,
  arrived: 0,
  ahead: 0,
  times: undefined,
  surplus: 0,
  due: undefined,
  lost: undefined,
});

/** By the agent's own clock, or because what happened before would have come by now. */
const isAfter = ({ happened, at }: Start, happenedAt: number, now: number): boolean =>
  happenedAt > happened || now > at + allowanceMs;

/** Of what was counted when it fell due. */
const owedBy = ({ due, arrived }: RuleAccount): number => (due === undefined ? 0 : due.arrivals - arrived);

const standingOf = (account: RuleAccount): Extract<DeliveryStanding, { kind: 'owing' }> | undefined => {
  const { rule, due, lost, emitted, counted, arrived } = account;
  if (lost !== undefined) return { kind: 'owing', rule, count: lost.count, since: lost.at, isLost: true };
  if (due === undefined || owedBy(account) <= 0) return undefined;
  return { kind: 'owing', rule, count: emitted - counted - arrived, since: due.since, isLost: false };
};

const isWorse = (
  a: Extract<DeliveryStanding, { kind: 'owing' }>,
  b: Extract<DeliveryStanding, { kind: 'owing' }>,
): boolean => (a.isLost === b.isLost ? a.count > b.count : a.isLost);
