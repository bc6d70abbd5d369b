import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/clock.ts';
import { resources } from '../../kube/resource.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import { anIo } from '../testing/io.ts';
import { reportChanges } from './changes.ts';
import { showing } from './watching.ts';

let kube: FakeKube;
let transport: Transport;

beforeEach(async () => {
  kube = await startFakeKube();
  transport = createTransport(kube.access, { userAgent: 'test', clock: systemClock });
});

afterEach(async () => {
  await transport.close();
  await kube.close();
});

const put = (name: string, evaluatedAt: string): void =>
  void kube.put(resources.coverageReports, { metadata: { name }, status: { evaluatedAt } });

describe('watching', () => {
  it('shows at once, and again with each change, until it is ended', async () => {
    put('cluster', 'one');
    const ending = new AbortController();
    const io = anIo({});
    let shown = 0;
    const source = { changes: (signal: AbortSignal) => reportChanges(transport, 'cluster', signal) };
    const done = showing(source, io, true, async () => (shown += 1), ending.signal);
    await eventually('the watch is open', () => kube.watches === 1);
    await eventually('it was shown', () => shown > 0);
    const before = shown;
    put('cluster', 'two');
    await eventually('it was shown again', () => shown > before);
    ending.abort();
    expect(await done).toBe(shown);
    expect(io.out().match(/^--- 1970-/gm)).toHaveLength(shown - 1);
  });

  it('takes each picture from a terminal before it shows the next', async () => {
    const io = anIo({ isTTY: true });
    const twice = async function* () {
      yield;
      yield;
    };
    const show = async (): Promise<number> => {
      io.stdout.write('picture');
      return 0;
    };
    await showing({ changes: twice }, io, true, show);
    expect(io.out()).toBe('\u001B[2J\u001B[Hpicture\u001B[2J\u001B[Hpicture');
  });

  it('goes on where the server ends the watch', async () => {
    put('cluster', 'one');
    const ending = new AbortController();
    let changes = 0;
    const watching = (async () => {
      for await (const _ of reportChanges(transport, 'cluster', ending.signal)) changes += 1;
    })();
    await eventually('the watch is open', () => kube.watches === 1);
    kube.endWatches();
    await eventually('a second watch', () => kube.requests.filter(({ verb }) => verb === 'watch').length > 1);
    const before = changes;
    put('cluster', 'two');
    await eventually('the change was seen', () => changes > before);
    ending.abort();
    await watching;
  });

  it('ends with what the server says where it may not watch', async () => {
    kube.settings.forbidden.add('coveragereports');
    const watching = async () => {
      for await (const _ of reportChanges(transport, 'cluster', new AbortController().signal));
    };
    await expect(watching()).rejects.toThrow(/forbidden/);
  });
});
