// Our own kinds on their way in and out: refused with every fault named where their definition cannot say it, or let through with what
// is probably not meant, and with what the cluster would lose.
import { asWarnings } from '../domain/placement/wording.ts';
import { toAgentDefinition } from '../facts/agent.ts';
import { object } from '../facts/read.ts';
import { warnOfSlowCanaries } from './agents/canary.ts';
import { warnOfLoss } from './agents/loss.ts';
import { warnOfDuplicates, withAgent } from './agents/validate.ts';
import type { Cluster } from './cluster.ts';
import { validateCase } from './findings/validate.ts';
import { createPolicyWebhook } from './policy/webhook.ts';
import { refusalOf } from './refusal.ts';
import { validateReport, type Lookup } from './report/validate.ts';
import type { AdmissionRequest, Ruling } from './review.ts';
import type { Webhook } from './server.ts';

export const createConfigurationWebhook = (cluster: Cluster, lookUpReport: Lookup, now: () => number): Webhook => {
  const judge: Readonly<Record<string, Webhook>> = {
    WorkloadPolicy: createPolicyWebhook(cluster, now),
    ProtectionAgent: (request) => accepted(warnOfAgent(request, cluster, now())),
    CoverageReport: async ({ operation, object: raw }) =>
      operation === 'DELETE' ? skipped : accepted(await validateReport(raw, lookUpReport)),
    Finding: (request) => (request.operation === 'DELETE' ? skipped : ruleOnFinding(request, now())),
  };
  return (request) => {
    const { kind, operation, subResource, object: raw, oldObject } = request;
    // Finalizers must always be able to go.
    const isGoing = isOnItsWayOut(operation === 'DELETE' ? oldObject : raw);
    if (operation === 'CONNECT' || (subResource ?? '') !== '' || isGoing) return skipped;
    return judge[kind.kind]?.(request) ?? skipped;
  };
};

const skipped: Ruling = { allowed: true, verdict: 'Skipped' };

const accepted = (warnings: readonly string[]): Ruling => ({
  allowed: true,
  warnings: asWarnings(warnings),
  verdict: 'Accepted',
});

const ruleOnFinding = ({ name, object: raw, oldObject }: AdmissionRequest, now: number): Ruling => {
  const { errors, warnings } = validateCase(raw, oldObject, now);
  return errors.length === 0 ? accepted(warnings) : refusalOf(`Finding ${name ?? ''}`, errors);
};

const isOnItsWayOut = (raw: unknown): boolean => typeof object(object(raw).metadata).deletionTimestamp === 'string';

const warnOfAgent = (
  { operation, object: raw, oldObject }: AdmissionRequest,
  cluster: Cluster,
  now: number,
): readonly string[] => {
  const { catalogue } = cluster.picture(now);
  const parsed = toAgentDefinition(operation === 'DELETE' ? oldObject : raw);
  // Its definition has refused it already.
  if (!parsed.ok) return [];
  const agent = parsed.value;
  const name = `ProtectionAgent ${agent.name}`;
  if (operation === 'DELETE') {
    const agents = catalogue.agents.filter((other) => other.name !== agent.name);
    return warnOfLoss(cluster, { agents }, `deleting ${name}`, now);
  }
  const agents = withAgent(catalogue.agents, agent);
  return [
    ...(operation === 'UPDATE' ? warnOfLoss(cluster, { agents }, `this change of ${name}`, now) : []),
    ...warnOfDuplicates(agent, catalogue, cluster.daemonSets()),
    ...warnOfSlowCanaries([agent], [...cluster.policies()]),
  ];
};
