// Which of the detection policies, rules and techniques that a policy requires are not there. They are asked of all the asset's
// working agents together: whichever of them has a policy, the asset has it.
import { attackShortfalls } from '../attack/count.ts';
import type { AttackCounts } from '../attack/types.ts';
import { isInForce, type Ruleset, type RulesetPolicy } from '../telemetry/ruleset.ts';
import type { PolicyRequirement } from '../types.ts';
import { isOlderContent } from '../version.ts';
import { reference } from './agent-gaps.ts';
import { demander, gapOf, type Demand } from './demand.ts';
import { isLost } from './heard.ts';
import type { AgentPresence } from './presence.ts';
import { whereToLook } from './silence.ts';
import type { Gap } from './verdict.ts';
import { few } from './words.ts';

/** `presences`: the agents that work for the asset, and count for the demand. */
export const contentGaps = (demand: Demand, presences: readonly AgentPresence[]): readonly Gap[] => {
  if (demand.policies.length + demand.mitre.length === 0) return [];
  const scene: Scene = {
    demand,
    presences,
    rulesets: presences.flatMap(({ ruleset }) => ruleset ?? []),
    who: presences.map(({ agent }) => agent).join(' and '),
  };
  return [...demand.policies.flatMap((wanted) => policyGaps(scene, wanted)), ...techniqueGaps(scene)];
};

interface Scene {
  readonly demand: Demand;
  readonly presences: readonly AgentPresence[];
  readonly rulesets: readonly Ruleset[];
  readonly who: string;
}

const policyGaps = (scene: Scene, wanted: PolicyRequirement): readonly Gap[] => {
  const { demand, rulesets } = scene;
  const named = rulesets.flatMap(({ policies }) => policies.filter(({ name }) => name === wanted.name));
  // The one that comes nearest to what is asked.
  const attempts = named.filter(isInForce).map((policy) => shortfallsOf(scene, wanted, policy));
  const best = attempts.toSorted((a, b) => a.length - b.length)[0];
  if (best !== undefined) return best;
  const asked = `${demander(demand)} requires the policy ${wanted.name}`;
  const [there] = named;
  if (there === undefined) return notFound(scene, wanted, asked);
  const { agent, status, declaredBy, message } = there;
  const words = message === undefined ? '' : `: ${message}`;
  // Said of the agent already, with its own words.
  if (status === 'Failed') return [];
  if (status === 'Declared') {
    const by = declaredBy === undefined ? '' : `; ${reference(declaredBy)} declares it`;
    return [
      gapOf(
        demand,
        agent,
        'EvidenceTooWeak',
        `${asked}, and nothing proves that ${agent} has loaded it${by}`,
        howToTell(scene, agent),
      ),
    ];
  }
  const how =
    status === 'Missing' ? 'has not loaded it' : `has it ${status === 'Disabled' ? 'switched off' : 'filtered out'}`;
  const remedy =
    status === 'Missing'
      ? `${declaredBy === undefined ? '' : `${reference(declaredBy)} declares it. `}${restartOf(scene, agent)}`
      : `Switch the policy ${wanted.name} on in ${declaredBy === undefined ? `the settings of ${agent}` : reference(declaredBy)}`;
  return [gapOf(demand, agent, 'PolicyMissing', `${asked}, and ${agent} ${how}${words}`, remedy)];
};

const notFound = (scene: Scene, { name }: PolicyRequirement, asked: string): readonly Gap[] => {
  const { demand, rulesets, presences, who } = scene;
  const elsewhere = rulesets.flatMap(({ notForPod }) => notForPod.filter((policy) => policy.name === name))[0];
  if (elsewhere !== undefined) {
    const by = elsewhere.declaredBy === undefined ? name : reference(elsewhere.declaredBy);
    return [
      gapOf(
        demand,
        elsewhere.agent,
        'PolicyMissing',
        `${asked}, and ${by} does not select the pod`,
        `Widen the selector of ${by}, or label the workload's pods so that it selects them`,
      ),
    ];
  }
  const silent = presences.find(({ ruleset }) => ruleset === undefined || ruleset.proof !== 'Complete');
  if (silent !== undefined) {
    return [
      gapOf(
        demand,
        silent.agent,
        'EvidenceTooWeak',
        `${asked}, and what ${silent.agent} has loaded cannot be told for certain (evidence ${silent.evidence ?? 'none'})`,
        howToTell(scene, silent.agent),
      ),
    ];
  }
  return [
    gapOf(
      demand,
      presences.length === 1 ? presences[0]?.agent : undefined,
      'PolicyMissing',
      `${asked}, and ${who} ${presences.length === 1 ? 'has' : 'have'} not loaded it`,
      `Declare the policy ${name} for ${who}, or correct the name: kubectl edit wpol ${demand.policy ?? ''}`,
    ),
  ];
};

/** What a policy that is at work lacks: its source, its version, its rules. */
const shortfallsOf = (scene: Scene, wanted: PolicyRequirement, policy: RulesetPolicy): readonly Gap[] => {
  const { demand } = scene;
  const { agent, name, source, version, declaredBy } = policy;
  const by = demander(demand);
  const edit = `kubectl edit wpol ${demand.policy ?? ''}`;
  const gap = (reason: Gap['reason'], cause: string, remedy: string): Gap =>
    gapOf(demand, agent, reason, cause, remedy);
  if (wanted.source !== undefined && source?.toLowerCase() !== wanted.source.toLowerCase()) {
    return [
      source === undefined
        ? gap(
            'EvidenceTooWeak',
            `${by} requires the policy ${name} from ${wanted.source}, and where ${agent} has it from cannot be told`,
            `Take the source out of what is required: ${edit}`,
          )
        : gap(
            'PolicyMissing',
            `${by} requires the policy ${name} from ${wanted.source}, and ${agent} has it from ${source}`,
            `Load ${name} from ${wanted.source}, or correct the source: ${edit}`,
          ),
    ];
  }
  const gaps: Gap[] = [];
  if (wanted.minVersion !== undefined) {
    const older = version === undefined ? undefined : isOlderContent(version, wanted.minVersion);
    const asked = `${by} requires the policy ${name} in version ${wanted.minVersion} or later, and ${agent} has loaded`;
    if (older === true) {
      const where = declaredBy === undefined ? '' : ` in ${reference(declaredBy)}`;
      gaps.push(gap('PolicyOutdated', `${asked} ${version}`, `Bring ${name} to ${wanted.minVersion} or later${where}`));
    } else if (older === undefined) {
      gaps.push(
        gap(
          'EvidenceTooWeak',
          `${asked} ${version === undefined ? 'one whose version nobody tells' : `${version}, which cannot be compared with it`}`,
          `Take minVersion out of what is required: ${edit}`,
        ),
      );
    }
  }
  return [...gaps, ...ruleGaps(scene, wanted, policy)];
};

const ruleGaps = (scene: Scene, { rules: wanted }: PolicyRequirement, policy: RulesetPolicy): readonly Gap[] => {
  const { demand } = scene;
  const { agent, name, rules, declaredBy } = policy;
  if (wanted.length === 0) return [];
  const by = demander(demand);
  const where = declaredBy === undefined ? name : reference(declaredBy);
  const gap = (reason: Gap['reason'], cause: string, remedy: string): Gap =>
    gapOf(demand, agent, reason, cause, remedy);
  if (rules === undefined) {
    return [
      gap(
        'EvidenceTooWeak',
        `${by} requires ${rulesWords(wanted)} of ${name}, and which rules ${agent} has loaded of it cannot be told`,
        isOtherThanDeclared(policy)
          ? restartOf(scene, agent)
          : `Keep the content of ${name} in an object of the cluster, or supply it as a catalogue, so that its rules are known by its digest`,
      ),
    ];
  }
  return wanted.flatMap((rule): readonly Gap[] => {
    const found = rules.filter((each) => each.name === rule);
    if (found.some(({ status }) => status === 'Loaded')) return [];
    const asked = `${by} requires the rule ${rule} of ${name}, and ${agent}`;
    const [there] = found;
    if (there === undefined) {
      return [gap('RuleMissing', `${asked} has not loaded it`, `Add the rule ${rule} to ${where}`)];
    }
    const words = there.message === undefined ? '' : `: ${there.message}`;
    switch (there.status) {
      case 'Disabled':
        return [gap('RuleDisabled', `${asked} has it switched off${words}`, `Switch the rule ${rule} on in ${where}`)];
      case 'Filtered':
        return [
          gap('RuleMissing', `${asked} has filtered it out${words}`, `Let ${agent} take the rule ${rule} of ${where}`),
        ];
      case 'Loaded':
      case 'Failed':
        // Said of the agent already, with its own words.
        return [];
    }
  });
};

const rulesWords = (rules: readonly string[]): string =>
  rules.length === 1 ? `the rule ${rules[0]}` : `the rules ${few(rules)}`;

/** More single gaps than this of one policy would hide all others. */
const mostTechniques = 8;

const techniqueGaps = (scene: Scene): readonly Gap[] => {
  const { demand, presences, rulesets, who } = scene;
  if (demand.mitre.length === 0) return [];
  const missing = attackShortfalls(
    totalOf(rulesets),
    demand.mitre.map((wanted) => ({ ...wanted, tactic: wanted.tactic ?? '' })),
  );
  if (missing.length === 0) return [];
  const agent = presences.length === 1 ? presences[0]?.agent : undefined;
  const by = demander(demand);
  const unsure = presences.find(({ ruleset }) => ruleset === undefined || !isKnown(ruleset));
  if (unsure !== undefined) {
    const names = few(missing.map(({ name }) => name));
    return [
      gapOf(
        demand,
        unsure.agent,
        'EvidenceTooWeak',
        `${by} requires ${names} to be covered, and which rules ${unsure.agent} has loaded cannot be told (evidence ${unsure.evidence ?? 'none'})`,
        unsure.ruleset?.policies.some((policy) => policy.rules === undefined && isOtherThanDeclared(policy)) === true
          ? restartOf(scene, unsure.agent)
          : howToTell(scene, unsure.agent),
      ),
    ];
  }
  if (missing.length > mostTechniques) {
    const names = few(
      missing.map(({ name }) => name),
      mostTechniques,
    );
    return [
      gapOf(
        demand,
        agent,
        'TechniqueUncovered',
        `${by} requires ${names} to be covered, and ${who} ${presences.length === 1 ? 'has' : 'have'} too few rules loaded for each`,
        'Load rules that are tagged with them',
      ),
    ];
  }
  return missing.map(({ id, name, rules, minimum }) =>
    gapOf(
      demand,
      agent,
      'TechniqueUncovered',
      `${by} requires ${minimum === 1 ? 'a loaded rule' : `${minimum} loaded rules`} for ${name}, and ${who} ${presences.length === 1 ? 'has' : 'have'} ${rules === 0 ? 'none' : rules}`,
      fillerFor(rulesets, id) ?? `Load a rule that is tagged ${id}`,
    ),
  );
};

/** A rule that is there and not at work. */
const fillerFor = (rulesets: readonly Ruleset[], id: string): string | undefined => {
  for (const { agent, policies } of rulesets) {
    for (const policy of policies) {
      const rule = (policy.rules ?? []).find(
        ({ status, techniques, tactics }) =>
          (status !== 'Loaded' || !isInForce(policy)) &&
          (tactics.includes(id) || techniques.some((each) => each === id || each.startsWith(`${id}.`))),
      );
      if (rule === undefined) continue;
      const where = policy.declaredBy === undefined ? policy.name : reference(policy.declaredBy);
      return isInForce(policy)
        ? `Switch on the rule ${rule.name} in ${where}, or load another that is tagged ${id}`
        : `Load the policy ${policy.name} (${where}) into ${agent}: its rule ${rule.name} is tagged ${id}`;
    }
  }
  return undefined;
};

/** What it held is in no object any more; what it should hold is. */
const isOtherThanDeclared = ({ status }: RulesetPolicy): boolean => status === 'Drifted' || status === 'Outdated';

/** Whether everything that is loaded is known down to its rules. */
const isKnown = ({ proof, policies }: Ruleset): boolean =>
  proof === 'Complete' && policies.every((policy) => !isInForce(policy) || policy.rules !== undefined);

/** Counts that several agents share are those of all of them together, and count once. */
const totalOf = (rulesets: readonly Ruleset[]): AttackCounts => {
  const parts = [...new Set(rulesets.map(({ counts }) => counts))];
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return {
    tactics: sum(parts.map(({ tactics }) => tactics)),
    techniques: sum(parts.map(({ techniques }) => techniques)),
    unmapped: parts.reduce((total, { unmapped }) => total + unmapped, 0),
  };
};

const sum = (maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> => {
  const total = new Map<string, number>();
  for (const map of maps) for (const [id, count] of map) total.set(id, (total.get(id) ?? 0) + count);
  return total;
};

const howToTell = ({ presences }: Scene, agent: string): string => {
  const heard = presences.find((presence) => presence.agent === agent)?.heard;
  if (heard?.isConfigured === true && (!heard.hasAnswered || isLost(heard))) return whereToLook(agent, heard);
  return heard?.hasAnswered === true
    ? `See what would let ${agent} tell more: kubectl get pagent ${agent} -o jsonpath='{.status.conditions[?(@.type=="TelemetryAvailable")].message}'`
    : `Switch on the telemetry of ProtectionAgent ${agent}: kubectl edit pagent ${agent} (spec.telemetry.mode)`;
};

const restartOf = ({ presences }: Scene, agent: string): string => {
  const restart = presences.find((presence) => presence.agent === agent)?.restart;
  return restart === undefined ? `Let ${agent} load it anew` : `Let ${agent} load it anew: ${restart}`;
};
