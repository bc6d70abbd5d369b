import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../kube/log.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { idsTogetherMs, keepIdsMs, mostIdsTogether } from '../findings/event-ids.ts';
import { memoryDisk, noSpace } from '../journal/testing/memory-disk.ts';
import { createKeptIds } from './kept-ids.ts';

const on = (disk = memoryDisk(), clock = new FakeClock()) => ({
  disk,
  clock,
  ids: createKeptIds({ disk, clock, log: silentLog }),
});

const all = async ({ ids }: Pick<ReturnType<typeof on>, 'ids'>): Promise<readonly number[]> =>
  (await ids.load()).flatMap(({ hashes }) => [...hashes]);

describe('ids of counted events', () => {
  it('are known after a restart, but for what a crash tore', async () => {
    const { ids, disk, clock } = on();
    await ids.keep(Uint32Array.of(1, 2, 3, 4));
    await ids.keep(Uint32Array.of(5, 6));
    const name = (await disk.list()).find((each) => each.endsWith('.ids'));
    await disk.truncate(name ?? '', 20);
    expect(await all(on(disk.crash(1, false), clock))).toEqual([1, 2, 3, 4]);
  });

  it('go after an hour, with their files', async () => {
    const { ids, disk, clock } = on();
    await ids.keep(Uint32Array.of(1, 2));
    await clock.advance(idsTogetherMs);
    await ids.keep(Uint32Array.of(3, 4));
    expect(await all(on(disk, clock))).toEqual([1, 2, 3, 4]);
    await clock.advance(keepIdsMs);
    expect(await all(on(disk, clock))).toEqual([3, 4]);
    await clock.advance(idsTogetherMs);
    expect([await all(on(disk, clock)), await disk.list()]).toEqual([[], []]);
  });

  it('take no more room than is said, the oldest going first', async () => {
    const { ids, disk } = on();
    for (let index = 0; index < 6; index++) await ids.keep(new Uint32Array(2 * mostIdsTogether).fill(index + 1));
    expect(await disk.list()).toHaveLength(4);
    expect((await ids.load()).map(({ hashes }) => hashes[0])).toEqual([3, 4, 5, 6]);
  });

  it('that cannot be kept are no error, and the next are', async () => {
    const { ids, disk } = on();
    disk.fail(noSpace());
    await ids.keep(Uint32Array.of(1, 2));
    await ids.keep(Uint32Array.of(3, 4));
    expect(await all({ ids })).toEqual([3, 4]);
  });

  it('are told to standbys once each, whenever they ask', () => {
    assert(
      property(array(tuple(integer({ min: 0, max: 3 }), integer({ min: 0, max: 1 })), { maxLength: 30 }), (steps) => {
        const { ids } = on();
        const standbys = [{ mark: '' }, { mark: '' }].map((standby) => ({ ...standby, known: [] as number[] }));
        const ask = (standby: (typeof standbys)[number] | undefined): void => {
          if (standby === undefined) return;
          const { hashes, mark } = ids.since(standby.mark);
          standby.mark = mark;
          standby.known.push(...hashes.flatMap((some) => [...some]));
        };
        const kept: number[] = [];
        for (const [count, who] of steps) {
          const hashes = Uint32Array.from({ length: 2 * count }, (_, index) => kept.length + index);
          kept.push(...hashes);
          void ids.keep(hashes);
          ask(standbys[who]);
        }
        standbys.forEach(ask);
        for (const { known } of standbys) expect(known).toEqual(kept);
      }),
    );
  });

  it('that an earlier process kept are told to standbys before those that came since, since that one may not have told them', async () => {
    const { ids, disk, clock } = on();
    await ids.keep(Uint32Array.of(1, 2));
    const { ids: again } = on(disk, clock);
    await again.load();
    await again.keep(Uint32Array.of(3, 4));
    await again.load();
    expect(again.since('').hashes).toEqual([Uint32Array.of(1, 2), Uint32Array.of(3, 4)]);
  });

  it('that an earlier process kept go in time, though this one never leads', async () => {
    const { ids, disk, clock } = on();
    await ids.keep(Uint32Array.of(1, 2));
    await clock.advance(keepIdsMs + idsTogetherMs);
    await on(disk, clock).ids.keep(Uint32Array.of(3, 4));
    expect(await disk.list()).toHaveLength(1);
  });

  it('of another process are told from the beginning', async () => {
    const [first, second] = [on(), on()];
    await first.ids.keep(Uint32Array.of(1, 2, 3, 4));
    await second.ids.keep(Uint32Array.of(5, 6));
    const { mark } = first.ids.since('');
    expect(second.ids.since(mark).hashes).toEqual([Uint32Array.of(5, 6)]);
  });
});
