import { expect, test } from 'vitest';
import type { EventStanding } from './finding-object.ts';
import { whatOf } from './what.ts';

test.each<[Partial<EventStanding>, string]>([
  [{ arguments: 'gcc -O2 main.c' }, 'gcc -O2 main.c'],
  [{ executable: '/tmp/x' }, '/tmp/x'],
  [{ arguments: 'x -v', executable: '/tmp/x' }, '/tmp/x -v'],
  [{ arguments: '/tmp/x -v', executable: '/tmp/x' }, '/tmp/x -v'],
  [{ arguments: '/usr/bin/gcc a.c', executable: '/usr/bin/gcc' }, '/usr/bin/gcc a.c'],
  [
    { arguments: 'gcc a.c', executable: '/usr/bin/x86_64-linux-gnu-gcc-12' },
    'gcc a.c (/usr/bin/x86_64-linux-gnu-gcc-12)',
  ],
  [{ arguments: 'sh', executable: '/bin/busybox', file: '/dev/pts/0' }, 'sh (/bin/busybox) /dev/pts/0'],
  [{ executable: '/bin/cat', file: '/bin/cat' }, '/bin/cat'],
  [{ executable: '/usr/bin/curl', destination: '169.254.169.254:80' }, '/usr/bin/curl 169.254.169.254:80'],
  [{ message: 'Exec to pod' }, 'Exec to pod'],
  [{}, ''],
])('of %j people read: %s', (event, what) => {
  expect(whatOf({ time: '2026-08-01T10:00:00.000Z', ...event })).toBe(what);
});
