#!/usr/bin/env node
// kubectl-protection: as `kubectl protection …` wherever kubectl finds it in the PATH, or under its own name.
import { runCli } from './run.ts';

/** Whoever reads us has read enough, as `head` does: no reason to complain. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  now: Date.now,
});
