// What was sent, what of it lies in a journal, and so what has to be counted; and where an event may count more often than once, because
// whoever leads cannot have known its id.
import { findSegments, readSegment } from '../../journal/segments.ts';
import type { Disk } from '../../journal/disk.ts';
import type { JournalPlace } from '../../../domain/findings/record.ts';
import { decodeEntry } from '../entry.ts';
import type { Item } from '../items.ts';
import type { StoredFinding } from './fake-findings.ts';

export interface SentEvent {
  readonly workload: string;
  readonly id: string | undefined;
  /** Names its container only by its id. */
  readonly isHidden: boolean;
}

export interface SentRequest {
  readonly number: number;
  readonly at: number;
  readonly events: readonly SentEvent[];
  /** Where it lies first, once it is known to lie anywhere. */
  place: JournalPlace | undefined;
  isAnswered: boolean;
}

export interface Truth {
  readonly requests: readonly SentRequest[];
  send(events: readonly SentEvent[], at: number): SentRequest;
  itemsOf(request: SentRequest, at: number): readonly Item[];
  /** What a restart finds: also what nobody was answered. */
  find(disk: Disk, journal: string): Promise<void>;
  /** Whether anything lies first in that journal behind that position. */
  liesFirst(journal: string, position: number): boolean;
  /** Another one leads, which knows so much of the ids that were counted. */
  excuse(known: ReadonlySet<string>, stored: readonly StoredFinding[]): void;
  /** Ids of a request may count again: they were sent too long ago. */
  forgive(request: SentRequest): void;
  /** What was counted in the finding of a workload stood in a memory that is gone. */
  loosen(workload: string): void;
  /** What speaks against these counts: too many at any time; too few once everything is done. */
  contradictions(stored: readonly StoredFinding[], isDone: boolean): readonly string[];
}

export const workloads = ['w0', 'w1', 'w2'] as const;
export const containerIdOf = (workload: string): string => workload.padEnd(64, '0');

export const createTruth = (): Truth => {
  const requests: SentRequest[] = [];
  const excused = new Set<string>();
  const loose = new Set<string>();

  const lying = (): readonly SentRequest[] => requests.filter(({ place }) => place !== undefined);

  return {
    requests,
    send(events, at) {
      const request = { number: requests.length, at, events, place: undefined, isAnswered: false };
      requests.push(request);
      return request;
    },
    itemsOf: ({ number, events }, at) =>
      events.map(({ workload, id, isHidden }) => ({
        ...(id === undefined ? {} : { id }),
        request: number,
        time: new Date(at).toISOString(),
        rule: 'compilers',
        node: 'node-1',
        ...(isHidden
          ? { containerId: containerIdOf(workload) }
          : { namespace: 'shop', pod: `${workload}-0`, container: 'app' }),
        process: { executable: '/usr/bin/gcc', name: 'gcc', arguments: 'gcc main.c' },
      })),
    async find(disk, journal) {
      for (const { name } of await findSegments(disk)) {
        for await (const { record } of readSegment(disk, name, 0, Number.POSITIVE_INFINITY)) {
          const entry = decodeEntry(record.payload);
          const request = requests[Number(entry?.items[0]?.['request'])];
          if (request !== undefined && entry?.via === undefined)
            request.place ??= { journal, position: record.position };
        }
      }
    },
    liesFirst: (journal, position) =>
      lying().some(({ place, events }) => place?.journal === journal && place.position + events.length - 1 > position),
    excuse(known, stored) {
      for (const { events, place } of lying()) {
        for (const [index, { id, workload }] of events.entries()) {
          if (id === undefined || place === undefined || known.has(id)) continue;
          const counted = findingOf(stored, workload)?.status?.journal?.[place.journal] ?? 0;
          if (counted >= place.position + index) excused.add(id);
        }
      }
    },
    forgive({ events }) {
      for (const { id } of events) if (id !== undefined) excused.add(id);
    },
    loosen: (workload) => void loose.add(workload),
    contradictions(stored, isDone) {
      return workloads.flatMap((workload) => {
        const [once, more] = [new Set<string>(), { count: 0 }];
        for (const { number, events } of lying()) {
          for (const [index, { id, workload: of }] of events.entries()) {
            if (of !== workload) continue;
            const key = id ?? `${number}/${index}`;
            if (once.has(key) && excused.has(key)) more.count++;
            once.add(key);
          }
        }
        const count = findingOf(stored, workload)?.status?.count ?? 0;
        const isTooFew = isDone && count < once.size && !loose.has(workload);
        const isTooMany = count > once.size + more.count;
        return isTooFew || isTooMany ? [`${workload} counts ${count}, not ${once.size} (+${more.count})`] : [];
      });
    },
  };
};

const findingOf = (stored: readonly StoredFinding[], workload: string): StoredFinding | undefined =>
  stored.find(({ status }) => status?.subject.name === workload);
