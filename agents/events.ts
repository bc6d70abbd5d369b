// Every agent whose events we can read, by the last step of the path that they are posted to.
import type { EventAdapter } from './event.ts';
import { falcoEvents } from './falco/event.ts';

export const eventAdapters: ReadonlyMap<string, EventAdapter> = new Map(
  [falcoEvents].map((adapter) => [adapter.source, adapter]),
);
