// A disk that can be crashed, filled and broken at every call. What was appended and not synced may be gone, there, or there in part.
import type { Disk } from '../disk.ts';

interface MemoryFile {
  content: Buffer;
  /** Bytes that outlive a crash. */
  durable: number;
}

export interface MemoryDisk extends Disk {
  /** What a restart finds: of each file's unsynced bytes the share `kept` stays, the last of them garbled where `isGarbled`. */
  crash(kept: number, isGarbled: boolean): MemoryDisk;
  /** Makes the next calls of appending and syncing fail, one entry each; undefined lets one pass. */
  fail(...failures: readonly (NodeJS.ErrnoException | undefined)[]): void;
  /** Nothing that was asked for fails any more. */
  heal(): void;
  /** Flips a bit, as a bad sector would. */
  corrupt(name: string, offset: number): void;
}

export const noSpace = (): NodeJS.ErrnoException =>
  Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

export const memoryDisk = (found: ReadonlyMap<string, Buffer> = new Map()): MemoryDisk => {
  const files = new Map<string, MemoryFile>(
    [...found].map(([name, content]) => [name, { content, durable: content.length }]),
  );
  const failures: (NodeJS.ErrnoException | undefined)[] = [];
  const passes = (): void => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
  const of = (name: string): MemoryFile => {
    const file = files.get(name);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' });
    return file;
  };
  return {
    list: async () => [...files.keys()],
    read: async (name, offset, length) => of(name).content.subarray(offset, offset + length),
    readWhole: async (name) => files.get(name)?.content,
    async create(name) {
      if (files.has(name)) throw Object.assign(new Error(`EEXIST: ${name}`), { code: 'EEXIST' });
      const file: MemoryFile = { content: Buffer.alloc(0), durable: 0 };
      files.set(name, file);
      return {
        async append(bytes) {
          try {
            passes();
          } catch (error) {
            // A disk that fills up takes what still fits.
            file.content = Buffer.concat([file.content, bytes.subarray(0, bytes.length >> 1)]);
            throw error;
          }
          file.content = Buffer.concat([file.content, bytes]);
        },
        async sync() {
          passes();
          file.durable = file.content.length;
        },
        close: async () => {},
      };
    },
    async truncate(name, size) {
      const file = of(name);
      file.content = file.content.subarray(0, size);
      file.durable = Math.min(file.durable, size);
    },
    async remove(name) {
      files.delete(name);
    },
    async replace(name, content) {
      files.set(name, { content: Buffer.from(content), durable: content.length });
    },
    crash(kept, isGarbled) {
      return memoryDisk(
        new Map(
          [...files].map(([name, { content, durable }]) => {
            const left = durable + Math.floor((content.length - durable) * kept);
            const bytes = Buffer.from(content.subarray(0, left));
            if (isGarbled && left > durable) bytes[left - 1] = (bytes[left - 1] ?? 0) ^ 0xff;
            return [name, bytes];
          }),
        ),
      );
    },
    fail: (...next) => void failures.push(...next),
    heal: () => void failures.splice(0),
    corrupt(name, offset) {
      const { content } = of(name);
      content[offset] = (content[offset] ?? 0) ^ 1;
    },
  };
};
