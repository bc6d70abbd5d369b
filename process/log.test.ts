import { describe, expect, it } from 'vitest';
import { createLogger, type LogOptions } from './log.ts';

const logged = async (options: Partial<LogOptions>, write: (log: Awaited<ReturnType<typeof createLogger>>) => void) => {
  const lines: string[] = [];
  const log = await createLogger(
    { program: 'example', clusterName: '', logLevel: 'info', logFormat: 'json', ...options },
    { write: (line) => lines.push(line) },
  );
  write(log);
  return lines.join('');
};

describe('the logger', () => {
  it('writes one JSON object a line, with names for levels and RFC 3339 for times', async () => {
    const entry: unknown = JSON.parse(
      await logged({ clusterName: 'blue' }, (log) => log.warn({ node: 'n1' }, 'a word')),
    );
    expect(entry).toMatchObject({ level: 'warn', program: 'example', cluster: 'blue', node: 'n1', msg: 'a word' });
    expect(entry).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/));
  });

  it('leaves out what is below the level', async () => {
    expect(await logged({ logLevel: 'error' }, (log) => log.warn({}, 'a word'))).toBe('');
  });

  it('keeps the cause of an error', async () => {
    const error = new Error('outer', { cause: new Error('inner') });
    expect(await logged({}, (log) => log.error({ error }, 'failed'))).toContain('inner');
  });

  it('writes for reading where asked to', async () => {
    expect(await logged({ logFormat: 'pretty' }, (log) => log.info({ node: 'n1' }, 'a word'))).toMatch(/INFO.*a word/);
  });
});
