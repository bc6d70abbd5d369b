// A server under measurement, in a process of its own: `decide`, the webhook's own with the whole decision, or `allow`, the limit of the
// stack: Node's https, which parses the review and lets everything through. Prints its port and authority, ends with its input.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../kube/clock.ts';
import { silentLog } from '../kube/log.ts';
import { bundleOf } from '../certificates/material.ts';
import { renew } from '../certificates/renew.ts';
import type { Cluster } from '../webhook/cluster.ts';
import { createWebhookMetrics } from '../webhook/metrics.ts';
import { createPodWebhook } from '../webhook/placement.ts';
import { createAdmissionServer } from '../webhook/server.ts';
import { admissionPicture, worldNow } from './admission-world.ts';

const [kind, nodes] = process.argv.slice(2);
const material = await renew(undefined, { kind: 'all', hosts: ['127.0.0.1'] }, Date.now());
const certificate = { cert: material.leaf.pem, key: material.leafKey };
const port = kind === 'decide' ? await serveDecisions(Number(nodes)) : await serveAlways();
process.stdout.write(`${JSON.stringify({ port, ca: bundleOf(material) })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();

async function serveDecisions(nodeCount: number): Promise<number> {
  const picture = admissionPicture(nodeCount, worldNow);
  const cluster: Pick<Cluster, 'picture' | 'namespaceLabels' | 'runtimeClass'> = {
    picture: () => picture,
    namespaceLabels: (name) => ({ 'kubernetes.io/metadata.name': name }),
    runtimeClass: () => undefined,
  };
  const webhook = createPodWebhook(cluster as Cluster, () => worldNow);
  const server = createAdmissionServer({
    address: { host: '127.0.0.1', port: 0 },
    certificate,
    webhooks: { '/validate/pods': webhook },
    failurePolicy: 'Ignore',
    drainMs: 0,
    clock: systemClock,
    log: silentLog,
    metrics: createWebhookMetrics({
      cacheStaleness: () => ({}),
      reportAge: () => undefined,
      certificateExpiry: () => ({}),
      selfProbe: () => undefined,
    }),
  });
  void server.run(new AbortController().signal);
  return server.listening;
}

async function serveAlways(): Promise<number> {
  const server = createServer({ ...certificate, minVersion: 'TLSv1.2' }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(parts).toString('utf8')) as {
        readonly request: { readonly uid: string };
      };
      const answer = JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: review.request.uid, allowed: true },
      });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
      response.end(answer);
    });
  });
  server.keepAliveTimeout = 95_000;
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return (server.address() as AddressInfo).port;
}
