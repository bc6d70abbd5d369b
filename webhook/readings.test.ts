import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../kube/log.ts';
import { resources } from '../kube/resource.ts';
import { startFakeKube, type FakeKube } from '../kube/testing/fake-kube.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { createReadings, type Readings } from './readings.ts';

let kube: FakeKube;
let transport: Transport;
let readings: Readings;

beforeEach(async () => {
  kube = await startFakeKube();
  transport = createTransport(kube.access, { userAgent: 'test/1' });
  readings = createReadings(transport, silentLog);
  kube.put(resources.pods, { metadata: { namespace: 'shop', name: 'till' } });
  kube.put(resources.coverageReports, { metadata: { name: 'january' } });
});

afterEach(async () => {
  await transport.close();
  await kube.close();
});

test('what is there is read', async () => {
  expect(await readings.pod('shop', 'till')).toMatchObject({ metadata: { name: 'till' } });
  expect(await readings.report('january')).toMatchObject({ found: { metadata: { name: 'january' } } });
});

test('what is not there is known not to be', async () => {
  expect(await readings.pod('shop', 'gone')).toBeUndefined();
  expect(await readings.report('gone')).toEqual({ found: undefined });
});

test('what may not be read is not known', async () => {
  kube.inject({ verb: 'get', fault: { answer: 403 }, times: 2 });
  expect(await readings.pod('shop', 'till')).toBeUndefined();
  expect(await readings.report('january')).toBe('unknown');
});

test('what does not answer within a second is not known', async () => {
  kube.inject({ verb: 'get', fault: { hang: true }, times: 10 });
  expect(await readings.report('january')).toBe('unknown');
});
