// What a ProtectionAgent's status says of telemetry: whether its pods tell of themselves, and if not, the setting that lets them.
import type { ProtectionAgentStatus } from '../../../crds/schema/protection-agent.ts';
import type { AgentStanding } from '../../../domain/coverage/agent-standing.ts';
import type { AgentDefinition } from '../../../domain/types.ts';
import { cut, type Aspect } from '../../status.ts';
import type { ScrapeStanding } from '../../telemetry/standing.ts';

/** The API's bound on one example. */
const longestExample = 512;

export const writtenScrape = ({
  asked,
  failing,
  examples,
}: ScrapeStanding): NonNullable<ProtectionAgentStatus['scrape']> => ({
  attempted: asked,
  failures: failing,
  ...(examples.length === 0
    ? {}
    : {
        examples: examples.map(({ pod, node, words, pods }) =>
          cut(`${pod} on ${node}: ${words}${pods > 1 ? ` (${pods} pods)` : ''}`, longestExample),
        ),
      }),
});

export const telemetryAspect = (
  { name, telemetry: { mode } }: AgentDefinition,
  standing: AgentStanding | undefined,
  { examples, hints }: ScrapeStanding,
): Aspect => {
  const type = 'TelemetryAvailable';
  if (mode === 'None') return { type, status: 'False', reason: 'NotConfigured', message: switchOn(name) };
  const { working, speaking } = standing?.telemetry ?? { working: 0, speaking: 0 };
  if (working === 0) {
    return {
      type,
      status: 'Unknown',
      reason: 'NobodyToAsk',
      message: 'No pod of it is ready, so nobody can be asked.',
    };
  }
  const figures = `${speaking} of ${working} nodes have reported lately`;
  if (speaking < working) {
    const first = examples.map(({ words, pods }) => `${words} (${pods} ${pods === 1 ? 'pod' : 'pods'})`).join('; ');
    return {
      type,
      status: 'False',
      reason: 'NotAnswering',
      message: first === '' ? `${figures}.` : `${figures}: ${first}`,
    };
  }
  if (hints.length > 0) {
    const words = hints.map(({ hint, pods }) => `${hint} (${pods} ${pods === 1 ? 'pod' : 'pods'})`).join('; ');
    return { type, status: 'False', reason: 'SettingsMissing', message: `${figures}, and could say more: ${words}` };
  }
  return { type, status: 'True', reason: 'Reporting', message: `${figures}.` };
};

/** An agent whose metrics have a port is scraped, one that has none posts to us. */
const switchOn = (name: string): string =>
  `Nothing is known of ${name} beyond its pods, since its telemetry is off. Switch it on: kubectl edit pagent ${name} (spec.telemetry.mode: Scrape where it serves metrics, Push where it posts events).`;

/** What keeps the objects that declare its policies from being read whole; nothing where they are. */
export const declarationAspects = (notes: readonly string[]): readonly Aspect[] =>
  notes.length === 0
    ? []
    : [{ type: 'DeclarationsReadable', status: 'False', reason: 'NotWholly', message: notes.join(' ') }];
