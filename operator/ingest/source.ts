// Who events come from, as the last step of the path says: /ingest/v1/falco.
export const sources = ['falco', 'tetragon', 'datadog', 'kubearmor', 'kubescape', 'tracee', 'generic'] as const;
export type Source = (typeof sources)[number];

const prefix = '/ingest/v1/';
const byPath: ReadonlyMap<string, Source> = new Map(sources.map((source) => [prefix + source, source]));

/** The source that a URL names, whatever its query. */
export const sourceOf = (url: string): Source | undefined => {
  const query = url.indexOf('?');
  return byPath.get(query < 0 ? url : url.slice(0, query));
};
