import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createHealthServer, type Checks } from './http-health.ts';

const running: { stop: AbortController; done: Promise<void> }[] = [];

afterEach(async () => {
  for (const { stop, done } of running.splice(0)) {
    stop.abort();
    await done;
  }
});

const serve = async (checks: { live?: Checks; ready?: Checks }): Promise<string> => {
  const metrics = new Registry();
  new Counter({ name: 'example_total', help: 'An example.', registers: [metrics] }).inc(3);
  const server = createHealthServer({
    address: { host: '127.0.0.1', port: 0 },
    metrics,
    live: checks.live ?? {},
    ready: checks.ready ?? {},
  });
  const stop = new AbortController();
  running.push({ stop, done: server.run(stop.signal) });
  return server.listening;
};

const get = async (url: string): Promise<[number, string]> => {
  const response = await fetch(url);
  return [response.status, await response.text()];
};

describe('the health server', () => {
  it('serves metrics in the text format of Prometheus', async () => {
    const response = await fetch(`${await serve({})}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('example_total 3');
  });

  it('says which check fails and why, and that it is not ready', async () => {
    const url = await serve({ ready: { nodes: () => undefined, certificate: () => 'it ended yesterday' } });
    expect(await get(`${url}/readyz`)).toEqual([503, '[+] nodes: ok\n[-] certificate: it ended yesterday\n']);
    expect((await get(`${url}/healthz`))[0]).toBe(200);
  });

  it('is ready as soon as every check passes', async () => {
    let failure: string | undefined = 'not yet';
    const url = await serve({ ready: { caches: () => failure } });
    expect((await get(`${url}/readyz?verbose`))[0]).toBe(503);
    failure = undefined;
    expect((await get(`${url}/readyz?verbose`))[0]).toBe(200);
  });

  it('takes a check that throws for one that fails', async () => {
    const url = await serve({
      live: {
        loop: () => {
          throw new Error('no state');
        },
      },
    });
    expect(await get(`${url}/healthz`)).toEqual([503, '[-] loop: the check itself failed: no state\n']);
  });

  it('knows no other path', async () => {
    expect((await get(`${await serve({})}/secret`))[0]).toBe(404);
  });

  it('fails clearly where the address is taken', async () => {
    const port = Number(new URL(await serve({})).port);
    const second = createHealthServer({
      address: { host: '127.0.0.1', port },
      metrics: new Registry(),
      live: {},
      ready: {},
    });
    await expect(second.run(new AbortController().signal)).rejects.toThrow(
      `127.0.0.1:${port}; choose another --metrics-address`,
    );
  });
});
