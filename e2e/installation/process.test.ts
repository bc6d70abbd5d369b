import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launch, type ProcessHandle } from './process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

const launched = (script: string): Promise<ProcessHandle> => {
  count += 1;
  const logFile = path.join(folder, `${count}.log`);
  return launch({
    name: 'program',
    command: process.execPath,
    args: ['-e', script],
    env: { PURPOSE: 'test' },
    logFile,
  });
};

const serves = `
  const server = require('node:http').createServer((request, response) => {
    response.statusCode = process.env.PURPOSE === 'test' && request.url === '/readyz' ? ready : 404;
    response.end('[-] watches: not yet');
  }).listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port })));
`;
const obeys = `process.on('SIGTERM', () => { console.log('stopping'); server.close(); server.closeAllConnections(); });`;

const running = async (script: string): Promise<ProcessHandle> => {
  const handle = await launched(script);
  onTestFinished(async () => {
    handle.kill('SIGKILL');
    await handle.exited;
  });
  return handle;
};

describe('a program of ours', () => {
  test('is there once it says where its metrics are, and ends when asked', async () => {
    const handle = await running(`const ready = 200; ${serves} ${obeys}`);
    expect(handle.metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await handle.waitUntilReady();
    await handle.stop();
    expect(await handle.exited).toEqual({ code: 0, signal: null });
    expect(handle.logs()).toMatch(/"url".*\nstopping\n$/s);
    await handle.stop();
  });

  test('that dies early tells its last words', async () => {
    await expect(launched(`console.error('no such flag'); process.exit(2)`)).rejects.toThrow(
      /^program ended \(exit code 2\)[^]*no such flag/,
    );
  });

  test('that cannot be started says so', async () => {
    const logFile = path.join(folder, 'absent.log');
    const missing = path.join(folder, 'absent');
    await expect(launch({ name: 'program', command: missing, args: [], env: {}, logFile })).rejects.toThrow(
      `could not start program (${missing})`,
    );
  });

  test('that fails when asked to end fails the stop', async () => {
    const handle = await running(`const ready = 200; ${serves} process.on('SIGTERM', () => process.exit(3))`);
    await expect(handle.stop()).rejects.toThrow('program was asked to end and failed (exit code 3)');
  });

  test('that is not ready says why when the deadline passes', async () => {
    const handle = await running(`const ready = 503; ${serves}`);
    await expect(handle.waitUntilReady(1)).rejects.toThrow(/not ready within .*\[-\] watches: not yet/);
  });

  test('is waited for by its log: lines of the past count, and its end ends the wait', async () => {
    const handle = await running(`const ready = 200; ${serves} process.on('SIGTERM', () => process.exit(0))`);
    expect(await handle.waitForLog(/"url"/g)).toContain('http://');
    const absent = handle.waitForLog('never said');
    handle.kill('SIGTERM');
    await expect(absent).rejects.toThrow('program ended (exit code 0) without logging never said');
  });
});
