// Reads one scalar out of block-style YAML, such as `runtime_security_config.enabled`. The core takes no parser: of an
// agent's configuration it wants one flag, in the block style that every chart writes.

/** `key: rest`, where the key may be quoted. A dash before it is an item of a list. */
const line = /^(\s*)((?:-\s+)*)(?:"([^"]+)"|'([^']+)'|([\w./-]+))\s*:(?:\s+(.*?))?\s*$/;

/** The scalar at a dotted path, unquoted; undefined where the path is not there or is no scalar. */
export const yamlScalarAt = (text: string, path: string): string | undefined => {
  const keys = path.split('.');
  const open: { readonly indent: number; readonly key: string | undefined }[] = [];
  /** Indentation of the key whose block of text (`|`, `>`) is being passed over. */
  let textOf = Number.POSITIVE_INFINITY;
  for (const each of text.split('\n')) {
    const match = line.exec(each);
    const indent = each.search(/[^\s]/);
    if (indent > textOf) continue;
    if (indent >= 0) textOf = Number.POSITIVE_INFINITY;
    if (match === null) continue;
    const [, , dash = '', double, single, plain, rest] = match;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    // What stands in a list has no name to be reached by.
    if (dash !== '') open.push({ indent, key: undefined });
    open.push({ indent: indent + dash.length, key: double ?? single ?? plain });
    if (/^[|>][+\d-]*\s*(?:#.*)?$/.test(rest ?? '')) textOf = indent + dash.length;
    else if (open.length === keys.length && open.every(({ key }, index) => key === keys[index])) return scalar(rest);
  }
  return undefined;
};

const scalar = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const quoted = /^(?:"([^"]*)"|'([^']*)')/.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2];
  const plain = text.replace(/(^|\s+)#.*$/, '').trim();
  return plain === '' ? undefined : plain;
};
