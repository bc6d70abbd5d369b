import { describe, expect, test } from 'vitest';
import { KubeError, classify, errorFromNetwork, errorFromStatus } from './errors.ts';

function status(code: number, reason: string, more: object = {}): object {
  return { kind: 'Status', code, reason, message: 'the words of the server', ...more };
}

describe('an error', () => {
  const table: readonly [number, string, ReturnType<typeof classify>][] = [
    [400, 'BadRequest', 'invalid'],
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'notFound'],
    [405, 'MethodNotAllowed', 'fatal'],
    [408, 'Timeout', 'retryable'],
    [409, 'AlreadyExists', 'exists'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'gone'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'tooMany'],
    [500, 'InternalError', 'retryable'],
    [504, 'Timeout', 'retryable'],
  ];
  test.each(table)('%i %s is %s', (code, reason, wanted) => {
    expect(classify(errorFromStatus('GET /x', status(code, reason)))).toBe(wanted);
  });

  test('that is not ours is fatal', () => {
    expect(classify(new TypeError('a bug'))).toBe('fatal');
  });

  test('says what was asked and what the server said', () => {
    const error = errorFromStatus('GET /api/v1/pods', status(403, 'Forbidden'));
    expect(error.message).toBe('GET /api/v1/pods: 403 Forbidden: the words of the server');
  });

  test('that is no Status keeps the body to itself', () => {
    const error = errorFromStatus('GET /x', '<html>secret</html>', { code: 502 });
    expect(error.message).not.toContain('secret');
    expect(error.message).toContain('502');
  });

  test('of a Secret names the fields and not what they hold', () => {
    const causes = [{ field: 'data[password]', message: 'Invalid value: "hunter2"' }];
    const error = errorFromStatus(
      'POST /api/v1/namespaces/n/secrets',
      status(422, 'Invalid', { message: 'hunter2', details: { causes } }),
    );
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
    expect(error.message).toContain('data[password]');
  });

  test('carries when to come back', () => {
    expect(errorFromStatus('GET /x', status(429, '', { details: { retryAfterSeconds: 3 } })).retryAfterMs).toBe(3000);
  });

  test('keeps a line a line', () => {
    expect(
      errorFromStatus('GET /x', status(422, 'Invalid', { message: 'x'.repeat(100_000) })).message.length,
    ).toBeLessThan(1100);
  });

  test('of the network is named by its cause, and not wrapped twice', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = errorFromNetwork('GET /x', new TypeError('fetch failed', { cause }));
    expect(error).toMatchObject({ code: 0, reason: 'ECONNREFUSED' });
    expect(classify(error)).toBe('retryable');
    expect(errorFromNetwork('GET /y', error)).toBe(error);
    expect(error).toBeInstanceOf(KubeError);
  });
});
