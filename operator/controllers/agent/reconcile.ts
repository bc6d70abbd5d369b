// Keeps a ProtectionAgent's status true: where its pods are, in which versions, and what is in the way of reading it.
import type { ProtectionAgentStatus } from '../../../crds/schema/protection-agent.ts';
import type { AgentStanding } from '../../../domain/coverage/agent-standing.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { resources } from '../../../kube/resource.ts';
import type { Definitions } from '../../definitions.ts';
import type { Aspect, StatusContent, StatusWriter } from '../../status.ts';
import type { ScrapeStanding } from '../../telemetry/standing.ts';
import type { OurObjects } from '../../watches.ts';
import type { Reconcile } from '../report/reconcile.ts';
import { declarationAspects, telemetryAspect, writtenScrape } from './telemetry.ts';

export interface AgentControllerOptions {
  readonly standings: () => ReadonlyMap<string, AgentStanding>;
  readonly ours: OurObjects;
  readonly definitions: Definitions;
  readonly model: Pick<CoverageModel, 'agents' | 'declarations'>;
  /** How asking its pods goes. */
  readonly scrapes: (agent: string) => ScrapeStanding;
  /** Namespaces of the agent whose ConfigMaps are needed and cannot be read, with the reason. */
  readonly unreadable: (agent: string) => string | undefined;
  readonly status: StatusWriter;
  readonly now: () => number;
}

const most = { versions: 50, daemonSets: 50 } as const;

export const createAgentReconcile =
  ({ standings, ours, definitions, model, scrapes, unreadable, status, now }: AgentControllerOptions): Reconcile =>
  async (name) => {
    const object = ours.agents.get('', name);
    if (object === undefined) return;
    const error = definitions.errorOfAgent(name);
    const standing = standings().get(name);
    const definition = model.agents().find((agent) => agent.name === name);
    const scrape = scrapes(name);
    await status.write({
      resource: resources.protectionAgents,
      object,
      content: {
        ...(standing === undefined ? {} : contentOf(standing)),
        ...(scrape.asked === 0 ? {} : { scrape: writtenScrape(scrape) }),
      },
      aspects: [
        readiness(name, error, standing),
        ...(definition === undefined ? [] : [telemetryAspect(definition, standing, scrape)]),
        configuration(unreadable(name)),
        ...declarationAspects(model.declarations(name)?.notes ?? []),
      ],
      now: now(),
    });
    if (definition === undefined || definition.telemetry.mode === 'None') return;
    // Who does not answer is told of, whether or not a verdict changes by it.
    return { requeueAfterMs: Math.max(soonestMs, definition.telemetry.interval) };
  };

/** Agents may be asked every five seconds; a status need not be. */
const soonestMs = 10_000;

const contentOf = ({ found, ready, nodes, versions, daemonSets }: AgentStanding): StatusContent => {
  const version = versions[0]?.version;
  return {
    pods: { found, ready },
    nodes,
    ...(version === undefined || version === '' ? {} : { version }),
    versions: versions.slice(0, most.versions).map((use) => ({ ...use })),
    daemonSets: daemonSets.slice(0, most.daemonSets).map((daemonSet) => ({ ...daemonSet })),
  } satisfies Partial<ProtectionAgentStatus>;
};

const readiness = (name: string, error: string | undefined, standing: AgentStanding | undefined): Aspect => {
  const type = 'Ready';
  if (error !== undefined) return { type, status: 'False', reason: 'InvalidSpec', message: error };
  if (standing === undefined || standing.daemonSets.length + standing.found === 0) {
    return {
      type,
      status: 'False',
      reason: 'NotInstalled',
      message: `No DaemonSet matches: ${name} is not installed.`,
    };
  }
  const { found, ready, nodes } = standing;
  const figures = `${ready} of ${found} pods are ready, on ${nodes} nodes`;
  if (found === 0) return { type, status: 'False', reason: 'NoPods', message: 'Its DaemonSets have no pods.' };
  return ready === found
    ? { type, status: 'True', reason: 'AllPodsReady', message: figures }
    : { type, status: 'False', reason: 'PodsNotReady', message: figures };
};

const configuration = (unreadable: string | undefined): Aspect =>
  unreadable === undefined
    ? {
        type: 'ConfigurationReadable',
        status: 'True',
        reason: 'Readable',
        message: 'Everything that tells whether protection is switched on can be read.',
      }
    : { type: 'ConfigurationReadable', status: 'False', reason: 'ConfigMapsUnreadable', message: unreadable };
