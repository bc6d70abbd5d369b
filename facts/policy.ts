// WorkloadPolicy → the domain's Policy.
import { parseDuration } from '../crds/schema/duration.ts';
import type { EventMatcher as WrittenMatcher, PostureRule as WrittenPostureRule } from '../crds/schema/posture.ts';
import { parseRatio } from '../crds/schema/ratio.ts';
import {
  workloadPolicySchema,
  type Exemption as WrittenExemption,
  type Requirement as WrittenRequirement,
  type WorkloadPolicy,
  type WorkloadPolicySpec,
} from '../crds/schema/workload-policy.ts';
import { admissionKinds } from '../crds/schema/vocabulary.ts';
import type { EventMatcher, PostureRule } from '../domain/findings/types.ts';
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
  posture: (spec.posture ?? []).map(postureRuleOf),
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

const postureRuleOf = (written: WrittenPostureRule): PostureRule => ({
  behaviour: written.behaviour,
  match: (written.match?.anyOf ?? []).map(matcherOf),
  severity: written.severity,
  quietPeriod: parseDuration(written.quietPeriod),
  quietEvidence: written.quietEvidence,
  quietNodes: parseRatio(written.quietNodes),
  quietRuns: written.quietRuns,
  minimumPodAge: written.minimumPodAge === undefined ? undefined : parseDuration(written.minimumPodAge),
  minimumVersion: written.minimumVersion,
  exclude: (written.exclude ?? []).map(matcherOf),
});

const matcherOf = ({ allOf }: WrittenMatcher): EventMatcher => ({
  allOf: allOf.map(({ field, equals = [], prefix = [], suffix = [], glob = [] }) => ({
    field,
    equals,
    prefix,
    suffix,
    glob,
  })),
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
