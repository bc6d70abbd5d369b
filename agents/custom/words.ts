// The words that house-made agents have for states and sources → ours.
import type { LoadedPolicy, PolicySource } from '../../domain/telemetry/types.ts';

/** Undefined for a word that says nothing to us. */
export const statusOf = (word: string): LoadedPolicy['status'] | undefined => statuses.get(plain(word));

export const sourceOf = (word: string): PolicySource | undefined => sources.get(plain(word));

/** `load_error`, `LoadError` and `load-error` are one word. */
const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '');

const mapOf = <T>(words: Readonly<Record<string, T>>): ReadonlyMap<string, T> =>
  new Map(Object.entries(words).flatMap(([list, meaning]) => list.split(' ').map((word) => [word, meaning] as const)));

const statuses: ReadonlyMap<string, LoadedPolicy['status']> = mapOf({
  'loaded enabled active on ok okay ready running valid healthy success successful true yes 1': 'Loaded',
  'partial partially partiallyloaded partiallyenabled incomplete degraded': 'PartiallyLoaded',
  'filtered skipped ignored excluded unsupported notapplicable': 'Filtered',
  'disabled inactive off paused suspended unloaded notloaded false no 0': 'Disabled',
  'failed failure error errored loaderror loadfailed invalid rejected broken': 'Failed',
});

const sources: ReadonlyMap<string, PolicySource> = mapOf({
  'configmap configmaps cm': 'ConfigMap',
  'oci registry artifact image': 'OCI',
  'customresource crd cr kubernetes k8s': 'CustomResource',
  'remoteconfiguration remoteconfig remote backend cloud saas': 'RemoteConfiguration',
  'file files disk local path': 'File',
  'builtin bundled default embedded internal': 'BuiltIn',
});
