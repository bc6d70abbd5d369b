// Structured logs: JSON for machines, pretty for eyes. Standard output, one line an entry.
import { pino, type DestinationStream, type Logger } from 'pino';
import type { logFormats, logLevels } from './common-flags.ts';

export interface LogOptions {
  readonly program: string;
  readonly clusterName: string;
  readonly logLevel: (typeof logLevels)[number];
  readonly logFormat: (typeof logFormats)[number];
}

export type { Logger };

/** Where the entries go is for tests to say; else standard output. */
export async function createLogger(options: LogOptions, to?: DestinationStream): Promise<Logger> {
  const { program, clusterName, logLevel, logFormat } = options;
  const settings = {
    level: logLevel,
    base: { program, ...(clusterName === '' ? {} : { cluster: clusterName }) },
    // Names and RFC 3339 rather than numbers: a person and every log pipeline read these.
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { error: errorText },
  };
  // Written at once: what a process said before it died is what is wanted most.
  const destination = to ?? pino.destination({ dest: 1, sync: true });
  if (logFormat === 'json') return pino(settings, destination);
  // Only where eyes read: a container never loads it.
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: to === undefined && process.stdout.isTTY,
    ignore: 'program,cluster',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return pino({ ...settings, formatters: {} }, { write: (line) => destination.write(pretty(line)) });
}

/** An error with its causes and stack; a text, as most callers pass, as it is. */
const errorText = (error: unknown): unknown => (error instanceof Error ? pino.stdSerializers.err(error) : error);
