// CloudEvents in binary mode: the body is the data, and headers say the rest, as the SDKs send them unless they are told otherwise. They become
// what structured mode has in the body, so that whoever reads the journal knows one form.
import type { IncomingHttpHeaders } from 'node:http';
import type { Items } from './items.ts';
import type { Source } from './source.ts';

const attributes = ['specversion', 'id', 'source', 'type', 'time'] as const;

/** The items themselves where they came in no such envelope. */
export const inEnvelope = (items: Items, source: Source, headers: IncomingHttpHeaders): Items => {
  if (source !== 'generic' || headers['ce-specversion'] === undefined) return items;
  const said = attributes.flatMap((name) => {
    const value = headers[`ce-${name}`];
    return typeof value === 'string' ? [[name, decoded(value)] as const] : [];
  });
  const envelope = Object.fromEntries(said);
  return { ...items, good: items.good.map(({ index, item }) => ({ index, item: { ...envelope, data: item } })) };
};

/** As the binding to HTTP wants it. */
const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};
