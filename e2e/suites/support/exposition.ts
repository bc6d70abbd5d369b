// What a process says on /metrics, as samples by name and labels.
import { request } from 'undici';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** The sum of all samples of this name that have these labels; undefined where there is none. */
  readonly sum: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined;
}

const requestDeadlineMs = 5000;

export const fetchText = async (url: string): Promise<{ readonly status: number; readonly text: string }> => {
  const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(requestDeadlineMs) });
  return { status: statusCode, text: await body.text() };
};

export const fetchMetrics = async (url: string): Promise<Metrics> => {
  const { status, text } = await fetchText(url);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return readExposition(text);
};

export const readExposition = (text: string): Metrics => {
  const samples = text.split('\n').flatMap((line) => {
    const match = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line);
    if (match?.groups === undefined) return [];
    const { name = '', labels = '', value = '' } = match.groups;
    return [{ name, labels: labelsIn(labels), value: Number(value.replace('Inf', 'Infinity')) }];
  });
  return {
    text,
    samples,
    sum: (name, labels = {}) => {
      const matching = samples.filter(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      return matching.length === 0 ? undefined : matching.reduce((sum, { value }) => sum + value, 0);
    },
  };
};

const labelsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', value = '']) => [
      key,
      value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    ]),
  );
