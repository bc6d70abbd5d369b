// What the journal needs of a file system, and no more, so that tests can crash it at every point.
import { mkdir, open, readdir, readFile, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

export interface Disk {
  list(): Promise<readonly string[]>;
  /** Up to `length` bytes from an offset: fewer only at the end. */
  read(name: string, offset: number, length: number): Promise<Buffer>;
  /** Undefined where there is none. */
  readWhole(name: string): Promise<Buffer | undefined>;
  /** An empty file to append to, whose name outlives a crash. */
  create(name: string): Promise<DiskFile>;
  truncate(name: string, size: number): Promise<void>;
  remove(name: string): Promise<void>;
  /** Replaces the content so that after a crash either the old one or the new one is there, whole. */
  replace(name: string, content: Buffer): Promise<void>;
}

export interface DiskFile {
  append(bytes: Buffer): Promise<void>;
  /** Once it returns, what was appended outlives a crash. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The files of one folder, which is made. */
export async function openFolder(folder: string): Promise<Disk> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const at = (name: string): string => join(folder, name);
  const syncFolder = async (): Promise<void> => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  return {
    list: () => readdir(folder),
    async read(name, offset, length) {
      const handle = await open(at(name), 'r');
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
    async readWhole(name) {
      try {
        return await readFile(at(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async create(name) {
      const handle = await open(at(name), 'ax', 0o600);
      await syncFolder();
      return {
        append: async (bytes) => {
          for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
        },
        sync: () => handle.datasync(),
        close: () => handle.close(),
      };
    },
    truncate: (name, size) => truncate(at(name), size),
    remove: (name) => rm(at(name), { force: true }),
    async replace(name, content) {
      const handle = await open(at(`${name}.new`), 'w', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(at(`${name}.new`), at(name));
      await syncFolder();
    },
  };
}
