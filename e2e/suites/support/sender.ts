// Sends what is taken in byte for byte as it is given, with whichever proof of who sends it.
import { Agent, request } from 'node:https';
import type { World } from './world.ts';

export interface Sent {
  /** The last step of the path. */
  readonly source: string;
  readonly proof: 'token' | 'api key' | 'certificate' | 'none';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly accepted: number;
  readonly rejected: number;
}

export interface Sender {
  readonly send: (sent: Sent) => Promise<Answered>;
  readonly close: () => void;
}

export interface SenderOptions {
  /** Where a replica takes events in, on this machine. */
  readonly port: number;
  readonly token: string;
  /** PEM. */
  readonly certificate: { readonly cert: string; readonly key: string };
}

const namespace = 'workload-protection';

export const createSender = async (world: World, { port, token, certificate }: SenderOptions): Promise<Sender> => {
  const { data } = await world.get<{ readonly data: Readonly<Record<string, string>> }>(
    `/api/v1/namespaces/${namespace}/configmaps/workload-protection-ingest-ca`,
  );
  const trust = { keepAlive: true, ca: data['ca.crt'], servername: `workload-protection-operator.${namespace}.svc` };
  const plain = new Agent(trust);
  const certified = new Agent({ ...trust, ...certificate });
  const proofs: Readonly<Record<Sent['proof'], Readonly<Record<string, string>>>> = {
    token: { authorization: `Bearer ${token}` },
    'api key': { 'DD-API-KEY': token },
    certificate: {},
    none: {},
  };
  return {
    send: ({ source, proof, headers, body }) =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            host: '127.0.0.1',
            port,
            path: `/ingest/v1/${source}`,
            method: 'POST',
            agent: proof === 'certificate' ? certified : plain,
            headers: { ...headers, ...proofs[proof], 'content-length': Buffer.byteLength(body) },
          },
          (response) => {
            let answer = '';
            response.setEncoding('utf8').on('data', (part: string) => (answer += part));
            response.once('end', () => {
              const { accepted, rejected } = JSON.parse(answer) as Omit<Answered, 'status'>;
              resolve({ status: response.statusCode ?? 0, accepted, rejected });
            });
          },
        );
        sent.once('error', reject);
        sent.end(body);
      }),
    close: () => {
      plain.destroy();
      certified.destroy();
    },
  };
};
