#!/usr/bin/env node
// workload-protection-webhook: answers the API server's admission requests.
import { runProgram } from '../process/program.ts';
import { webhookFlags } from './flags.ts';
import { runWebhook } from './webhook.ts';

await runProgram({
  program: 'workload-protection-webhook',
  summary: 'Warns of pods that would run without protection, or refuses them, and validates WorkloadPolicies.',
  flags: webhookFlags,
  run: runWebhook,
});
