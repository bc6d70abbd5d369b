// Posts events in batches over kept connections, as many as are taken, and counts those that were acknowledged.
import { Agent, request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

export interface EventTarget {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly servername: string;
  /** One for each connection. */
  readonly tokens: readonly string[];
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
}

/** Events of one process that ran over the pods in turn, each with an id of its own, no more than `perSecond`. Answers how many were taken. */
export const postEvents = async (
  target: EventTarget,
  pods: readonly PodName[],
  batch: number,
  seconds: number,
  perSecond = Number.POSITIVE_INFINITY,
): Promise<number> => {
  const { ca, servername, tokens } = target;
  const agent = new Agent({ keepAlive: true, maxSockets: tokens.length, ca, servername });
  const alerts = pods.map(alertOf);
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let [made, taken] = [0, 0];
  const nextBody = (): string => {
    const time = new Date().toISOString();
    const events = Array.from({ length: batch }, () => alerts[made++ % alerts.length]?.(time) ?? '');
    return `[${events.join()}]`;
  };
  const work = async (token: string): Promise<void> => {
    while (performance.now() < end) {
      const early = begin + (made / perSecond) * 1000 - performance.now();
      if (early > 0) await pause(early);
      if ((await post(target, agent, token, nextBody())) === 202) taken += batch;
    }
  };
  await Promise.all(tokens.map(work));
  agent.destroy();
  return taken;
};

/** As falcosidekick sends it, some 900 bytes; written once, since it is not the load that is measured. */
const alertOf = ({ namespace, name, node }: PodName): ((time: string) => string) => {
  const [head = '', middle = '', tail = ''] = JSON.stringify({
    uuid: '§',
    output: `Compiler run in container (proc=gcc pod=${name} ns=${namespace} image=registry.example.com/apps/service)`,
    priority: 'Notice',
    rule: 'Compiler run in container',
    time: '§',
    source: 'syscall',
    hostname: node,
    tags: ['container', 'maturity_sandbox', 'mitre_defense_evasion', 'T1027.004'],
    output_fields: {
      'container.id': '3f2a1b4c5d6e',
      'container.name': 'main',
      'container.image.repository': 'registry.example.com/apps/service',
      'container.image.tag': '1.0.0',
      'evt.time': 1_767_225_600_000_000_000,
      'evt.type': 'execve',
      'k8s.ns.name': namespace,
      'k8s.pod.name': name,
      'proc.name': 'gcc',
      'proc.exepath': '/usr/bin/gcc',
      'proc.cmdline': 'gcc -O2 -Wall -o main main.c',
      'proc.pname': 'make',
      'proc.tty': 0,
      'user.name': 'root',
    },
  }).split('§');
  return (time) => `${head}${crypto.randomUUID()}${middle}${time}${tail}`;
};

const post = ({ port }: EventTarget, agent: Agent, token: string, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path: '/ingest/v1/falco',
        method: 'POST',
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
