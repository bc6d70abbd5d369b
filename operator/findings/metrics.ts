// What Prometheus can ask about findings and the events that make them. Rules are told apart up to a bound: whoever may post events
// must not be able to fill a database with names.
import { Counter, Gauge, type Registry } from 'prom-client';
import { unattributedReasons, type UnattributedReason } from '../../domain/findings/attribute.ts';
import { eventOutcomes, type EventOutcome } from './book/event-outcome.ts';
import type { LiveFinding } from './book/live-finding.ts';

export interface FindingMetrics {
  readonly event: (agentType: string, outcome: EventOutcome, count: number) => void;
  readonly signal: (agentType: string, rule: string | undefined, count: number) => void;
  readonly unattributed: (reason: UnattributedReason) => void;
  readonly setFindings: (findings: Iterable<LiveFinding>) => void;
  readonly setRefused: (count: number) => void;
}

const prefix = 'workload_protection_';
const mostRules = 300;

export const createFindingMetrics = (registry: Registry): FindingMetrics => {
  const registers = [registry];
  const rules = new Set<string>();
  const findings = new Gauge({
    name: `${prefix}findings`,
    help: 'Findings by phase and severity; in the leader.',
    labelNames: ['phase', 'severity'],
    registers,
  });
  const refused = new Gauge({
    name: `${prefix}findings_refused`,
    help: 'Findings that the API server has refused to store for more than two minutes: what is counted in them stands in memory alone. In the leader.',
    registers,
  });
  const events = new Counter({
    name: `${prefix}events_total`,
    help: `Events that were worked in, by agent and by what became of them: ${eventOutcomes.join(', ')}.`,
    labelNames: ['agent_type', 'outcome'],
    registers,
  });
  const signals = new Counter({
    name: `${prefix}signals_total`,
    help: 'Threat detections, which are counted and left alone, by agent and rule; past some hundred rules by "other".',
    labelNames: ['agent_type', 'rule'],
    registers,
  });
  const unattributed = new Counter({
    name: `${prefix}events_unattributed_total`,
    help: 'Events that belong to nobody, by what was missing.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of unattributedReasons) unattributed.inc({ reason }, 0);
  return {
    event: (agentType, outcome, count) => events.inc({ agent_type: agentType, outcome }, count),
    signal: (agentType, rule = '', count) => {
      if (rules.size < mostRules) rules.add(rule);
      signals.inc({ agent_type: agentType, rule: rules.has(rule) ? rule : 'other' }, count);
    },
    unattributed: (reason) => unattributed.inc({ reason }),
    setRefused: (count) => refused.set(count),
    setFindings: (all) => {
      findings.reset();
      for (const { record } of all) findings.inc({ phase: record.state.phase, severity: record.severity });
    },
  };
};
