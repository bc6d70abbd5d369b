// Pods that are created one after the other, many a second, for as long as something happens to the webhook; and what became of each.
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { ControlPlane } from '../../control-plane/start.ts';
import type { Manifest } from '../../fleet/manifest.ts';

export interface Creations {
  /** Answered by 201. */
  readonly made: number;
  /** Of those, the ones that the webhook has warned of. */
  readonly judged: number;
  /** Answered by anything else, with the answer. */
  readonly refused: readonly string[];
  /** Not answered: there was no API server. */
  readonly unanswered: number;
  readonly slowestMs: number;
  readonly perSecond: number;
}

/** A hundred a second, as far as the machine gives them. */
const usualMs = 10;
const connections = 64;
/** So many are made in fact; of the others it is only asked, which is the same for admission and leaves nothing to clean up. */
const oneInFact = 10;
const deadlineMs = 15_000;

/** Creates until `until` has settled, and for `atLeastMs`; its failure is ours. */
export const createDuring = async (
  plane: Pick<ControlPlane, 'url' | 'ca' | 'adminToken'>,
  podOf: (index: number) => Manifest,
  until: Promise<unknown>,
  atLeastMs = 0,
  everyMs = usualMs,
): Promise<Creations> => {
  const agent = new Agent({ connect: { ca: plane.ca }, allowH2: false, connections });
  const refused: string[] = [];
  const open: Promise<void>[] = [];
  let [made, judged, unanswered, slowestMs] = [0, 0, 0, 0];
  const what = { isOver: false };
  const finished = until.finally(() => (what.isOver = true));
  finished.catch(() => {});

  const create = async (index: number): Promise<void> => {
    const began = performance.now();
    const { metadata, ...manifest } = podOf(index);
    const { name, namespace = 'default', ...others } = metadata;
    const isInFact = index % oneInFact === oneInFact - 1;
    try {
      const { statusCode, headers, body } = await request(
        `${plane.url}/api/v1/namespaces/${namespace}/pods${isInFact ? '' : '?dryRun=All'}`,
        {
          method: 'POST',
          dispatcher: agent,
          signal: AbortSignal.timeout(deadlineMs),
          headers: { authorization: `Bearer ${plane.adminToken}`, 'content-type': 'application/json' },
          body: JSON.stringify({ ...manifest, metadata: { ...others, namespace, generateName: `${name}-` } }),
        },
      );
      const text = await body.text();
      if (statusCode === 201) {
        made += 1;
        if (headers['warning'] !== undefined) judged += 1;
      } else refused.push(`${statusCode}: ${text}`);
    } catch {
      unanswered += 1;
    }
    slowestMs = Math.max(slowestMs, performance.now() - began);
  };

  const began = performance.now();
  const now = (): number => performance.now() - began;
  for (let index = 0; !what.isOver || now() < atLeastMs; index += 1) {
    open.push(create(index));
    // Timers are late; what is late is made up for.
    const wait = (index + 1) * everyMs - now();
    if (wait > 0) await delay(wait);
  }
  const perSecond = (open.length * 1000) / now();
  await Promise.all(open);
  await agent.destroy();
  await finished;
  return { made, judged, refused, unanswered, slowestMs, perSecond };
};
