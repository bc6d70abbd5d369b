// Posts events as an agent or its forwarder does: over HTTPS, with the authority that the product publishes and a bearer token.
import { Agent, request } from 'node:https';
import type { World } from './world.ts';

export interface Poster {
  /** The status of the answer, and its body as JSON where it has one. */
  readonly post: (
    source: string,
    body: unknown,
    token?: string,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly body: unknown }>;
  readonly close: () => void;
}

const namespace = 'workload-protection';
const serviceName = `workload-protection-operator.${namespace}.svc`;

/** `port`: where a replica takes events in, on this machine. */
export const createPoster = async (world: World, port: number, token: string): Promise<Poster> => {
  const { data } = await world.get<{ readonly data: Readonly<Record<string, string>> }>(
    `/api/v1/namespaces/${namespace}/configmaps/workload-protection-ingest-ca`,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ca: data['ca.crt'], servername: serviceName });
  return {
    post: (source, body, own = token, further = {}) =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            host: '127.0.0.1',
            port,
            path: `/ingest/v1/${source}`,
            method: 'POST',
            agent,
            headers: { authorization: `Bearer ${own}`, 'content-type': 'application/json', ...further },
          },
          (response) => {
            let answer = '';
            response.setEncoding('utf8');
            response.on('data', (part: string) => (answer += part));
            response.once('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                body: answer === '' ? undefined : (JSON.parse(answer) as unknown),
              }),
            );
          },
        );
        sent.once('error', reject);
        sent.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
};
