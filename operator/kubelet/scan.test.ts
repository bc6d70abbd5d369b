import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findSample } from './scan.ts';

const name = 'kubelet_cgroup_version';
const mebibyte = 1024 * 1024;

/** The text in pieces that end wherever the cuts say. */
async function* inPieces(text: string, cuts: readonly number[] = []): AsyncGenerator<Buffer> {
  const ends = [...cuts.map((cut) => cut % (text.length + 1)), text.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    yield Buffer.from(text.slice(from, end));
    from = end;
  }
}

const help = `# HELP ${name} [ALPHA] cgroup version on the hosts.\n# TYPE ${name} gauge\n`;

describe('the sample', () => {
  test.each<[string, string, number | undefined]>([
    ['as kubelets write it', `go_goroutines 7\n${help}${name} 1\nkubelet_http_inflight_requests 1\n`, 1],
    ['at the very beginning', `${name} 2\n`, 2],
    ['at the end, without a line break', `${help}${name} 2`, 2],
    ['with empty labels, a timestamp and CRLF', `${name}{} 1 1395066363000\r\n`, 1],
    ['that says none', `${help}${name} 0\n`, 0],
    ['that nobody wrote', 'go_goroutines 7\n', undefined],
    ['that is only announced', help, undefined],
    ['of a longer name', `${name}_total 1\n`, undefined],
    ['of a name that ends like it', `other_${name} 1\n`, undefined],
    ['that is named in a label', `up{metric="${name} 1"} 1\n`, undefined],
    ['without a number', `${name} two\n`, undefined],
    ['after one that is none', `${name} two\n${name} 2\n`, 2],
    ['in no exposition at all', '<!doctype html>\n<title>Sign in</title>\n', undefined],
  ])('%s', async (_, text, value) => {
    expect(await findSample(inPieces(text), name, mebibyte)).toBe(value);
  });

  test('is found wherever the answer is cut in pieces', async () => {
    const text = `go_goroutines 7\n${help}${name} 1\nkubelet_running_pods 3\n`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), async (cuts) => {
        expect(await findSample(inPieces(text, cuts), name, mebibyte)).toBe(1);
      }),
    );
  });

  test('is not taken from the middle of a line that is too long to be it', async () => {
    const line = `up{why="${'x'.repeat(5000)}`;
    expect(await findSample(inPieces(`${line}${name} 1"} 1\n`, [4000, line.length]), name, mebibyte)).toBeUndefined();
  });

  test('ends the reading', async () => {
    let isOver = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from(`${help}${name} 2\n`);
        for (;;) yield Buffer.from('more 1\n');
      } finally {
        isOver = true;
      }
    }
    expect(await findSample(endless(), name, mebibyte)).toBe(2);
    expect(isOver).toBe(true);
  });

  test('is waited for in no more than so many bytes, of which none are held', async () => {
    async function* pouring(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(65_536, 'x');
    }
    await expect(findSample(pouring(), name, mebibyte)).rejects.toMatchObject({
      outcome: 'oversize',
      message: 'its answer is larger than 1 MiB',
    });
  });
});
