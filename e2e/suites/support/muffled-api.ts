// Stands between one replica and the API server, and holds back what watches of a kind bring from then on: the connection stays open, and
// silent. Watches that are opened later, and all other requests, pass.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ControlPlane, ServiceAccountAccess } from '../../control-plane/control-plane.ts';

export interface MuffledApi {
  /** Path of a kubeconfig that leads here. */
  readonly kubeconfig: string;
  /** Silences the open watches of a kind, named by its plural; fails where there is none. */
  readonly muffle: (plural: string) => void;
  readonly close: () => Promise<void>;
}

export const startMuffledApi = async (plane: ControlPlane, account: ServiceAccountAccess): Promise<MuffledApi> => {
  const agent = new Agent({ ca: plane.ca, keepAlive: true });
  const watches = new Map<ServerResponse, string>();
  const muffled = new WeakSet<ServerResponse>();

  const server = createServer((asked, answer) => {
    const url = new URL(asked.url ?? '/', plane.url);
    const passed = request(url, { method: asked.method, headers: { ...asked.headers, host: url.host }, agent });
    answer.once('close', () => {
      watches.delete(answer);
      passed.destroy();
    });
    passed.on('error', () => answer.destroy());
    passed.on('response', (response) => {
      if (url.searchParams.get('watch') === 'true') watches.set(answer, url.pathname.split('/').at(-1) ?? '');
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.on('data', (bytes: Buffer) => {
        if (!muffled.has(answer)) answer.write(bytes);
      });
      response.once('end', () => {
        if (!muffled.has(answer)) answer.end();
      });
      response.on('error', () => answer.destroy());
    });
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const direct = await plane.kubeconfigFor(account);
  const kubeconfig = `${direct}-muffled`;
  const text = await readFile(direct, 'utf8');
  await writeFile(kubeconfig, text.replaceAll(plane.url, `http://127.0.0.1:${port}`), { mode: 0o600 });

  return {
    kubeconfig,
    muffle: (plural) => {
      const found = [...watches].filter(([, of]) => of === plural);
      if (found.length === 0) throw new Error(`nobody watches ${plural} here`);
      for (const [answer] of found) muffled.add(answer);
    },
    close: async () => {
      server.closeAllConnections();
      agent.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
};
