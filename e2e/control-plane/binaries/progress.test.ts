import { describe, expect, test } from 'vitest';
import { goBuildDetail, progressLine, startProgress } from './progress.ts';

describe('the progress of a build', () => {
  test.each([
    [0, '', '[0:00] building'],
    [9_999, 'compiled 3 packages', '[0:09] building: compiled 3 packages'],
    [605_000, 'x', '[10:05] building: x'],
  ])('after %i ms with %j reads %s', (elapsed, detail, line) => {
    expect(progressLine('building', elapsed, detail)).toBe(line);
  });

  test('counts packages and names modules, and leaves errors alone', () => {
    const detail = goBuildDetail();
    expect(detail('go: downloading k8s.io/api v0.36.3')).toBe('fetching module 1, k8s.io/api');
    expect(detail('k8s.io/api/core/v1')).toBe('compiled 1 packages, now k8s.io/api/core/v1');
    expect(detail('crypto/tls')).toBe('compiled 2 packages, now crypto/tls');
    expect(detail('./main.go:7:2: undefined: x')).toBeUndefined();
  });

  test('in a log is whole lines without control characters', () => {
    const written: string[] = [];
    let now = 0;
    const progress = startProgress('building', { write: (text) => written.push(text) }, () => now);
    now = 61_000;
    progress.done();
    expect(written).toEqual(['[0:00] building\n', '[1:01] building: done\n']);
  });

  test('on a terminal rewrites one line, no wider than the terminal', () => {
    const written: string[] = [];
    const output = { write: (text: string) => written.push(text), isTTY: true, columns: 12 };
    startProgress('building a lot', output, () => 0).done();
    expect(written).toEqual(['\r\u001B[2K[0:00] buil', '\r\u001B[2K[0:00] buil', '\n']);
  });
});
