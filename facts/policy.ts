// WorkloadPolicy → the domain's Policy.
import { parseDuration } from '../crds/schema/duration.ts';
import { parseRatio } from '../crds/schema/ratio.ts';
import {
  workloadPolicySchema,
  type Exemption as WrittenExemption,
  type Requirement as WrittenRequirement,
  type WorkloadPolicy,
  type WorkloadPolicySpec,
} from '../crds/schema/workload-policy.ts';
import { admissionKinds } from '../crds/schema/vocabulary.ts';
import type { Exemption, NodeMarks, Policy, Requirement } from '../domain/types.ts';
import { toAssetSelector } from './label-selector.ts';
import { parseSpec, type Result } from './parse.ts';

export const toPolicy = (raw: unknown): Result<Policy> => {
  const parsed = parseSpec<WorkloadPolicy>(workloadPolicySchema, raw);
  return parsed.ok ? { ok: true, value: policyOf(parsed.value) } : parsed;
};

/** Of an object that is parsed already. */
export const policyOf = ({ metadata, spec }: WorkloadPolicy): Policy => ({
  name: metadata.name,
  selector: toAssetSelector(spec.selector),
  criticality: spec.criticality,
  require: requirementOf(spec.require),
  gracePeriod: parseDuration(spec.gracePeriod),
  exemptions: (spec.exemptions ?? []).map(exemptionOf),
  nodes: nodeMarksOf(spec.nodes),
  admission: admissionOf(spec.admission),
});

/** Who names a kind of controller wants Deny to refuse it; who names none is warned of controllers, and refused pods. */
const admissionOf = ({ mode, when, kinds, breakGlass }: WorkloadPolicySpec['admission']): Policy['admission'] => ({
  mode,
  when,
  kinds: kinds ?? admissionKinds,
  refuses: kinds ?? ['Pod'],
  breakGlass,
});

const requirementOf = (written: WrittenRequirement): Requirement => ({
  agents: (written.agents ?? []).map(({ name, minVersion }) => ({ name, minVersion })),
  evidence: written.evidence,
  policies: (written.policies ?? []).map(({ name, minVersion, source, rules }) => ({
    name,
    minVersion,
    source,
    rules: rules ?? [],
  })),
  mitre: (written.mitre ?? []).map(({ tactic, techniques, minimumRules }) => ({
    tactic,
    techniques: techniques ?? [],
    minimumRules,
  })),
  telemetryMaxAge: written.telemetryMaxAge === undefined ? undefined : parseDuration(written.telemetryMaxAge),
  maxDropRatio: written.maxDropRatio === undefined ? undefined : parseRatio(written.maxDropRatio),
});

const nodeMarksOf = ({ condition, startupTaint }: WorkloadPolicySpec['nodes']): NodeMarks => ({
  condition,
  startupTaint: { ...startupTaint, timeLimit: parseDuration(startupTaint.timeLimit) },
});

/** One without a name is told from the others by its place in the list. */
const exemptionOf = ({ name, selector, reason, expiresAt }: WrittenExemption, index: number): Exemption => ({
  name: name ?? String(index),
  selector: toAssetSelector(selector),
  reason,
  expiresAt: Date.parse(expiresAt),
});
