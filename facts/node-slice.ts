// CoverageSlice of nodes → what it says of each, with one object for all nodes of one profile.
import type { NodeReport, ReportedAgent, ReportedRuleset } from '../domain/placement/reported-presence.ts';
import { reasons, type Reason } from '../domain/reason.ts';
import { evidenceLevels, states } from '../domain/types.ts';
import { rulesetOf } from './node-ruleset.ts';
import { list, object, text, textOrNone, texts } from './read.ts';

export interface NodeSlice {
  readonly name: string;
  readonly profiles: readonly { readonly report: NodeReport; readonly nodes: readonly string[] }[];
}

/** A projection that gives equal profiles the same object: what is remembered by it outlives the rewriting of slices. */
export const createNodeSliceProjection = (report: string): ((raw: unknown) => NodeSlice | undefined) => {
  const known = new Map<string, NodeReport>();
  const knownRulesets = new Map<string, ReportedRuleset>();

  const rulesetsIn = (items: unknown): ReadonlyMap<string, ReportedRuleset> => {
    const found = new Map<string, ReportedRuleset>();
    for (const item of list(items)) {
      const key = JSON.stringify(item);
      if (knownRulesets.size > maximumRulesets) knownRulesets.clear();
      const same = knownRulesets.get(key) ?? rulesetOf(item);
      knownRulesets.set(key, same);
      found.set(same.id, same);
    }
    return found;
  };

  return (raw) => {
    const { metadata, spec, profiles, rulesets } = object(raw);
    const { report: of, assets, frozen } = object(spec);
    const name = text(object(metadata).name);
    if (name === '' || of !== report || assets !== 'Nodes' || frozen === true) return undefined;
    const loaded = rulesetsIn(rulesets);
    return {
      name,
      profiles: list(profiles).map((item) => {
        const ruleset = loaded.get(text(object(item).ruleset));
        const said = reportOf(item);
        const key = JSON.stringify([said, ruleset?.id]);
        const written = ruleset === undefined ? said : { ...said, ruleset };
        // A fleet has a few dozen profiles at a time; thousands are months of them.
        if (known.size > maximumKnown) known.clear();
        const before = known.get(key);
        const same = before?.ruleset === ruleset ? (before ?? written) : written;
        known.set(key, same);
        return { report: same, nodes: texts(object(item).names) };
      }),
    };
  };
};

const maximumKnown = 5000;
/** Each may be some ten kilobytes; a fleet has a handful at a time. */
const maximumRulesets = 200;

const reportOf = (profile: unknown): NodeReport => {
  const { agents, reasons: why } = object(profile);
  return {
    agents: list(agents).map((item): ReportedAgent => {
      const agent = object(item);
      return {
        name: text(agent.name),
        version: textOrNone(agent.version),
        // A state of a later version of the operator: what we do not know, we do not know.
        state: states.find((state) => state === agent.state) ?? 'Unknown',
        evidence: evidenceLevels.find((level) => level === agent.evidence),
      };
    }),
    reasons: list(why).flatMap((item) => {
      const { reason, cause, remedy, agent } = object(item);
      return isReason(reason) ? [{ reason, cause: text(cause), remedy: text(remedy), agent: textOrNone(agent) }] : [];
    }),
  };
};

const isReason = (value: unknown): value is Reason => typeof value === 'string' && Object.hasOwn(reasons, value);
