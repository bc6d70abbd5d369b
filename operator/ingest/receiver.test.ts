import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../kube/log.ts';
import { JournalError, openJournal } from '../journal/journal.ts';
import { encodeRecord } from '../journal/record.ts';
import { memoryDisk } from '../journal/testing/memory-disk.ts';
import { decodeEntry, encodeEntry } from './entry.ts';
import { createReceiver, journalHeader, leaderHeader, type Receiver } from './receiver.ts';
import { createTakeOver, type TakeOver } from './take-over.ts';

const aRecord = (position: number, text = '') =>
  encodeRecord({
    position,
    count: 1,
    payload: encodeEntry({ source: 'generic', sender: 's', node: undefined, at: 1, items: [{ n: position, text }] }),
  });

let appended: Buffer[];
let closed: string | undefined;
let failure: Error | undefined;
let receiver: Receiver;
let takeOver: TakeOver;

beforeEach(() => {
  appended = [];
  closed = undefined;
  failure = undefined;
  takeOver = createTakeOver({
    journal: {
      appendAll: async (drafts) => {
        if (failure !== undefined) throw failure;
        return appended.push(...drafts.map(({ payload }) => payload));
      },
    },
    closed: () => closed,
    log: silentLog,
  });
  receiver = createReceiver({
    takeOver,
    ids: { since: (mark) => ({ hashes: [Uint32Array.of(1, 2)], mark: `after ${mark}` }) },
    leads: () => 'a_1',
    host: 'operator.ns.svc',
    log: silentLog,
  });
});

interface Handed {
  readonly from?: string;
  readonly to?: string | undefined;
  readonly isTrusted?: boolean;
  readonly named?: string;
  readonly method?: string;
}

/** As the server would pass it on. */
const hand = async (body: Buffer, handed: Handed = {}) => {
  const { from = 'other', isTrusted = true, named, method = 'POST' } = handed;
  const request = Object.assign(Readable.from([body]), {
    method,
    complete: true,
    headers: { [journalHeader]: from, [leaderHeader]: 'to' in handed ? handed.to : 'a_1' },
    socket: {
      authorized: isTrusted,
      getPeerX509Certificate: () => ({ checkHost: (host: string) => (host === (named ?? host) ? host : undefined) }),
    },
  });
  let status = 0;
  const response = Object.assign(new EventEmitter(), {
    destroyed: false,
    writeHead: (written: number) => (status = written),
    end: () => {},
  });
  await receiver.receive(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  return status;
};

const numbers = () => appended.map((payload) => decodeEntry(payload)?.items[0]?.['n']);

describe('what a replica hands over', () => {
  it('is taken in order, with the place where it lay', async () => {
    expect(await hand(Buffer.concat([aRecord(1), aRecord(2)]))).toBe(200);
    expect(numbers()).toEqual([1, 2]);
    expect(decodeEntry(appended[1] ?? Buffer.alloc(0))?.origin).toEqual({ journal: 'other', position: 2 });
  });

  it('is taken once where it comes again, wholly or in part, even at the same time', async () => {
    await Promise.all([hand(aRecord(1)), hand(aRecord(1)), hand(Buffer.concat([aRecord(1), aRecord(2)]))]);
    expect(numbers()).toEqual([1, 2]);
  });

  it('is taken again where the disk failed', async () => {
    failure = new JournalError('full', 'no room');
    expect(await hand(aRecord(1))).toBe(503);
    failure = undefined;
    expect(await hand(aRecord(1))).toBe(200);
    expect(numbers()).toEqual([1]);
  });

  it('leaves no gap where the disk had room for a later record alone, since what comes before one that is there is taken for known', async () => {
    const journal = await openJournal({
      disk: memoryDisk(),
      maxBytes: 1_000_000,
      segmentBytes: 10_000_000,
      log: silentLog,
    });
    takeOver = createTakeOver({ journal, closed: () => undefined, log: silentLog });
    // More than is written at once, so that the later one would go to the disk by itself.
    const large = aRecord(1, 'x'.repeat(5_000_000));
    expect((await takeOver.take('other', Buffer.concat([large, aRecord(2)])))[0]).toBe(503);
    await journal.close();
    expect(journal.usage().waiting).toBe(0);
  });

  it('is taken again by who begins anew, but for what is written or found in its journal', async () => {
    await hand(Buffer.concat([aRecord(1), aRecord(2), aRecord(3)]));
    takeOver.include({ journal: 'other', position: 1 });
    takeOver.begin();
    takeOver.note({ journal: 'third', position: 7 });
    await hand(Buffer.concat([aRecord(1), aRecord(2), aRecord(3)]));
    expect(numbers()).toEqual([1, 2, 3, 2, 3]);
  });

  it('is taken by way of a third journal, too, whatever came directly: that one may have kept what was never worked in', async () => {
    await hand(aRecord(7));
    const again = encodeRecord({ position: 1, count: 1, payload: appended[0] ?? Buffer.alloc(0) });
    await hand(again, { from: 'third' });
    expect(decodeEntry(appended[1] ?? Buffer.alloc(0))).toMatchObject({
      origin: { journal: 'other', position: 7 },
      via: { journal: 'third', position: 1 },
    });
  });

  it.each<[string, number, Buffer, Handed]>([
    ['without a certificate that is trusted', 403, aRecord(1), { isTrusted: false }],
    ["with a sender's certificate", 403, aRecord(1), { named: 'falco' }],
    ['without the id of a journal', 400, aRecord(1), { from: '' }],
    ['in part', 400, aRecord(1).subarray(0, 30), {}],
    ['damaged', 400, Buffer.from(aRecord(1).map((byte, index) => (index === 40 ? byte ^ 1 : byte))), {}],
    ['meant for another leader', 409, aRecord(1), { to: 'a_0' }],
    ['meant for nobody', 409, aRecord(1), { to: undefined }],
    ['by another method', 405, aRecord(1), { method: 'GET' }],
  ])('is refused %s', async (_, status, body, handed) => {
    expect(await hand(body, handed)).toBe(status);
    expect(appended).toEqual([]);
  });

  it('is refused by a replica that does not lead', async () => {
    closed = 'this replica does not lead';
    expect(await hand(aRecord(1))).toBe(503);
  });
});
