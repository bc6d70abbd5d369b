// The admission process, put together: caches, certificate, registration, servers, and the order in which they start and stop.
import { createTransport } from '../kube/transport.ts';
import { systemClock } from '../kube/clock.ts';
import { loadCluster } from '../kube/config.ts';
import { resources } from '../kube/resource.ts';
import type { FlagValues } from '../process/flags.ts';
import { createHealthServer, type Checks } from '../process/http-health.ts';
import type { Logger } from '../process/log.ts';
import { createGivenCertificate } from '../certificates/given.ts';
import { createCertificateKeeper } from '../certificates/keeper.ts';
import { createRegistration } from './certificates/registration.ts';
import { createSelfProbe, type SelfProbe } from './certificates/self-probe.ts';
import type { CertificateSource, Served } from '../certificates/served.ts';
import { createAgentWebhook } from './agents/webhook.ts';
import { createCluster } from './cluster.ts';
import { createConfigurationWebhook } from './configuration.ts';
import { createDecisionsWebhook } from './findings/decisions.ts';
import { createNotesWebhook } from './findings/webhook.ts';
import type { webhookFlags } from './flags.ts';
import { createWebhookMetrics, type WebhookMetrics } from './metrics.ts';
import { createBindingWebhook, createControllerWebhook, createPodWebhook } from './placement.ts';
import { createReadings } from './readings.ts';
import { configurationName, mutatingPaths, notesPath, webhookPaths } from './registered.ts';
import { createAdmissionServer } from './server.ts';

export async function runWebhook(
  flags: FlagValues<typeof webhookFlags>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { kubeconfig, namespace, advertiseUrl, serviceName } = flags;
  const clock = systemClock;
  const random = Math.random;
  const now = (): number => clock.now();
  const access = await loadCluster({ kubeconfig });
  const metrics: WebhookMetrics = createWebhookMetrics({
    cacheStaleness: () => cluster.staleness(),
    reportAge: () => inSeconds(cluster.reportAge(clock.now())),
    certificateExpiry: () => source.served()?.expiry ?? {},
    selfProbe: () => probe && probe.trouble() === undefined,
  });
  const transport = createTransport(access, { userAgent: 'workload-protection-webhook', metrics: metrics.transport });
  const shared = { transport, clock, random, log, metrics: metrics.reflector };
  const cluster = createCluster(shared);
  const readings = createReadings(transport, log);
  const source = (flags.certificateSource === 'Product' ? createCertificateKeeper : createGivenCertificate)({
    ...shared,
    namespace,
    secret: flags.certificateSecret,
    component: 'webhook',
    hosts: [
      `${serviceName}.${namespace}.svc`,
      `${serviceName}.${namespace}.svc.cluster.local`,
      `${serviceName}.${namespace}`,
      ...(advertiseUrl === undefined ? [] : [hostOf(advertiseUrl)]),
    ],
  });
  const registrations = [
    { resource: resources.validatingWebhookConfigurations, paths: webhookPaths },
    { resource: resources.mutatingWebhookConfigurations, paths: mutatingPaths },
  ].map((registered) =>
    createRegistration({
      ...shared,
      ...registered,
      configuration: configurationName,
      publishes: flags.publishAuthority,
      service: { namespace, name: serviceName },
    }),
  );
  /** There once admission is served. */
  let probe: SelfProbe | undefined;
  const health = createHealthServer({
    address: flags.metricsAddress,
    metrics: metrics.registry,
    live: {},
    ready: readiness(
      signal,
      () => cluster.missing(),
      source,
      () => registrations.map((registration) => registration.trouble()).find((trouble) => trouble !== undefined),
      () => (probe === undefined ? 'not serving admission yet' : probe.trouble()),
    ),
    onListening: (url) => log.info({ url }, 'serving metrics and health'),
  });
  log.info({ server: access.server, source: access.source, namespace }, 'starting');

  // What answers need outlives the drain.
  const background = new AbortController();
  const broken = Promise.withResolvers<never>();
  const tasks = [cluster, source, ...registrations, health].map((part) => part.run(background.signal));
  for (const task of tasks) task.catch(broken.reject);

  const serve = async (): Promise<void> => {
    const first = await untilFirst(source, signal);
    if (first === undefined) return;
    const server = createAdmissionServer({
      ...shared,
      address: flags.address,
      certificate: certificateOf(first),
      webhooks: {
        [webhookPaths['pods.workloadprotection.dev']]: createPodWebhook(cluster, now),
        [webhookPaths['controllers.workloadprotection.dev']]: createControllerWebhook(cluster, now),
        [webhookPaths['bindings.workloadprotection.dev']]: createBindingWebhook(cluster, readings.pod, now),
        [webhookPaths['agents.workloadprotection.dev']]: createAgentWebhook(cluster, now),
        [webhookPaths['policies.workloadprotection.dev']]: createConfigurationWebhook(cluster, readings.report, now),
        [notesPath]: createNotesWebhook(now),
        [mutatingPaths['decisions.workloadprotection.dev']]: createDecisionsWebhook(),
      },
      failurePolicy: flags.failurePolicy,
      drainMs: flags.drainPeriod,
      metrics,
    });
    const serving = server.run(signal);
    serving.catch(broken.reject);
    const port = await server.listening;
    log.info({ address: `${flags.address.host}:${port}`, advertised: advertiseUrl?.href }, 'serving admission');
    const publish = ({ authorities }: Served): void => {
      if (flags.publishAuthority && authorities !== undefined)
        for (const registration of registrations)
          registration.want({ bundle: authorities, advertiseUrl: withPort(advertiseUrl, port) });
    };
    const end = source.subscribe((served) => {
      server.use(certificateOf(served));
      if (probe !== undefined) publish(served);
    });
    // One that came while the port was being opened.
    const current = source.served() ?? first;
    server.use(certificateOf(current));
    // The API server is sent here only when there is something to answer from.
    await Promise.race([cluster.synced, serving]);
    publish(source.served() ?? current);
    probe = createSelfProbe({
      published: () => registrations.flatMap((registration) => registration.published()),
      address: { host: flags.address.host, port },
      clock,
    });
    const probing = probe.run(background.signal);
    probing.catch(broken.reject);
    await serving;
    end();
  };

  try {
    await Promise.race([serve(), broken.promise]);
  } finally {
    background.abort();
    await Promise.allSettled(tasks);
    await transport.close();
    log.info({}, 'stopped');
  }
}

const readiness = (
  signal: AbortSignal,
  missing: () => Readonly<Record<string, string>>,
  source: CertificateSource,
  registration: () => string | undefined,
  serving: () => string | undefined,
): Checks => ({
  running: () => (signal.aborted ? 'stopping' : undefined),
  caches: () => {
    const lacking = Object.entries(missing()).map(([resource, why]) => `${resource}: ${why}`);
    return lacking.length === 0 ? undefined : lacking.join('; ');
  },
  certificate: () => (source.served() === undefined ? source.trouble() : undefined),
  registration,
  serving,
});

const untilFirst = (source: CertificateSource, signal: AbortSignal): Promise<Served | undefined> =>
  new Promise((resolve) => {
    const known = source.served();
    if (known !== undefined || signal.aborted) return resolve(known);
    const end = source.subscribe((served) => {
      end();
      resolve(served);
    });
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const certificateOf = ({ certificate, key }: Served) => ({ cert: certificate, key });

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Without the brackets of an IPv6 address. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

const withPort = (advertised: URL | undefined, port: number): URL | undefined => {
  if (advertised?.port !== '0') return advertised;
  const url = new URL(advertised);
  url.port = String(port);
  return url;
};
