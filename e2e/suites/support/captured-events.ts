// Events as agents write them, out of the adapters' fixtures, made to be about a pod that really is there, and to have happened now. They
// are of the container `web` in the namespace `shop`.
import { readFileSync } from 'node:fs';

/** Where an event happened, in the words of a cluster. */
export interface Scene {
  readonly node: string;
  readonly pod: string;
  readonly podUid: string;
  /** Whole, without its runtime. */
  readonly containerId: string;
}

/** As the fixtures have it. */
const captured: Scene & { readonly time: string; readonly seconds: string } = {
  node: 'node-1',
  pod: 'web-6d5f9c7b8d-x2k4p',
  podUid: '6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f',
  containerId: '3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01',
  time: '2026-08-01T10:00:00',
  seconds: '1785578400',
};

/** Somebody builds with a secret on the command line. */
export const secret = 'a-secret-of-the-build';

/** Ids stay as they are: some agents give the same one to all that is alike. `file`: FOLDER/NAME. By the item's name. */
export const eventsAt = (file: string, scene: Scene): ReadonlyMap<string, unknown> => {
  const [folder = '', name = ''] = file.split('/');
  const text = readFileSync(new URL(`../../../agents/${folder}/fixtures/${name}.json`, import.meta.url), 'utf8');
  const now = new Date();
  const moved = text
    .replaceAll(captured.pod, scene.pod)
    .replaceAll(captured.podUid, scene.podUid)
    // Whole, and cut as Tetragon and Falco cut it.
    .replaceAll(captured.containerId, scene.containerId)
    .replaceAll(captured.containerId.slice(0, 15), scene.containerId.slice(0, 15))
    .replaceAll(captured.containerId.slice(0, 12), scene.containerId.slice(0, 12))
    .replaceAll(captured.node, scene.node)
    .replaceAll('main.c', `main.c --password=${secret}`)
    .replaceAll(captured.time, now.toISOString().slice(0, captured.time.length))
    .replaceAll(captured.seconds, String(Math.floor(now.getTime() / 1000)));
  return new Map(Object.entries(JSON.parse(moved) as Readonly<Record<string, unknown>>));
};
