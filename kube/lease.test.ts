import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KubeError } from './errors.ts';
import { type LeaderElection, LeadershipLost, createLeaderElection } from './lease.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import type { KubeRequest, Transport } from './transport.ts';

interface StoredLease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity: string; readonly renewTime: string; readonly leaseTransitions: number };
}

/** How one request fares: the time on the way there and back, and where it is lost. */
interface Fate {
  readonly thereMs: number;
  readonly backMs: number;
  readonly lost: 'no' | 'there' | 'back';
}

const good: Fate = { thereMs: 5, backMs: 5, lost: 'no' };

/** One Lease with optimistic locking, behind a network whose every delay and loss is given. */
class LeaseServer {
  lease: StoredLease | undefined;
  writes = 0;
  readonly #clock: FakeClock;
  #version = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  transport(fate: () => Fate): Transport {
    const request = async <T>(request: KubeRequest): Promise<T> => {
      const { thereMs, backMs, lost } = fate();
      const outcome = Promise.withResolvers<unknown>();
      const fail = (reason: string): void =>
        outcome.reject(
          new KubeError({ code: 0, reason, message: 'lost', request: `${request.method} ${request.path}` }),
        );
      this.#clock.after(request.deadlineMs ?? 30_000, () => fail('DeadlineExceeded'));
      request.signal?.addEventListener('abort', () => fail('Aborted'));
      this.#clock.after(thereMs, () => {
        if (lost === 'there') return;
        // What has arrived is done, whether or not the answer does.
        const answer = this.#serve(request);
        if (lost === 'back') return;
        this.#clock.after(backMs, () =>
          answer instanceof KubeError ? outcome.reject(answer) : outcome.resolve(answer),
        );
      });
      return (await outcome.promise) as T;
    };
    return { request, stream: () => (async function* () {})(), close: () => Promise.resolve() };
  }

  #serve({ method, path, body }: KubeRequest): unknown {
    const label = `${method} ${path}`;
    const refuse = (code: number, reason: string): KubeError =>
      new KubeError({ code, reason, message: 'refused', request: label });
    if (method === 'GET') return this.lease ?? refuse(404, 'NotFound');
    const given = body as StoredLease;
    if (method === 'POST' && this.lease) return refuse(409, 'AlreadyExists');
    if (method === 'PUT' && given.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
      return refuse(409, 'Conflict');
    this.#version += 1;
    this.writes += 1;
    this.lease = { ...given, metadata: { ...given.metadata, resourceVersion: String(this.#version) } };
    return this.lease;
  }
}

interface Candidate {
  readonly election: LeaderElection;
  readonly stop: AbortController;
  readonly leading: () => boolean;
  readonly ended: () => unknown;
}

function candidate(clock: FakeClock, server: LeaseServer, identity: string, fate: () => Fate = () => good): Candidate {
  const stop = new AbortController();
  let lead: AbortSignal | undefined;
  let ended: unknown;
  const election = createLeaderElection({
    transport: server.transport(fate),
    namespace: 'workload-protection',
    name: 'operator',
    identity,
    clock,
    random: () => 0.5,
    onStartedLeading(signal) {
      lead = signal;
      return new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve());
      });
    },
  });
  election.run(stop.signal).then(
    () => (ended = 'ended'),
    (error: unknown) => (ended = error),
  );
  return { election, stop, leading: () => lead !== undefined && !lead.aborted, ended: () => ended };
}

describe('leader election', () => {
  test('the first candidate leads, writes six digits of a second, and renews each second', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const a = candidate(clock, server, 'a');
    await clock.advance(100);
    expect(a.leading()).toBe(true);
    expect(a.election.isLeader()).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 10, leaseTransitions: 0 });
    expect(server.lease?.spec.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await clock.advance(11_000);
    expect(server.writes).toBeGreaterThanOrEqual(9);
    expect(server.writes).toBeLessThanOrEqual(12);
  });

  test('a standby is at work within 15 s after the leader was killed', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    let dead = false;
    candidate(clock, server, 'a', () => (dead ? { ...good, lost: 'there' } : good));
    await clock.advance(1000);
    const b = candidate(clock, server, 'b');
    await clock.advance(20_000);
    expect(b.leading()).toBe(false);
    expect(b.election.holder()).toBe('a');
    dead = true;
    await clock.advance(13_000);
    expect(b.leading()).toBe(true);
    expect(server.lease?.spec.leaseTransitions).toBe(1);
  });

  test('stopping gives the lead away at once', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const a = candidate(clock, server, 'a');
    await clock.advance(1000);
    const b = candidate(clock, server, 'b');
    await clock.advance(1000);
    a.stop.abort();
    await clock.advance(2000);
    expect(a.ended()).toBe('ended');
    expect(b.leading()).toBe(true);
  });

  test('work that does not stop keeps the lease until it expires', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const stop = new AbortController();
    const election = createLeaderElection({
      transport: server.transport(() => good),
      namespace: 'n',
      name: 'l',
      identity: 'a',
      clock,
      random: () => 0.5,
      onStartedLeading: () => new Promise(() => {}),
    });
    election.run(stop.signal).catch(() => {});
    await clock.advance(1000);
    stop.abort();
    await clock.advance(30_000);
    expect(server.lease?.spec.holderIdentity).toBe('a');
  });

  test('a leader that cannot renew stops after 7 s, and its run fails', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    let cut = false;
    const a = candidate(clock, server, 'a', () => (cut ? { ...good, lost: 'there' } : good));
    await clock.advance(5000);
    cut = true;
    await clock.advance(5000);
    expect(a.leading()).toBe(true);
    await clock.advance(2500);
    expect(a.leading()).toBe(false);
    expect(a.election.isLeader()).toBe(false);
    expect(a.ended()).toBeInstanceOf(LeadershipLost);
    expect(String(a.ended())).toContain('could not be renewed for 7000 ms');
  });

  test('a leader whose machine stood still ends, also where the one that led meanwhile has given the Lease back', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const a = candidate(clock, server, 'a');
    await clock.advance(5000);
    if (server.lease === undefined) throw new Error('nobody leads');
    const { spec } = server.lease;
    // The clock of a machine that stood still tells nothing of it.
    server.lease = {
      metadata: { resourceVersion: 'of-another' },
      spec: { ...spec, holderIdentity: '', leaseTransitions: 1 },
    };
    await clock.advance(2000);
    expect(a.leading()).toBe(false);
    expect(String(a.ended())).toContain('nobody holds the lease');
  });

  test('what a leader did is proven to be its own once it has renewed since', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    let cut = false;
    const a = candidate(clock, server, 'a', () => (cut ? { ...good, lost: 'back' } : good));
    expect(a.election.provenUntil()).toBe(Number.NEGATIVE_INFINITY);
    await clock.advance(5000);
    const done = clock.monotonic();
    expect(a.election.provenUntil()).toBeLessThanOrEqual(done);
    cut = true;
    await clock.advance(3000);
    // The server has it, and we were not told.
    expect(a.election.provenUntil()).toBeLessThanOrEqual(done);
    cut = false;
    await clock.advance(2000);
    expect(a.election.provenUntil()).toBeGreaterThan(done);
    a.stop.abort();
    await clock.advance(2000);
    expect(a.election.provenUntil()).toBe(Number.NEGATIVE_INFINITY);
  });

  test('a leader that is asked to end may write what is under way, until it has given the Lease back', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const stop = new AbortController();
    const done = Promise.withResolvers<void>();
    const election = createLeaderElection({
      transport: server.transport(() => good),
      namespace: 'n',
      name: 'l',
      identity: 'a',
      clock,
      random: () => 0.5,
      onStartedLeading: () => done.promise,
    });
    const ended = election.run(stop.signal);
    await clock.advance(1000);
    stop.abort();
    await clock.advance(1000);
    expect(election.isLeader()).toBe(true);
    done.resolve();
    await clock.advance(1000);
    expect(election.isLeader()).toBe(false);
    expect(server.lease?.spec.holderIdentity).toBe('');
    await ended;
  });

  test('a leader survives 4 s in which every answer is lost', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    let cut = false;
    const a = candidate(clock, server, 'a', () => (cut ? { ...good, lost: 'back' } : good));
    await clock.advance(5000);
    cut = true;
    await clock.advance(4000);
    cut = false;
    await clock.advance(20_000);
    expect(a.leading()).toBe(true);
  });

  test('work that fails ends the run with its error, and frees the lease', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer(clock);
    const election = createLeaderElection({
      transport: server.transport(() => good),
      namespace: 'n',
      name: 'l',
      identity: 'a',
      clock,
      onStartedLeading: () => Promise.reject(new Error('broken')),
    });
    const ended = expect(election.run(new AbortController().signal)).rejects.toThrow('broken');
    await clock.advance(5000);
    await ended;
    expect(server.lease?.spec.holderIdentity).toBe('');
  });
});

test('whatever the network does, two candidates never lead at once, and in the end one does', async () => {
  const fate: fc.Arbitrary<Fate> = fc.record({
    thereMs: fc.oneof(fc.nat(100), fc.nat(12_000)),
    backMs: fc.oneof(fc.nat(100), fc.nat(12_000)),
    lost: fc.constantFrom('no', 'no', 'there', 'back'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { maxLength: 40 }),
      fc.array(fate, { maxLength: 40 }),
      fc.nat(3000),
      async (ofA, ofB, later) => {
        const clock = new FakeClock();
        const server = new LeaseServer(clock);
        // A process that lost the lead exits and is started again, under a new identity.
        const replicas = [ofA, ofB].map((fates, index) => ({
          fates: [...fates],
          name: 'ab'[index] ?? '',
          born: 0,
          now: undefined as Candidate | undefined,
        }));
        const care = (): void => {
          for (const replica of replicas) {
            if (replica.now && replica.now.ended() === undefined) continue;
            replica.born += 1;
            replica.now = candidate(
              clock,
              server,
              `${replica.name}-${replica.born}`,
              () => replica.fates.pop() ?? good,
            );
          }
        };
        const leaders = (): number => replicas.filter(({ now }) => now?.leading()).length;
        await clock.advance(later);
        for (let elapsed = 0; elapsed < 150_000; elapsed += 250) {
          care();
          await clock.advance(250);
          expect(leaders()).toBeLessThanOrEqual(1);
        }
        await settle();
        expect(replicas.flatMap(({ fates }) => fates).length > 0 || leaders() === 1).toBe(true);
        for (const { now } of replicas) now?.stop.abort();
        await clock.advance(30_000);
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);
