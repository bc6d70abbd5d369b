// A replica that takes events in on this machine, and one who posts them to it.
import { freePorts } from '../../control-plane/ports.ts';
import type { ProcessHandle } from '../../installation/install.ts';
import { eventually } from './eventually.ts';
import { createPoster, type Poster } from './post-events.ts';
import type { World } from './world.ts';

export interface TakingIn {
  readonly operator: ProcessHandle;
  readonly poster: Poster;
  readonly port: number;
}

/** Leads at once, and knows the token. `args`: further ones of the operator. */
export const startTakingIn = async (world: World, token: string, args: readonly string[] = []): Promise<TakingIn> => {
  const [port = 0] = await freePorts(1);
  const operator = await world.startOperator({ args: [`--ingest-address=127.0.0.1:${port}`, ...args] });
  const poster = await eventually(() => createPoster(world, port, token));
  // Nothing is refused for being nothing once it is known who sends it, which is read from the Secret a moment later.
  await eventually(async () => expectStatus(await poster.post('falco', []), 400));
  return { operator, poster, port };
};

const expectStatus = ({ status, body }: Awaited<ReturnType<Poster['post']>>, wanted: number): void => {
  if (status !== wanted) throw new Error(`events are answered by ${status}, not ${wanted}: ${JSON.stringify(body)}`);
};
