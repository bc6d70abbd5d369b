// What rules files hold that Falco fetches from a registry, where the operator does not look.
import type { Manifest, StringMap } from '../fleet/manifest.ts';
import { releaseName } from './render.ts';

/** `files`: content by name. */
export const rulesCatalogue = (files: StringMap): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'falco-rules-5',
    namespace: releaseName,
    labels: { 'workloadprotection.dev/rules-catalogue': 'falco' },
  },
  data: files,
});
