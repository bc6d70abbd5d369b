// Taking events in, put together: every replica journals what comes to it; the one that leads works its journal in, and the others hand
// theirs to it.
import { createCertificateKeeper } from '../../certificates/keeper.ts';
import { createGivenCertificate } from '../../certificates/given.ts';
import type { CertificateSource } from '../../certificates/served.ts';
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { ReflectorMetrics } from '../../kube/reflector.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Address } from '../../process/flag-kinds.ts';
import { openFolder } from '../journal/disk.ts';
import { openJournal, type Journal } from '../journal/journal.ts';
import { createAuthenticate } from './authenticate.ts';
import { publishAuthority } from './authority.ts';
import type { EventConsumer } from './consume.ts';
import { connectToLeader, type LeaderAddress } from './deliver.ts';
import { createDuty, type Duty } from './duty.ts';
import { createKeptIds, type KeptIds } from './kept-ids.ts';
import type { IngestMetrics } from './metrics.ts';
import type { PushedTelemetry } from './pushed.ts';
import { createReceiver } from './receiver.ts';
import { createReviews } from './reviews.ts';
import { createSenders } from './senders.ts';
import { createIngestServer } from './server.ts';
import { createShedNotes } from './shed.ts';

export interface IngestProcessOptions {
  readonly transport: Transport;
  /** For reviews of tokens alone, so that a flood of them takes nothing from the watches' rate. */
  readonly reviewing: Transport;
  readonly namespace: string;
  readonly address: Address;
  readonly journalDir: string;
  readonly journalBytes: number;
  /** The Service that agents send to. */
  readonly serviceName: string;
  readonly certificateSource: 'Product' | 'Secret';
  readonly certificateSecret: string;
  readonly sendersSecret: string;
  readonly authorityConfigMap: string;
  readonly telemetry: PushedTelemetry;
  /** Events were turned away; of any node where none is given. */
  readonly onShed?: (node: string | undefined) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: IngestMetrics;
  readonly reflectorMetrics: ReflectorMetrics;
}

export interface Ingest {
  /** Serves and, while nobody here leads, hands over, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Works the journal in for as long as this replica leads. */
  lead(findings: EventConsumer, leading: AbortSignal): Promise<void>;
  /** Who leads, as its Lease says: `host:port_` and what makes it unique, or anything else where it is not to be reached. */
  setLeader(identity: string, isUs: boolean): void;
  readonly journal: () => Journal | undefined;
  /** The port, once it listens. */
  readonly listening: Promise<number>;
  /** Why no events can be taken in; undefined where they can. */
  trouble(): string | undefined;
}

interface Opened {
  readonly journal: Journal;
  readonly ids: KeptIds;
}

const segmentBytes = 16 * 1024 * 1024;
const retryMs = 5000;

export const createIngest = (options: IngestProcessOptions): Ingest => {
  const { namespace, serviceName, clock, log } = options;
  const host = `${serviceName}.${namespace}.svc`;
  const shared = { ...options, metrics: options.reflectorMetrics };
  const certificate: CertificateSource = (
    options.certificateSource === 'Product' ? createCertificateKeeper : createGivenCertificate
  )({
    ...shared,
    secret: options.certificateSecret,
    component: 'operator',
    hosts: [host, `${host}.cluster.local`, `${serviceName}.${namespace}`],
  });
  const senders = createSenders({ ...shared, secret: options.sendersSecret });
  const opened = Promise.withResolvers<Duty>();
  // Who does not wait for it must not be ended by its rejection.
  opened.promise.catch(() => {});
  const listening = Promise.withResolvers<number>();
  let journal: Journal | undefined;
  let isListening = false;
  let notOpen: string | undefined;
  let leader: LeaderAddress | undefined;
  let holder = '';
  let isHolder = false;
  /** Ends with the leader. */
  let term = new AbortController();

  const trust = () => {
    const served = certificate.served();
    return (
      served && {
        cert: served.certificate,
        key: served.key,
        ca: [senders.authorities(), served.authorities ?? ''].filter((pem) => pem !== '').join('\n'),
      }
    );
  };

  /** Coverage goes on without a journal; events cannot be taken in without. */
  const open = async (signal: AbortSignal): Promise<Opened | undefined> => {
    while (!signal.aborted) {
      try {
        const disk = await openFolder(options.journalDir);
        const ofDisk = await openJournal({ disk, maxBytes: options.journalBytes, segmentBytes, log });
        return { journal: ofDisk, ids: createKeptIds({ disk, clock, log }) };
      } catch (error) {
        notOpen = `the journal in ${options.journalDir} cannot be opened: ${error instanceof Error ? error.message : String(error)}`;
        log.error({ error: notOpen }, 'no events can be taken in; choose another --journal-dir, or mend its volume');
        await sleep(clock, retryMs, signal);
      }
    }
    return undefined;
  };

  const serve = async (signal: AbortSignal): Promise<void> => {
    const found = await open(signal);
    if (found === undefined) return;
    const { journal: ofJournal, ids } = found;
    journal = ofJournal;
    notOpen = undefined;
    const identity = (): ReturnType<typeof trust> => trust();
    const duty = createDuty({
      ...options,
      ...found,
      leader: () => leader,
      connect: () => connectToLeader({ leader: () => leader, identity, host }),
      term: () => term.signal,
      running: signal,
    });
    opened.resolve(duty);
    duty.standBy();
    await untilServed(certificate, signal);
    const first = trust();
    if (first === undefined || signal.aborted) return;
    const server = createIngestServer({
      address: options.address,
      trust: first,
      authenticate: createAuthenticate(senders, createReviews({ transport: options.reviewing, clock })),
      journal: ofJournal,
      receiver: createReceiver({
        takeOver: duty.takeOver,
        ids,
        leads: () => (isHolder ? holder : undefined),
        host,
        log,
      }),
      shed: createShedNotes({ journal: ofJournal, onShed: (node) => options.onShed?.(node), clock, signal }),
      clock,
      log,
      metrics: options.metrics,
    });
    const renew = (): void => {
      const next = trust();
      if (next !== undefined) server.use(next);
    };
    const ends = [certificate.subscribe(renew), senders.subscribe(renew)];
    const serving = server.run(signal);
    const port = await server.listening;
    listening.resolve(port);
    isListening = true;
    renew();
    log.info({ address: `${options.address.host}:${port}` }, 'taking in events');
    const publishing = publishAuthority({ ...options, certificate }, signal);
    await serving;
    for (const end of ends) end();
    await publishing;
    await duty.ended();
    await ids.close();
    await ofJournal.close();
  };

  return {
    journal: () => journal,
    listening: listening.promise,
    trouble: () => (isListening ? undefined : (notOpen ?? certificate.trouble() ?? 'not listening for events yet')),
    setLeader(identity, isUs) {
      const [, address = '', port] = /^\[?([^\]_]+?)\]?:(\d+)_/.exec(identity) ?? [];
      leader = isUs || port === undefined ? undefined : { name: identity, host: address, port: Number(port) };
      isHolder = isUs;
      if (identity === holder) return;
      holder = identity;
      term.abort();
      term = new AbortController();
    },
    async run(signal) {
      try {
        await Promise.all([certificate.run(signal), senders.run(signal), serve(signal)]);
      } catch (error) {
        opened.reject(error);
        throw error;
      } finally {
        await options.reviewing.close();
      }
    },
    async lead(findings, leading) {
      const duty = await Promise.race([opened.promise, aborted(leading)]);
      await duty?.lead(findings, leading);
    },
  };
};

const untilServed = (certificate: CertificateSource, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (certificate.served() !== undefined || signal.aborted) return resolve();
    const end = certificate.subscribe(() => {
      end();
      resolve();
    });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
