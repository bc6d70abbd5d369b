import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/clock.ts';
import { silentLog } from '../../kube/log.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { startFakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport } from '../../kube/transport.ts';
import { createSenders, digestOf, readSenders } from './senders.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

describe('the senders Secret', () => {
  it('names a sender by the key of its token', () => {
    const { tokens, mistakes } = readSenders({ 'sidekick.token': encode('0123456789abcdef\n') });
    expect(tokens.get(digestOf('0123456789abcdef'))).toEqual({ name: 'token sidekick', node: undefined });
    expect(mistakes).toEqual([]);
  });

  it('says what of it means nothing', () => {
    const { tokens, mistakes } = readSenders({ 'short.token': encode('secret'), 'tls.key': encode('key') });
    expect(tokens.size).toBe(0);
    expect(mistakes).toEqual([
      'short.token is shorter than 16 characters, and is not taken for a token',
      'tls.key is neither ca.crt nor NAME.token, and means nothing',
    ]);
  });

  it('is read again when it changes, so that a token ends when it is taken out', async () => {
    const kube = await startFakeKube();
    const transport = createTransport(kube.access, { userAgent: 'test' });
    const senders = createSenders({
      transport,
      namespace: 'workload-protection',
      secret: 'senders',
      clock: systemClock,
      random: () => 0,
      log: silentLog,
    });
    const stop = new AbortController();
    const done = senders.run(stop.signal);
    running.push(async () => {
      stop.abort();
      await done;
      await transport.close();
      await kube.close();
    });
    const put = (data: Readonly<Record<string, string>>) =>
      kube.cluster.put('/secrets', { metadata: { name: 'senders', namespace: 'workload-protection' }, data });
    put({ 'a.token': encode('first-token-of-a'), 'ca.crt': encode('an authority') });
    await eventually('the first token', () => senders.byToken('first-token-of-a'));
    expect(senders.authorities()).toBe('an authority');
    put({ 'a.token': encode('second-token-of-a') });
    await eventually('the second token', () => senders.byToken('second-token-of-a'));
    expect(senders.byToken('first-token-of-a')).toBeUndefined();
    expect(senders.authorities()).toBe('');
  });
});
