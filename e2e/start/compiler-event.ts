// A Falco that tells of a compiler in a container, and posts it as its http_output or falcosidekick does: over HTTPS, to the operator.
import { randomUUID } from 'node:crypto';
import { request } from 'node:https';

export interface CompilerRun {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly image: string;
  readonly node: string;
}

export const compilerEvent = ({ namespace, pod, container, image, node }: CompilerRun, at: Date): object => ({
  uuid: randomUUID(),
  output: `A compiler ran in a container (program=gcc command=gcc -O2 main.c pod=${pod})`,
  priority: 'Warning',
  rule: 'Compiler Run in Container',
  // Falco writes nanoseconds.
  time: at.toISOString().replace('Z', '000000Z'),
  source: 'syscall',
  hostname: node,
  tags: ['T1027.004', 'best_practice', 'container', 'mitre_defense_evasion', 'process'],
  output_fields: {
    'container.name': container,
    'container.image.repository': image,
    'k8s.ns.name': namespace,
    'k8s.pod.name': pod,
    'proc.name': 'gcc',
    'proc.cmdline': 'gcc -O2 --token=4f1c9b27d05e main.c',
    'proc.pname': 'bash',
    'user.name': 'root',
  },
});

export interface Receiver {
  /** `127.0.0.1:port`, where the operator takes events in. */
  readonly address: string;
  /** The name in its certificate. */
  readonly serverName: string;
  readonly ca: string;
  readonly token: string;
}

const deadlineMs = 10_000;

/** Undefined where the event was taken; else what was answered. */
export const postEvent = ({ address, serverName, ca, token }: Receiver, event: object): Promise<string | undefined> =>
  new Promise((resolve) => {
    const sent = request(
      `https://${address}/ingest/v1/falco`,
      {
        method: 'POST',
        ca,
        servername: serverName,
        agent: false,
        signal: AbortSignal.timeout(deadlineMs),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      },
      (response) => {
        let said = '';
        response.setEncoding('utf8').on('data', (part: string) => (said += part));
        response.once('error', (error) => resolve(error.message));
        response.once('end', () =>
          resolve(response.statusCode === 202 ? undefined : `the operator answered ${response.statusCode}: ${said}`),
        );
      },
    );
    sent.once('error', (error) => resolve(error.message));
    sent.end(JSON.stringify(event));
  });
