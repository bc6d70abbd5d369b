// Leader election on a Lease. Who leads decides by its own monotonic clock alone, from when it asked to renew; who waits, from when it
// saw the record change. The leader stops before anybody may start: 7 s against 10. A process that was stopped for seconds asks
// `isLeader` before each write; and since no clock tells of a machine that stood still, what cannot be taken back waits for `provenUntil`.

import { type Clock, type Random, sleep, systemClock } from './clock.ts';
import { classify } from './errors.ts';
import { type Log, silentLog } from './log.ts';
import { microTime } from './micro-time.ts';
import { apiVersionOf, pathOf, resources } from './resource.ts';
import type { Transport } from './transport.ts';

export interface LeaseTiming {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface LeaderElectionOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** Of this process and no other, also not of its next start: a Pod's name with something random. */
  readonly identity: string;
  /** The leader's work. Ends when the signal aborts; ending before gives the lead away. */
  readonly onStartedLeading: (signal: AbortSignal) => Promise<void>;
  readonly onNewLeader?: (identity: string) => void;
  readonly timing?: LeaseTiming;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

export interface LeaderElection {
  /**
   * Waits for the lead, leads, and gives it back when the signal aborts. Rejects with LeadershipLost when the lead was lost, after which
   * the process should exit: half-finished work of an old leader is best forgotten.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Whether this process may act as the leader at this moment, which it may until it has given the Lease back. */
  isLeader(): boolean;
  /**
   * Up to then, by the monotonic clock, nobody else can have led since this process does: when the last renewal that succeeded was begun.
   * Whatever was done before then was there for every later leader to see.
   */
  provenUntil(): number;
  /** As last seen. */
  holder(): string | undefined;
}

export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

const defaultTiming: LeaseTiming = { leaseMs: 10_000, renewDeadlineMs: 7000, retryMs: 1000 };
/** So that a hanging connection costs one try of several, not the lead. */
const requestDeadlineMs = 2000;
/** Between tries, also where one took longer than the pause; what the server did late shows up in the next. */
const leastPauseMs = 200;

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new Candidate(options);
}

class Candidate implements LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #timing: LeaseTiming;
  #record: Lease | undefined;
  /** When the record was first seen as it is now, on our monotonic clock. */
  #changedAt = Number.NEGATIVE_INFINITY;
  /** When the last renewal that succeeded was begun. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  #leading = false;
  #complaint = '';

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLog;
    this.#timing = options.timing ?? defaultTiming;
  }

  isLeader(): boolean {
    // By time too, since the timer that ends the lead may itself be late.
    return this.#leading && this.#clock.monotonic() < this.#renewedAt + this.#timing.renewDeadlineMs;
  }

  provenUntil(): number {
    return this.#leading ? this.#renewedAt : Number.NEGATIVE_INFINITY;
  }

  holder(): string | undefined {
    return this.#record?.spec.holderIdentity || undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    this.#log.info({ identity: this.#options.identity }, 'leading');
    this.#leading = true;
    const lead = new AbortController();
    const stop = (): void => lead.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const work = this.#options.onStartedLeading(lead.signal).finally(stop);
    // Awaited below; until then a failure is no unhandled one.
    work.catch(() => {});
    try {
      const lost = await this.#keep(lead.signal);
      if (lost) this.#leading = false;
      stop();
      if (lost) throw new LeadershipLost(`${this.#options.identity} lost the lead: ${lost}`);
      // What is under way may end: the Lease is ours until it is given back.
      if (await this.#endsInTime(work)) await this.#release();
      await work;
    } finally {
      this.#leading = false;
      signal.removeEventListener('abort', stop);
    }
  }

  /** Tries until it leads, or until the signal aborts. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#attempt(requestDeadlineMs, signal)) return true;
      const spec = this.#record?.spec;
      const freeInMs = spec?.holderIdentity ? this.#expiresAt() - this.#clock.monotonic() : Number.POSITIVE_INFINITY;
      // As soon as the record expires, but never in a busy loop.
      await sleep(this.#clock, Math.max(leastPauseMs, Math.min(this.#pause(), freeInMs)), signal);
    }
    return false;
  }

  /** Renews until the signal aborts (undefined) or the lead is lost (why). */
  async #keep(signal: AbortSignal): Promise<string | undefined> {
    const { renewDeadlineMs } = this.#timing;
    let triedAt = this.#renewedAt;
    for (;;) {
      const end = this.#renewedAt + renewDeadlineMs;
      const next = Math.max(triedAt + this.#pause(), this.#clock.monotonic() + leastPauseMs);
      await sleep(this.#clock, Math.min(next, end) - this.#clock.monotonic(), signal);
      if (signal.aborted) return undefined;
      const leftMs = end - this.#clock.monotonic();
      if (leftMs <= 0) return `it could not be renewed for ${renewDeadlineMs} ms (${this.#complaint || 'no answer'})`;
      triedAt = this.#clock.monotonic();
      const renewed = await this.#within(leftMs, this.#attempt(Math.min(requestDeadlineMs, leftMs), signal));
      if (signal.aborted) return undefined;
      const holder = this.#record && (this.holder() ?? 'nobody');
      // Also where nobody does: another one led meanwhile, and gave it back.
      if (!renewed && holder !== undefined && holder !== this.#options.identity) return `${holder} holds the lease`;
    }
  }

  /** Leaves a request to itself that outlives its own deadline. */
  async #within(ms: number, attempt: Promise<boolean>): Promise<boolean> {
    const timeout = new AbortController();
    const result = await Promise.race([attempt, sleep(this.#clock, ms, timeout.signal).then(() => false)]);
    timeout.abort();
    return result;
  }

  /** Acquires or renews, if that is ours to do. Never throws. */
  async #attempt(deadlineMs: number, signal: AbortSignal): Promise<boolean> {
    const begunAt = this.#clock.monotonic();
    try {
      // The holder knows its own record and writes at once; a conflict shows that somebody else did too, or that it wrote itself and never
      // heard so.
      if (!this.#leading || !this.#record) await this.#read(deadlineMs, signal);
      if (this.#heldByAnother()) return false;
      await this.#write(this.#claim(), deadlineMs, signal).catch(async (error: unknown) => {
        const kind = classify(error);
        if (kind !== 'conflict' && kind !== 'exists' && kind !== 'notFound') throw error;
        await this.#read(deadlineMs, signal);
        if (this.holder() !== this.#options.identity) throw error;
        await this.#write(this.#claim(), deadlineMs, signal);
      });
      this.#renewedAt = begunAt;
      this.#complaint = '';
      return true;
    } catch (error) {
      // Losing the race for a free lease is no trouble.
      if (!signal.aborted && classify(error) !== 'exists' && classify(error) !== 'conflict') this.#complain(error);
      return false;
    }
  }

  async #read(deadlineMs: number, signal: AbortSignal): Promise<void> {
    const { transport, namespace, name } = this.#options;
    try {
      this.#see(
        await transport.request<Lease>({
          method: 'GET',
          path: pathOf(resources.leases, { namespace, name }),
          priority: 'lease',
          deadlineMs,
          signal,
        }),
      );
    } catch (error) {
      if (classify(error) !== 'notFound') throw error;
      this.#record = undefined;
    }
  }

  async #write(spec: LeaseSpec, deadlineMs: number, signal?: AbortSignal): Promise<void> {
    const { transport, namespace, name } = this.#options;
    const record = this.#record;
    const lease = {
      ...record,
      apiVersion: apiVersionOf(resources.leases),
      kind: resources.leases.kind,
      metadata: record?.metadata ?? { namespace, name },
      spec,
    };
    this.#see(
      await transport.request<Lease>({
        method: record ? 'PUT' : 'POST',
        path: pathOf(resources.leases, record ? { namespace, name } : { namespace }),
        body: lease,
        priority: 'lease',
        retry: false,
        deadlineMs,
        ...(signal ? { signal } : {}),
      }),
    );
  }

  #see(lease: Lease): void {
    const before = this.#record;
    this.#record = lease;
    if (before?.metadata.resourceVersion !== lease.metadata.resourceVersion) this.#changedAt = this.#clock.monotonic();
    const { holderIdentity } = lease.spec;
    if (holderIdentity && holderIdentity !== before?.spec.holderIdentity) this.#options.onNewLeader?.(holderIdentity);
  }

  #heldByAnother(): boolean {
    const holder = this.holder();
    if (holder === undefined || holder === this.#options.identity) return false;
    return this.#clock.monotonic() < this.#expiresAt();
  }

  /** By the holder's own word on how long it holds, where that is longer than ours. */
  #expiresAt(): number {
    const theirsMs = (this.#record?.spec.leaseDurationSeconds ?? 0) * 1000;
    return this.#changedAt + Math.max(theirsMs, this.#timing.leaseMs);
  }

  #claim(): LeaseSpec {
    const { identity } = this.#options;
    const before = this.#record?.spec;
    const now = microTime(this.#clock.now());
    const kept = before?.holderIdentity === identity;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
      acquireTime: kept ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (kept || !before ? 0 : 1),
    };
  }

  /** Whether the work has ended while the lease is surely still ours, so that giving it away opens no second lead. */
  #endsInTime(work: Promise<void>): Promise<boolean> {
    const leftMs = Math.max(0, this.#renewedAt + this.#timing.renewDeadlineMs - this.#clock.monotonic());
    const ended = work.then(
      () => true,
      () => true,
    );
    return this.#within(leftMs, ended);
  }

  /** A courtesy: the next leader need not wait for the record to expire. */
  async #release(): Promise<void> {
    this.#leading = false;
    if (!this.#record) return;
    const now = microTime(this.#clock.now());
    const spec = { ...this.#record.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now };
    await this.#write(spec, requestDeadlineMs).catch((error: unknown) => this.#complain(error));
  }

  #pause(): number {
    return this.#timing.retryMs * (1 + 0.2 * this.#random());
  }

  /** Once for each new trouble, not each second. */
  #complain(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#complaint) this.#log.warn({ error: message }, 'the lease could not be read or written');
    this.#complaint = message;
  }
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

interface Lease {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
  readonly spec: LeaseSpec;
}
