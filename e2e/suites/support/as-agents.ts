// Events on their way as each agent or its forwarder puts them there: its framing, its headers, its proof of who it is.
import { gzipSync } from 'node:zlib';
import type { Sent } from './sender.ts';

/** Falco's http_output: one alert a request, no header of ours; the certificate alone says who it is. */
export const byFalco = (alerts: readonly unknown[]): readonly Sent[] =>
  alerts.map((alert) => ({
    source: 'falco',
    proof: 'certificate',
    headers: { 'user-agent': 'falcosecurity/falco', accept: '*/*', 'content-type': 'application/json' },
    body: JSON.stringify(alert),
  }));

/** The webhook of falcosidekick, with its custom header. Go ends what it encodes with a line. */
export const byFalcosidekick = (alerts: readonly unknown[]): readonly Sent[] =>
  alerts.map((alert) => ({
    source: 'falco',
    proof: 'token',
    headers: { 'user-agent': 'Falcosidekick', 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(alert)}\n`,
  }));

/** Vector's http sink with newline_delimited framing, as docs/ingest.md has it. */
export const byVector =
  (source: string) =>
  (lines: readonly unknown[]): readonly Sent[] => [
    {
      source,
      proof: 'token',
      headers: {
        'user-agent': 'Vector/0.50.0',
        'content-type': 'application/x-ndjson',
        'content-encoding': 'gzip',
      },
      body: gzipSync(lines.map((line) => JSON.stringify(line)).join('\n')),
    },
  ];

/** Fluent Bit's http output with json_lines: what its parser put at the top of a record stands beside what its input and filters add. */
export const byFluentBit =
  (source: string) =>
  (lines: readonly unknown[]): readonly Sent[] => [
    {
      source,
      proof: 'token',
      headers: { 'user-agent': 'Fluent-Bit', 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(
        lines
          .map((line) =>
            JSON.stringify({ stream: 'stdout', _p: 'F', ...(line as object), kubernetes: fluentBitMetadata }),
          )
          .join('\n')
          .concat('\n'),
      ),
    },
  ];

/** Of the pod whose log was read: the agent's own, which must not be taken for the one that the event is about. */
const fluentBitMetadata = {
  pod_name: 'tetragon-x7k2p',
  namespace_name: 'kube-system',
  container_name: 'export-stdout',
  docker_id: 'f'.repeat(64),
  host: 'somewhere',
};

/** Logs in lists, as Datadog's agents send them and Vector's datadog_agent source passes them on; all else as a webhook of the user's. */
export const byDatadog = (events: readonly unknown[]): readonly Sent[] => {
  const isLog = (event: unknown): boolean => typeof (event as { message?: unknown }).message === 'string';
  return [
    {
      source: 'datadog',
      proof: 'api key',
      headers: { 'user-agent': 'datadog-agent/7.81.1', 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(events.filter(isLog))),
    },
    ...events.filter((event) => !isLog(event)).map((event) => json('datadog', event)),
  ];
};

/** node-agent's HTTP exporter posts lists and says no type; single alerts come out of its log, by a shipper. */
export const byKubescape = (alerts: readonly unknown[]): readonly Sent[] => {
  const isList = (alert: unknown): boolean => (alert as { kind?: unknown }).kind === 'RuntimeAlerts';
  return [
    ...alerts.filter(isList).map((list) => ({
      source: 'kubescape',
      proof: 'token' as const,
      headers: { 'user-agent': 'Go-http-client/1.1' },
      body: JSON.stringify(list),
    })),
    ...byVector('kubescape')(alerts.filter((alert) => !isList(alert))),
  ];
};

export const asCloudEvents = (events: readonly unknown[]): readonly Sent[] =>
  events.map((event) => json('generic', event, 'application/cloudevents+json; charset=UTF-8'));

export const asJson = (events: readonly unknown[]): readonly Sent[] => events.map((event) => json('generic', event));

const json = (source: string, event: unknown, type = 'application/json'): Sent => ({
  source,
  proof: 'token',
  headers: { 'content-type': type },
  body: JSON.stringify(event),
});
