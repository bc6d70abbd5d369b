// The kinds of flags that our processes have. Each parser says what would be right.
import { FlagValueError, type Flag } from './flags.ts';

export interface Address {
  readonly host: string;
  /** 0: the system picks a free one. */
  readonly port: number;
}

export function textFlag(help: string, placeholder: string, fallback: string): Flag<string>;
export function textFlag(help: string, placeholder: string): Flag<string | undefined>;
export function textFlag(help: string, placeholder: string, fallback?: string): Flag<string | undefined> {
  return { help, placeholder, fallback, parse: (text) => text };
}

/** A DNS label, such as the name of a namespace. */
export function labelFlag(help: string, placeholder: string, fallback: string): Flag<string> {
  return {
    help,
    placeholder,
    fallback,
    parse: (text) => {
      if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
      throw new FlagValueError('must be a name of at most 63 lower-case letters, digits and "-"');
    },
  };
}

export function choiceFlag<const T extends string>(help: string, choices: readonly T[], fallback: NoInfer<T>): Flag<T> {
  return {
    help,
    placeholder: choices.join('|'),
    fallback,
    parse: (text) => {
      const chosen = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
      if (chosen !== undefined) return chosen;
      throw new FlagValueError(`must be one of ${choices.join(', ')}`);
    },
  };
}

/** A switch: `--leader-elect`, `--no-leader-elect`, `--leader-elect=false`. */
export function switchFlag(help: string, fallback: boolean): Flag<boolean> {
  return {
    help,
    placeholder: undefined,
    fallback: String(fallback),
    parse: (text) => {
      if (text === 'true' || text === 'false') return text === 'true';
      throw new FlagValueError('must be true or false');
    },
  };
}

/** `host:port`, `[::1]:8080`, or `:8080` for every address of this machine. */
export function addressFlag(help: string, fallback: string): Flag<Address> {
  return {
    help,
    placeholder: 'HOST:PORT',
    fallback,
    parse: (text) => {
      const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
      const port = Number(match?.[3]);
      if (match !== null && port <= 65_535) return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
      throw new FlagValueError('must be host:port, such as 0.0.0.0:8080 or [::1]:8080; port 0 picks a free one');
    },
  };
}

/** An https URL, without a path at its end being stripped. */
export function httpsUrlFlag(help: string, placeholder: string): Flag<URL | undefined> {
  return {
    help,
    placeholder,
    fallback: undefined,
    parse: (text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url?.protocol === 'https:' && url.username === '' && url.search === '' && url.hash === '') return url;
      throw new FlagValueError('must be an https URL without user, query or fragment, such as https://10.0.0.7:9443');
    },
  };
}

/** Milliseconds, written as `500ms`, `12s`, `5m`, `24h` or several of them, the largest unit first. */
export function durationFlag(help: string, fallback: string, limits: { readonly max: string }): Flag<number> {
  const max = parseDuration(limits.max) ?? Number.POSITIVE_INFINITY;
  return {
    help,
    placeholder: 'DURATION',
    fallback,
    parse: (text) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms <= max) return ms;
      throw new FlagValueError(`must be a duration of at most ${limits.max}, such as 500ms, 12s, 5m or 1h30m`);
    },
  };
}

export function countFlag(
  help: string,
  fallback: number,
  limits: { readonly min: number; readonly max: number },
): Flag<number> {
  return {
    help,
    placeholder: 'N',
    fallback: String(fallback),
    parse: (text) => {
      const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (count >= limits.min && count <= limits.max) return count;
      throw new FlagValueError(`must be a whole number from ${limits.min} to ${limits.max}`);
    },
  };
}

const parseDuration = (text: string): number | undefined => {
  const match = /^(\d{1,5}h)?(\d{1,6}m(?!s))?(\d{1,7}s)?(\d{1,9}ms)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [, hours, minutes, seconds, milliseconds] = match.map((part) => Number.parseInt(part ?? '0', 10));
  return (hours ?? 0) * 3_600_000 + (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1000 + (milliseconds ?? 0);
};
