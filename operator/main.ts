#!/usr/bin/env node
// The operator: keeps coverage reports, their slices and the statuses of agents and policies true.
import { runProgram } from '../process/program.ts';
import { operatorFlags } from './flags.ts';
import { releaseNodes } from './release-nodes.ts';
import { runOperator } from './run.ts';

await runProgram({
  program: 'workload-protection-operator',
  summary: 'Reports which nodes, pods and workloads are protected by a runtime security agent, and where not and why.',
  flags: operatorFlags,
  run: (flags, log, signal) =>
    flags.releaseNodes ? releaseNodes(flags.kubeconfig, log, signal) : runOperator(flags, log, signal),
});
