// One name for a TracingPolicy in objects, metrics and requirements: that of a namespaced one begins with its namespace, since
// Tetragon allows the same name in every namespace and beside them all.

export const tracingPolicyName = (namespace: string, name: string): string =>
  namespace === '' ? name : `${namespace}/${name}`;
