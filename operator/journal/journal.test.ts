import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../kube/log.ts';
import { openFolder, type Disk } from './disk.ts';
import { JournalError, openJournal, type Journal } from './journal.ts';
import { memoryDisk, noSpace } from './testing/memory-disk.ts';

const open = (disk: Disk, limits: { readonly maxBytes?: number; readonly segmentBytes?: number } = {}) =>
  openJournal({
    disk,
    maxBytes: limits.maxBytes ?? 1_000_000,
    segmentBytes: limits.segmentBytes ?? 200,
    log: silentLog,
  });

const append = (journal: Journal, text: string, count = 1) => journal.append(Buffer.from(text), count);

/** All that a reader from a position finds now. */
const contentOf = async (journal: Journal, from = 1): Promise<readonly { position: number; text: string }[]> => {
  const { waiting } = journal.usage();
  const last = journal.released.position + waiting;
  const found: { position: number; text: string }[] = [];
  // The marker shows where the present ends.
  const marker = await append(journal, 'marker');
  expect(marker).toBeGreaterThan(last);
  for await (const { position, payload } of journal.follow(from, new AbortController().signal)) {
    if (position === marker) return found;
    found.push({ position, text: payload.toString() });
  }
  return found;
};

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe('a journal', () => {
  it('gives positions that grow by the events of each record', async () => {
    const journal = await open(memoryDisk());
    expect(await append(journal, 'a', 3)).toBe(1);
    expect(await append(journal, 'b')).toBe(4);
    expect(await append(journal, 'c')).toBe(5);
  });

  it('writes what comes at once together, with one sync', async () => {
    let syncs = 0;
    const disk = memoryDisk();
    const counting: Disk = {
      ...disk,
      create: async (name) => {
        const file = await disk.create(name);
        return { ...file, sync: () => (syncs++, file.sync()) };
      },
    };
    const journal = await open(counting, { segmentBytes: 100_000 });
    await Promise.all(Array.from({ length: 100 }, (_, index) => append(journal, `event ${index}`)));
    expect(syncs).toBe(1);
  });

  it('holds over a restart what was acknowledged, and goes on behind it', async () => {
    const disk = memoryDisk();
    const before = await open(disk);
    for (const text of ['a', 'b', 'c']) await append(before, text.repeat(50));
    const after = await open(disk.crash(0, false));
    expect((await contentOf(after)).map(({ position, text }) => [position, text[0]])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
  });

  it.each([0, 0.3, 0.99])('cuts off a torn tail of which the share %s is left', async (kept) => {
    const disk = memoryDisk();
    const before = await open(disk);
    await append(before, 'whole');
    disk.fail(undefined, new Error('power lost'));
    const torn = append(before, 'torn');
    const crashed = disk.crash(kept, true);
    await expect(torn).rejects.toThrow('power lost');
    const after = await open(crashed);
    expect((await contentOf(after)).map(({ text }) => text)).toEqual(['whole']);
  });

  it('follows what is appended while it reads', async () => {
    const journal = await open(memoryDisk());
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { payload } of journal.follow(1, stop.signal)) {
        seen.push(payload.toString());
        if (seen.length === 20) stop.abort();
      }
    })();
    for (let index = 0; index < 20; index++) await append(journal, `event ${index}`);
    await reading;
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => `event ${index}`));
  });

  it('begins at the position that it is asked for', async () => {
    const journal = await open(memoryDisk());
    for (const text of ['a', 'b', 'c', 'd']) await append(journal, text.repeat(120));
    expect((await contentOf(journal, 3)).map(({ text }) => text[0])).toEqual(['c', 'd']);
  });

  it('begins with all of a record that is released only in part, whether it reads it from memory or from the disk', async () => {
    const disk = memoryDisk();
    const journal = await open(disk);
    await append(journal, 'a', 3);
    await append(journal, 'b', 4);
    const [ended, whole] = [new AbortController(), [{ position: 4, text: 'b' }]];
    const following = journal.follow(1, ended.signal);
    for (let n = 0; n < 2; n++) await following.next();
    await journal.release(5, Buffer.alloc(0));
    expect(await contentOf(journal, 6)).toEqual(whole);
    ended.abort();
    await following.next();
    expect(await contentOf(await open(disk.crash(0, false)), 6)).toEqual([...whole, { position: 8, text: 'marker' }]);
  });

  it('says that it is full rather than overwrite, and takes more once something is released', async () => {
    const journal = await open(memoryDisk(), { maxBytes: 400, segmentBytes: 150 });
    for (const text of ['a', 'b', 'c']) await append(journal, text.repeat(80));
    await expect(append(journal, 'd'.repeat(120))).rejects.toMatchObject({ kind: 'full' });
    expect(journal.usage().trouble).toContain('300 of 400');
    await journal.release(2, Buffer.from('state'));
    await append(journal, 'e'.repeat(80));
    expect(journal.usage().trouble).toBeUndefined();
  });

  it('gives back the room of what is released, never of what is not', async () => {
    const disk = memoryDisk();
    const journal = await open(disk, { segmentBytes: 150 });
    for (const text of ['a', 'b', 'c', 'd']) await append(journal, text.repeat(100));
    await journal.release(3, Buffer.from('three'));
    expect((await disk.list()).toSorted()).toEqual(['0000000000000004.journal', 'id', 'released']);
    const after = await open(disk.crash(0, false));
    expect(after.released.position).toBe(3);
    expect(after.released.state.toString()).toBe('three');
    expect((await contentOf(after, 4)).map(({ text }) => text[0])).toEqual(['d']);
  });

  it('does not use a position twice where everything was released before a restart', async () => {
    const disk = memoryDisk();
    const before = await open(disk, { segmentBytes: 50 });
    for (const text of ['a', 'b']) await append(before, text.repeat(60));
    await before.release(2, Buffer.alloc(0));
    const after = await open(disk.crash(0, false));
    expect(await append(after, 'c')).toBeGreaterThan(2);
  });

  it('answers a full disk with an error and works again when there is room', async () => {
    const disk = memoryDisk();
    const journal = await open(disk);
    await append(journal, 'before');
    disk.fail(noSpace());
    await expect(append(journal, 'refused')).rejects.toMatchObject({ kind: 'full' });
    expect(journal.usage().trouble).toContain('no room');
    await append(journal, 'after');
    expect((await contentOf(journal)).map(({ text }) => text)).toEqual(['before', 'after']);
  });

  it('waits for nothing that was refused, or whoever reads it would never be done', async () => {
    const disk = memoryDisk();
    const journal = await open(disk);
    await append(journal, 'before');
    disk.fail(noSpace());
    await expect(append(journal, 'refused')).rejects.toMatchObject({ kind: 'full' });
    expect(journal.usage().waiting).toBe(1);
    await journal.release(1, Buffer.alloc(0));
    expect(journal.usage().waiting).toBe(0);
    // Nobody may be given its position again all the same.
    expect(await append(journal, 'after')).toBe(3);
  });

  it('has all or none of several records, though others would have had room', async () => {
    const disk = memoryDisk();
    const journal = await open(disk, { maxBytes: 1000 });
    const drafts = ['a'.repeat(2000), 'b'].map((text) => ({ payload: Buffer.from(text), count: 1 }));
    const [first, ...others] = drafts;
    if (first === undefined) throw new Error('there is none');
    await expect(journal.appendAll([first, ...others])).rejects.toMatchObject({ kind: 'full' });
    expect(
      await journal.appendAll([
        { payload: Buffer.from('c'), count: 2 },
        { payload: Buffer.from('d'), count: 1 },
      ]),
    ).toBe(3);
    expect((await contentOf(journal)).map(({ position, text }) => [position, text])).toEqual([
      [3, 'c'],
      [5, 'd'],
    ]);
  });

  it('asks to come again where too much waits for the disk', async () => {
    const journal = await open(memoryDisk(), { maxBytes: 100_000_000 });
    const large = Buffer.alloc(20_000_000);
    const taken = journal.append(large, 1);
    await expect(journal.append(large, 1)).rejects.toMatchObject({ kind: 'busy' });
    await taken;
    await journal.append(large, 1);
  });

  it('loses no more than what a bad sector held', async () => {
    const disk = memoryDisk();
    const before = await open(disk, { segmentBytes: 100 });
    for (const text of ['a', 'b', 'c']) await append(before, text.repeat(100));
    disk.corrupt('0000000000000002.journal', 50);
    const after = await open(disk.crash(0, false));
    expect((await contentOf(after)).map(({ text }) => text[0])).toEqual(['a', 'c']);
  });

  it('takes no more once it is closed', async () => {
    const journal = await open(memoryDisk());
    await journal.close();
    await expect(append(journal, 'late')).rejects.toBeInstanceOf(JournalError);
  });

  it('works on a real folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'journal-'));
    folders.push(folder);
    const before = await open(await openFolder(join(folder, 'deep')));
    for (const text of ['a', 'b', 'c']) await append(before, text.repeat(150));
    await before.release(1, Buffer.from('one'));
    await before.close();
    const after = await open(await openFolder(join(folder, 'deep')));
    expect(after.id).toBe(before.id);
    expect(after.released).toEqual({ position: 1, state: Buffer.from('one') });
    expect((await contentOf(after, 2)).map(({ text }) => text[0])).toEqual(['b', 'c']);
    await after.close();
  });
});

describe('whatever happens to the disk', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        size: fc.nat(300),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), at: fc.nat(2), isFull: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('crash' as const),
        kept: fc.double({ min: 0, max: 1, noNaN: true }),
        isGarbled: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'release' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
    // So that what follows meets a write halfway.
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('turns' as const), turns: fc.nat(12) }) },
  );

  it('what was acknowledged is there once, in order, under its position', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let disk = memoryDisk();
        let journal = await open(disk, { maxBytes: 3000, segmentBytes: 500 });
        const acknowledged = new Map<number, string>();
        let serial = 0;
        let releasedTo = 0;
        const pending: Promise<unknown>[] = [];
        for (const taken of steps) {
          switch (taken.kind) {
            case 'append': {
              const text = `${serial++}:${'x'.repeat(taken.size)}`;
              const of = disk;
              pending.push(
                append(journal, text, taken.count).then(
                  // An answer that comes after the crash reaches nobody.
                  (position) => of === disk && acknowledged.set(position, text),
                  () => {},
                ),
              );
              break;
            }
            case 'fail':
              disk.fail(
                ...Array.from({ length: taken.at }, () => undefined),
                taken.isFull ? noSpace() : new Error('EIO'),
              );
              break;
            case 'turns':
              for (let turn = 0; turn < taken.turns; turn++) await Promise.resolve();
              break;
            case 'settle':
              await Promise.all(pending.splice(0));
              break;
            case 'release': {
              await Promise.all(pending.splice(0));
              const [last = 0] = [...acknowledged.keys()].slice(-1);
              if (last > releasedTo) await journal.release((releasedTo = last), Buffer.alloc(0));
              break;
            }
            case 'crash':
              disk = disk.crash(taken.kept, taken.isGarbled);
              pending.length = 0;
              journal = await open(disk, { maxBytes: 3000, segmentBytes: 500 });
          }
        }
        await Promise.all(pending);
        const found = new Map<number, string>();
        const reopened = await open(disk.crash(0, false));
        for (const { position, text } of await contentOf(reopened)) {
          expect(found.has(position)).toBe(false);
          found.set(position, text);
        }
        expect([...found.keys()]).toEqual([...found.keys()].toSorted((a, b) => a - b));
        for (const [position, text] of acknowledged) if (position > releasedTo) expect(found.get(position)).toBe(text);
        // Nothing is there twice, not even what was refused and stayed.
        expect(new Set(found.values()).size).toBe(found.size);
      }),
      { numRuns: 300 },
    );
  });
});
