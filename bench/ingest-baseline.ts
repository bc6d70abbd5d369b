// What events cost at the least: Express over HTTPS, which parses them and answers 202. Prints its port and authority, ends with its input.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { bundleOf } from '../certificates/material.ts';
import { renew } from '../certificates/renew.ts';

const material = await renew(undefined, { kind: 'all', hosts: ['localhost'] }, Date.now());
const app = express();
app.use(express.text({ type: () => true, limit: '16mb' }));
app.post('/ingest/v1/falco', (request, response) => {
  const events = JSON.parse(request.body as string) as readonly unknown[];
  response.status(202).json({ accepted: events.length });
});
const server = createServer({ cert: material.leaf.pem, key: material.leafKey, minVersion: 'TLSv1.2' }, app);
server.listen({ host: '127.0.0.1', port: 0 }, () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port, ca: bundleOf(material) })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
