import type { Method } from './transport.ts';

export interface RequestName {
  readonly verb: string;
  readonly resource: string;
}

/** Verb and resource as metrics name them: of bounded number, without names or namespaces. */
export function describeRequest(method: Method, path: string, contentType: string | undefined): RequestName {
  const parts = path.split('/').filter((part) => part !== '');
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return { verb: method.toLowerCase(), resource: 'other' };
  const group = core ? '' : `.${parts[1] ?? ''}`;
  let rest = parts.slice(core ? 2 : 3);
  // A namespace's own subresources look like objects in it.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize')
    rest = rest.slice(2);
  const [plural, name, subresource] = rest;
  if (plural === undefined) return { verb: method.toLowerCase(), resource: 'other' };
  const resource = `${plural}${group}${subresource === undefined ? '' : `/${subresource}`}`;
  return { verb: verbOf(method, name !== undefined, contentType), resource };
}

function verbOf(method: Method, one: boolean, contentType: string | undefined): string {
  switch (method) {
    case 'GET':
      return one ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return contentType?.includes('apply-patch') ? 'apply' : 'patch';
    case 'DELETE':
      return one ? 'delete' : 'deletecollection';
    default:
      return method satisfies never;
  }
}
