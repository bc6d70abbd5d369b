// CoverageSlice of nodes → what it says of each, with one object for all nodes of one profile.
import type { NodeReport, ReportedAgent } from '../domain/placement/reported-presence.ts';
import { reasons, type Reason } from '../domain/reason.ts';
import { evidenceLevels, states } from '../domain/types.ts';
import { list, object, text, textOrNone, texts } from './read.ts';

export interface NodeSlice {
  readonly name: string;
  readonly profiles: readonly { readonly report: NodeReport; readonly nodes: readonly string[] }[];
}

/** A projection that gives equal profiles the same object: what is remembered by it outlives the rewriting of slices. */
export const createNodeSliceProjection = (report: string): ((raw: unknown) => NodeSlice | undefined) => {
  const known = new Map<string, NodeReport>();
  return (raw) => {
    const { metadata, spec, profiles } = object(raw);
    const { report: of, assets, frozen } = object(spec);
    const name = text(object(metadata).name);
    if (name === '' || of !== report || assets !== 'Nodes' || frozen === true) return undefined;
    return {
      name,
      profiles: list(profiles).map((item) => {
        const written = reportOf(item);
        const key = JSON.stringify(written);
        // A fleet has a few dozen profiles at a time; thousands are months of them.
        if (known.size > maximumKnown) known.clear();
        const same = known.get(key) ?? written;
        known.set(key, same);
        return { report: same, nodes: texts(object(item).names) };
      }),
    };
  };
};

const maximumKnown = 5000;

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
