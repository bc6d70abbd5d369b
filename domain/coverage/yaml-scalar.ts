// Reads one scalar out of block-style YAML, such as `runtime_security_config.enabled`. The core takes no parser: of an
// agent's configuration it wants one flag, in the block style that every chart writes.

/** The scalar at a dotted path, unquoted; undefined where the path is not there or is no scalar. */
export const yamlScalarAt = (text: string, path: string): string | undefined => {
  const keys = path.split('.');
  const open: { readonly indent: number; readonly key: string }[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\s*)(?:"([^"]+)"|'([^']+)'|([\w.\/-]+))\s*:(?:\s+(.*?))?\s*$/.exec(line);
    if (match === null) continue;
    const indent = match[1]?.length ?? 0;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    open.push({ indent, key: match[2] ?? match[3] ?? match[4] ?? '' });
    const isHere = open.length === keys.length && open.every(({ key }, index) => key === keys[index]);
    if (isHere) return scalar(match[5]);
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
