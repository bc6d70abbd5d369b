// What it means that an agent does not speak: not yet, no longer, or never.
import { asksForWords, graceEnd, type Demand } from './demand.ts';
import { isLost, lostAfterStale, type Heard } from './heard.ts';
import type { AgentPresence, Trouble } from './presence.ts';
import { duration } from './words.ts';

/** Undefined where the agent speaks, or nobody asks it to. */
export const silenceOf = (demand: Demand, { agent, heard }: AgentPresence, now: number): Trouble | undefined => {
  if (heard === undefined || (!heard.isConfigured && !asksForWords(demand))) return undefined;
  if (heard.hasAnswered) return isLost(heard) ? unavailable(agent, lostWords(agent, heard), heard) : undefined;
  if (!heard.isAsked) return asksForWords(demand) ? notYetAsked(agent) : undefined;
  const cause = `${agent} has been asked and has not answered${because(heard)}`;
  const trouble = unavailable(agent, cause, heard);
  if (now >= graceEnd({ expectedSince: heard.askedSince }, demand.gracePeriod)) return trouble;
  return {
    reason: 'NotYetReported',
    cause: `within the grace period; at present ${cause}`,
    remedy: `Wait for the grace period to end; if it does not settle: ${trouble.remedy}`,
  };
};

/** A degraded view: the last words are old, and not yet too old. */
export const stalenessOf = (demand: Demand, { agent, heard }: AgentPresence): Trouble | undefined => {
  if (heard === undefined || !heard.hasAnswered || (!heard.isConfigured && !asksForWords(demand))) return undefined;
  const limit = demand.telemetryMaxAge ?? heard.staleAfter;
  if (heard.olderThan < limit) return undefined;
  const asked = demand.telemetryMaxAge === undefined ? '' : `, the telemetryMaxAge of WorkloadPolicy ${demand.policy}`;
  return {
    reason: 'TelemetryStale',
    cause: `${agent}'s last report is older than ${duration(limit)}${asked}${because(heard)}`,
    remedy: whereToLook(agent, heard),
  };
};

const unavailable = (agent: string, cause: string, heard: Heard): Trouble => ({
  reason: 'TelemetryUnavailable',
  cause,
  remedy: whereToLook(agent, heard),
});

const lostWords = (agent: string, heard: Heard): string =>
  `${agent}'s last report is older than ${duration(lostAfterStale * heard.staleAfter)}, ${lostAfterStale} times its staleAfter${because(heard)}`;

const notYetAsked = (agent: string): Trouble => ({
  reason: 'NotYetReported',
  cause: `${agent} has telemetry configured and has not been asked yet`,
  remedy: `Wait for its next round of readings: kubectl get pagent ${agent} -o jsonpath='{.status.scrape}'`,
});

const because = ({ failure }: Heard): string => (failure === undefined ? '' : `: ${failure}`);

/** Who does not speak, and why. */
export const whereToLook = (agent: string, { isConfigured }: Heard): string =>
  isConfigured
    ? `See which of its pods do not answer, and why: kubectl get pagent ${agent} -o jsonpath='{.status.scrape}'`
    : `Switch on the telemetry of ProtectionAgent ${agent}: kubectl edit pagent ${agent} (spec.telemetry.mode)`;
