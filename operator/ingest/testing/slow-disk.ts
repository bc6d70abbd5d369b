// A disk in memory that takes time, so that a process can die before each call has done what it does, and after.
import { sleep, type Clock, type Random } from '../../../kube/clock.ts';
import type { Disk } from '../../journal/disk.ts';

const mostMs = 8;

/** `isUnreadable`: whether segments cannot be read just now. */
export const slowDisk = (disk: Disk, clock: Clock, random: Random, isUnreadable: () => boolean): Disk => {
  const slowly = async <T>(work: () => Promise<T>): Promise<T> => {
    await sleep(clock, random() * mostMs);
    const result = await work();
    await sleep(clock, random() * mostMs);
    return result;
  };
  return {
    list: () => slowly(() => disk.list()),
    read: (name, offset, length) =>
      slowly(async () => {
        if (isUnreadable()) throw new Error('EIO: it cannot be read');
        return disk.read(name, offset, length);
      }),
    readWhole: (name) => slowly(() => disk.readWhole(name)),
    truncate: (name, size) => slowly(() => disk.truncate(name, size)),
    remove: (name) => slowly(() => disk.remove(name)),
    replace: (name, content) => slowly(() => disk.replace(name, content)),
    create: async (name) => {
      const file = await slowly(() => disk.create(name));
      return {
        append: (bytes) => slowly(() => file.append(bytes)),
        sync: () => slowly(() => file.sync()),
        close: () => file.close(),
      };
    },
  };
};
