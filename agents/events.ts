// Every agent whose events we can read, by the last step of the path that they are posted to.
import { datadogEvents } from './datadog/security-event.ts';
import type { EventAdapter } from './event.ts';
import { falcoEvents } from './falco/event.ts';
import { genericEvents } from './generic/event.ts';
import { kubeArmorEvents } from './kubearmor/event.ts';
import { kubescapeEvents } from './kubescape/event.ts';
import { tetragonEvents } from './tetragon/event.ts';
import { traceeEvents } from './tracee/event.ts';

const agents: readonly EventAdapter[] = [
  datadogEvents,
  falcoEvents,
  kubeArmorEvents,
  kubescapeEvents,
  tetragonEvents,
  traceeEvents,
];

export const eventAdapters: ReadonlyMap<string, EventAdapter> = new Map(
  [...agents, genericEvents(agents)].map((adapter) => [adapter.source, adapter]),
);
