// What a working agent leaves open by itself: its version, its proof, its health, what it loses, and where it differs from what is
// declared for it.
import type { RulesetPolicy } from '../telemetry/ruleset.ts';
import type { ObjectReference } from '../telemetry/types.ts';
import { strengthOf } from '../state.ts';
import { isOlder } from '../version.ts';
import { asksForWords, demander, gapOf, type Demand } from './demand.ts';
import type { Loss } from './heard.ts';
import { versionWanted, type AgentPresence, type Trouble } from './presence.ts';
import { stalenessOf } from './silence.ts';
import type { Gap } from './verdict.ts';
import { few, percent } from './words.ts';

/** `required`: the oldest version that the demand takes. */
export const agentGaps = (demand: Demand, presence: AgentPresence, required: string | undefined): readonly Gap[] => {
  const found = [
    ...versionTroubles(demand, presence, required),
    ...evidenceTroubles(demand, presence),
    ...optional(stalenessOf(demand, presence)),
    ...(presence.heard?.issues ?? []).filter(({ reason }) => reason !== 'ProtectionDisabled'),
    ...optional(dropsBeyond(demand, presence)),
    ...(presence.ruleset?.policies ?? []).flatMap((policy) => policyTroubles(policy, presence)),
  ];
  return found.map(({ reason, cause, remedy }) => gapOf(demand, presence.agent, reason, cause, remedy));
};

const optional = (trouble: Trouble | undefined): readonly Trouble[] => (trouble === undefined ? [] : [trouble]);

const versionTroubles = (
  demand: Demand,
  { agent, version, minVersion, upgrade }: AgentPresence,
  required: string | undefined,
): readonly Trouble[] => {
  const by = demander(demand);
  const minimum = highestMissed(version, [
    { version: required, of: by },
    { version: minVersion, of: `ProtectionAgent ${agent}` },
  ]);
  return [
    ...(required === undefined || version !== undefined
      ? []
      : [
          {
            reason: 'EvidenceTooWeak' as const,
            cause: `${by} requires ${agent} ${required} or later, and neither image tag nor label tells the version`,
            remedy: 'Run the agent from an image whose tag is its version, or label its pods app.kubernetes.io/version',
          },
        ]),
    ...(minimum === undefined
      ? []
      : [
          {
            reason: 'AgentOutdated' as const,
            cause: `${agent} ${version ?? ''} is older than ${minimum.version}, the minimum of ${minimum.of}`,
            remedy: upgrade.replaceAll(versionWanted, minimum.version.replace(/^v/i, '')),
          },
        ]),
  ];
};

/** Of the minimums that the version falls short of, the one that satisfies them all. */
const highestMissed = (
  version: string | undefined,
  minimums: readonly { readonly version: string | undefined; readonly of: string }[],
): { readonly version: string; readonly of: string } | undefined => {
  let highest: { readonly version: string; readonly of: string } | undefined;
  for (const { version: minimum, of } of minimums) {
    if (version === undefined || minimum === undefined || isOlder(version, minimum) !== true) continue;
    if (highest === undefined || isOlder(highest.version, minimum) === true) highest = { version: minimum, of };
  }
  return highest;
};

const evidenceTroubles = (demand: Demand, { agent, evidence, heard }: AgentPresence): readonly Trouble[] => {
  if (strengthOf(evidence) >= strengthOf(demand.evidence)) return [];
  const cause = `${demander(demand)} requires the evidence ${demand.evidence} and ${agent} is known to be ${evidence ?? 'nothing'} only`;
  const remedy =
    heard?.hasAnswered === true
      ? `Let ${agent} tell what it has loaded: kubectl get pagent ${agent} -o jsonpath='{.status.conditions[?(@.type=="TelemetryAvailable")].message}'; or require less: kubectl edit wpol ${demand.policy ?? ''}`
      : `Switch on the telemetry of ProtectionAgent ${agent}, or require less: kubectl edit wpol ${demand.policy ?? ''}`;
  return [{ reason: 'EvidenceTooWeak', cause, remedy }];
};

/** Losses are told by the step that they have passed, so that nodes which lose about the same share one gap. */
const dropsBeyond = (demand: Demand, { agent, heard }: AgentPresence): Trouble | undefined => {
  const { maxDropRatio: allowed } = demand;
  if (allowed === undefined || heard === undefined || (!heard.isConfigured && !asksForWords(demand))) return undefined;
  const beyond = heard.losses.filter(({ moreThan }) => (moreThan === undefined ? allowed === 0 : moreThan >= allowed));
  if (beyond.length === 0) return undefined;
  const uncounted = heard.losses.filter((loss) => loss.moreThan === undefined && !beyond.includes(loss));
  const also =
    uncounted.length === 0
      ? ''
      : `; it also loses some of an unknown total (${few(uncounted.map(({ where }) => where))})`;
  return {
    reason: 'EventsDropped',
    cause: `${agent} loses ${beyond.map(lossWords).join(', ')}, and ${demander(demand)} allows ${allowed === 0 ? 'none' : percent(allowed)}${also}`,
    remedy: `${roomFor[heard.type] ?? 'Give the agent larger buffers, or let it watch less'}; or allow more: kubectl edit wpol ${demand.policy ?? ''} (spec.require.maxDropRatio)`,
  };
};

const lossWords = ({ where, moreThan }: Loss): string => {
  if (moreThan === undefined) return `events of an unknown total (${where})`;
  return moreThan === 0 ? `some of its events (${where})` : `more than ${percent(moreThan)} of its events (${where})`;
};

/** The setting that gives an agent more room, by its type. */
const roomFor: Readonly<Record<string, string>> = {
  Falco: 'Give Falco larger buffers (driver.modernEbpf.bufSizePreset in its chart), or more CPU',
  Tetragon: 'Give Tetragon a larger ring buffer (--rb-size in tetragon.extraArgs of its chart), or narrower policies',
  Datadog: 'Give system-probe more CPU, or narrower rules',
};

const policyTroubles = (policy: RulesetPolicy, presence: AgentPresence): readonly Trouble[] => {
  const { agent, restart, heard } = presence;
  const { name, status, declaredBy, message, remedy } = policy;
  const where = declaredBy === undefined ? '' : ` (${reference(declaredBy)})`;
  const words = message === undefined ? '' : `: ${message}`;
  const anew = restart === undefined ? `Let ${agent} load it anew` : `Let ${agent} load it anew: ${restart}`;
  const isTold = (reason: Trouble['reason']): boolean =>
    (heard?.issues ?? []).some((issue) => issue.reason === reason && issue.cause.includes(name));
  switch (status) {
    case 'Failed':
      return isTold('PolicyLoadFailed')
        ? []
        : [
            {
              reason: 'PolicyLoadFailed',
              cause: `${agent} could not load the policy ${name}${where}${words}`,
              remedy: remedy ?? `Correct ${declaredBy === undefined ? name : reference(declaredBy)}, then: ${anew}`,
            },
          ];
    case 'Drifted':
    case 'Outdated':
      return [
        {
          reason: 'PolicyDrift',
          cause: `${agent} has loaded the policy ${name} otherwise than ${declaredBy === undefined ? 'declared' : `${reference(declaredBy)} declares it`}${words}`,
          remedy: remedy ?? anew,
        },
        ...ruleTroubles(policy, agent),
      ];
    case 'Missing':
      return [
        {
          reason: 'PolicyDrift',
          cause: `${agent} has not loaded the policy ${name}${declaredBy === undefined ? '' : `, which ${reference(declaredBy)} declares`}`,
          remedy: remedy ?? anew,
        },
      ];
    case 'Loaded':
    case 'PartiallyLoaded':
      return ruleTroubles(policy, agent);
    // Nobody asks for it, or who does is told so.
    case 'Declared':
    case 'Disabled':
    case 'Filtered':
      return [];
  }
};

const ruleTroubles = ({ name, rules = [] }: RulesetPolicy, agent: string): readonly Trouble[] => {
  const failed = rules.filter(({ status }) => status === 'Failed');
  const words = failed.find(({ message }) => message !== undefined)?.message;
  if (failed.length === 0) return [];
  return [
    {
      reason: 'RuleLoadFailed',
      cause: `${agent} could not load ${failed.length} of the ${rules.length} rules of ${name}: ${few(failed.map((rule) => rule.name))}${words === undefined ? '' : ` (${words})`}`,
      remedy: `Correct or remove ${failed.length === 1 ? 'the rule' : 'these rules'} in ${name}`,
    },
  ];
};

export const reference = ({ kind, namespace, name }: ObjectReference): string =>
  namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
