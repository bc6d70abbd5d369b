import { Agent, request } from 'undici';

/** A plain client for the few calls that the control plane itself makes. */
export interface ApiClient {
  readonly call: (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ) => Promise<ApiAnswer>;
  readonly close: () => Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

const CALL_DEADLINE_MS = 10_000;

export function apiClient(url: string, certificateAuthority: string, token: string): ApiClient {
  const agent = new Agent({ connect: { ca: certificateAuthority }, allowH2: false });
  return {
    call: async (method, path, body) => {
      const { statusCode, body: answer } = await request(`${url}${path}`, {
        method,
        dispatcher: agent,
        signal: AbortSignal.timeout(CALL_DEADLINE_MS),
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: statusCode, body: parse(text) };
    },
    close: async () => agent.destroy(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
