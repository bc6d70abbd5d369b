// What every object that declares a policy has: its name, and its generation as the version of what it declares.
import type { ObjectReference } from '../domain/telemetry/types.ts';
import type { DeclareInput } from './agent.ts';
import { isObject, object, text, type Raw } from './read.ts';

export interface DeclaringObject {
  readonly namespace: string;
  readonly name: string;
  /** Left out where the API server gave none. */
  readonly version?: string;
  readonly declaredBy: ObjectReference;
  readonly metadata: Raw;
  readonly spec: Raw;
  readonly raw: Raw;
}

/** In order of namespace and name; objects without a name, which cannot come from an API server, are passed over. */
export const readDeclaringObjects = (
  { objects }: Pick<DeclareInput, 'objects'>,
  plural: string,
  kind: string,
): readonly DeclaringObject[] =>
  (objects.get(plural) ?? [])
    .flatMap((raw) => readOne(raw, kind))
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));

const readOne = (raw: unknown, kind: string): readonly DeclaringObject[] => {
  if (!isObject(raw)) return [];
  const metadata = object(raw.metadata);
  const [namespace, name] = [text(metadata.namespace), text(metadata.name)];
  if (name === '') return [];
  const { generation } = metadata;
  return [
    {
      namespace,
      name,
      ...(typeof generation === 'number' ? { version: String(generation) } : {}),
      declaredBy: { kind, ...(namespace === '' ? {} : { namespace }), name },
      metadata,
      spec: object(raw.spec),
      raw,
    },
  ];
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
