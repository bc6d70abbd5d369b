// Resident memory of another process, as the kernel tells it.
import { readFileSync } from 'node:fs';

export interface ProcessMemory {
  /** MiB now. */
  readonly resident: number;
  /** MiB at the most so far. */
  readonly peak: number;
}

/** Linux only; fails elsewhere with what to do. */
export const memoryOf = (pid: number): ProcessMemory => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { resident: mebibytes(status, 'VmRSS'), peak: mebibytes(status, 'VmHWM') };
};

/** User and system seconds that the process has used. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields after it, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const mebibytes = (status: string, field: string): number => {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  if (match === null) throw new Error(`/proc does not tell ${field}: run the benchmark on Linux`);
  return Math.round(Number(match[1]) / 102.4) / 10;
};
