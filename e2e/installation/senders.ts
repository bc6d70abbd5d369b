// Who may send events: the Secret that the chart names, in which each has a token by its name.
import type { Manifest, StringMap } from '../fleet/manifest.ts';
import { releaseName } from './render.ts';

/** One that calls itself falcosidekick; `more` are other proofs that count. */
export const sendersWith = (token: string, more: StringMap = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'workload-protection-ingest-senders', namespace: releaseName },
  stringData: { 'falcosidekick.token': token, ...more },
});
