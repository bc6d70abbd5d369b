import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Agent, request } from 'undici';
import { envtestBinaries } from './names.ts';
import { run } from './run.ts';

/** Where there is no internet this must be told at once: the build still stands behind it. */
const CONNECT_DEADLINE_MS = 5_000;
const DOWNLOAD_DEADLINE_MS = 10 * 60_000;

export const archiveUrl = (version: string, platform: string): string =>
  `https://github.com/kubernetes-sigs/controller-tools/releases/download/envtest-v${version}/envtest-v${version}-${platform}.tar.gz`;

/** Fetches the envtest archive, compares its SHA-512 with the published one, and puts its programs into `folder`. */
export async function fetchArchive(version: string, platform: string, folder: string): Promise<void> {
  const url = archiveUrl(version, platform);
  const agent = new Agent({ connect: { timeout: CONNECT_DEADLINE_MS } });
  const work = await mkdtemp(path.join(os.tmpdir(), 'control-plane-archive-'));
  try {
    const published = (await fetchBytes(`${url}.sha512`, agent)).toString('utf8');
    const archive = await fetchBytes(url, agent);
    checkDigest(archive, published, url);
    const file = path.join(work, 'envtest.tar.gz');
    await writeFile(file, archive);
    await run('tar', ['-xzf', file, '-C', work], { deadlineMs: 60_000 });
    for (const name of envtestBinaries) {
      await copyFile(path.join(work, 'controller-tools', 'envtest', name), path.join(folder, name));
    }
    await readFile(path.join(folder, envtestBinaries[0]));
  } finally {
    await agent.close();
    await rm(work, { recursive: true, force: true });
  }
}

/** `published` is the text of a `.sha512` file: the digest in hexadecimal, then the file's name. */
export function checkDigest(bytes: Buffer, published: string, url: string): void {
  const wanted = /\b[0-9a-f]{128}\b/i.exec(published)?.[0]?.toLowerCase();
  const actual = createHash('sha512').update(bytes).digest('hex');
  if (wanted !== actual) {
    throw new Error(`${url} has SHA-512 ${actual}, published is ${wanted ?? 'no digest at all'}: not used`);
  }
}

async function fetchBytes(url: string, agent: Agent): Promise<Buffer> {
  const signal = AbortSignal.timeout(DOWNLOAD_DEADLINE_MS);
  let current = url;
  // GitHub answers a release download with one redirect to its storage.
  for (let hop = 0; hop < 4; hop += 1) {
    const { statusCode, headers, body } = await request(current, { dispatcher: agent, signal });
    if (statusCode === 200) return Buffer.from(await body.arrayBuffer());
    await body.dump();
    const location = headers['location'];
    if (statusCode < 300 || statusCode > 399 || typeof location !== 'string') {
      throw new Error(`${current} answered ${statusCode}`);
    }
    current = new URL(location, current).href;
  }
  throw new Error(`${url} redirects without end`);
}
