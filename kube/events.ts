// Kubernetes Events: what a person sees with `kubectl describe`. They inform and never decide, so they may be dropped, and must never
// cost the cluster more than what they tell is worth.

import { type Clock, type Random, sleep, systemClock } from './clock.ts';
import { classify } from './errors.ts';
import { type Log, silentLog } from './log.ts';
import { microTime } from './micro-time.ts';
import { apiVersionOf, pathOf, resources } from './resource.ts';
import { type Transport, contentTypes } from './transport.ts';

export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
}

export interface EventRecord {
  readonly regarding: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines: `AgentMissing`. */
  readonly reason: string;
  /** What was done or tried, CamelCase: `Evaluate`. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorder {
  /** Returns at once; what cannot be sent soon is dropped and counted. */
  record(event: EventRecord): void;
  run(signal: AbortSignal): Promise<void>;
  readonly dropped: number;
}

export interface EventRecorderOptions {
  readonly transport: Transport;
  /** `workloadprotection.dev/operator`. */
  readonly reportingController: string;
  /** This process: the Pod's name. */
  readonly reportingInstance: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
  readonly onDropped?: () => void;
}

/** The same reason on the same object again within this time is one more of a series. */
const seriesMs = 600_000;
/** A series is written at most so often, with the count of all since. */
const seriesWriteMs = 60_000;
/** New objects: a burst for a start-up that finds much, then two a second. */
const burst = 50;
const perSecond = 2;
/** Remembered series; beyond it the oldest are forgotten, and would begin anew. */
const maxSeries = 2000;
const flushEveryMs = 500;
const eventDeadlineMs = 10_000;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

interface Series {
  readonly event: EventRecord;
  readonly name: string;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** What the server has. */
  written: number;
  writtenAt: number;
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #series = new Map<string, Series>();
  readonly #fresh = new Set<Series>();
  #tokens = burst;
  #refilledAt: number;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? silentLog;
    this.#refilledAt = this.#clock.monotonic();
  }

  get dropped(): number {
    return this.#dropped;
  }

  record(event: EventRecord): void {
    const { regarding } = event;
    const key = [
      regarding.kind,
      regarding.namespace ?? '',
      regarding.name,
      regarding.uid ?? '',
      event.type,
      event.reason,
    ].join('|');
    const known = this.#series.get(key);
    if (known && this.#clock.monotonic() - known.writtenAt < seriesMs) {
      known.count += 1;
      known.lastAt = this.#clock.now();
      return;
    }
    if (!this.#token()) {
      this.#dropped += 1;
      this.#options.onDropped?.();
      return;
    }
    const now = this.#clock.now();
    const series: Series = {
      event,
      name: this.#nameFor(regarding.name),
      firstAt: now,
      lastAt: now,
      count: 1,
      written: 0,
      writtenAt: this.#clock.monotonic(),
    };
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#fresh.add(series);
    this.#forgetOldest();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#clock, flushEveryMs, signal);
      await this.#flush(signal);
    }
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    // What happened last before the end is sent too; its own deadline bounds that.
    for (const series of this.#fresh) await this.#send(series);
    this.#fresh.clear();
    for (const [key, series] of this.#series) {
      const ageMs = now - series.writtenAt;
      if (series.count > series.written && (ageMs >= seriesWriteMs || signal.aborted)) await this.#send(series);
      else if (ageMs >= seriesMs) this.#series.delete(key);
    }
  }

  async #send(series: Series): Promise<void> {
    const { transport } = this.#options;
    const namespace = series.event.regarding.namespace || 'default';
    const { count } = series;
    try {
      if (series.written === 0) {
        await transport.request({
          method: 'POST',
          path: pathOf(resources.events, { namespace }),
          body: this.#body(series, namespace),
          deadlineMs: eventDeadlineMs,
        });
      } else {
        await transport.request({
          method: 'PATCH',
          path: pathOf(resources.events, { namespace, name: series.name }),
          body: { series: { count, lastObservedTime: microTime(series.lastAt) } },
          contentType: contentTypes.mergePatch,
          deadlineMs: eventDeadlineMs,
        });
      }
      series.written = count;
    } catch (error) {
      this.#dropped += 1;
      this.#options.onDropped?.();
      // Not again and again: the next minute, as a new one where the server has forgotten it.
      if (classify(error) === 'notFound') series.written = 0;
      const { reason, regarding } = series.event;
      const fields = {
        reason,
        kind: regarding.kind,
        name: regarding.name,
        error: error instanceof Error ? error.message : String(error),
      };
      this.#log.warn(fields, 'an Event could not be written');
    }
    series.writtenAt = this.#clock.monotonic();
  }

  #body(series: Series, namespace: string): object {
    const { regarding, type, reason, action, note } = series.event;
    const { reportingController, reportingInstance } = this.#options;
    const again =
      series.count > 1 ? { series: { count: series.count, lastObservedTime: microTime(series.lastAt) } } : {};
    return {
      apiVersion: apiVersionOf(resources.events),
      kind: resources.events.kind,
      metadata: { name: series.name, namespace },
      eventTime: microTime(series.firstAt),
      reportingController,
      // Limits of the API: 128 characters each, a note 1,024 bytes.
      reportingInstance: reportingInstance.slice(0, 128),
      action: action.slice(0, 128),
      reason: reason.slice(0, 128),
      type,
      note: cutBytes(note, 1024),
      regarding,
      ...again,
    };
  }

  /** Of the object's name and something unique, as client-go names them. */
  #nameFor(subject: string): string {
    const unique = this.#clock.now().toString(16) + Math.floor(this.#random() * 0xffffffff).toString(16);
    return `${subject.slice(0, 200).replace(/[-.]+$/, '')}.${unique}`;
  }

  #token(): boolean {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilledAt) / 1000) * perSecond);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #forgetOldest(): void {
    for (const [key, series] of this.#series) {
      if (this.#series.size <= maxSeries) return;
      this.#series.delete(key);
      this.#fresh.delete(series);
    }
  }
}

function cutBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let cut = text.slice(0, bytes - 3);
  while (Buffer.byteLength(cut) > bytes - 3) cut = cut.slice(0, -1);
  return `${cut}…`;
}
