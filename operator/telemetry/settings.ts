// How each agent is to be scraped, from its ProtectionAgent. One that cannot be read goes on being scraped as it was: what is
// wrong with it is said in its status.
import { protectionAgentSchema, type ProtectionAgent } from '../../crds/schema/protection-agent.ts';
import { agentDefinitionOf } from '../../facts/agent.ts';
import { parseSpec } from '../../facts/parse.ts';
import type { Store } from '../../kube/store.ts';
import type { RawObject } from '../watches.ts';

export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

export interface ScrapeSettings {
  readonly agent: string;
  readonly type: string;
  readonly port: number;
  readonly path: string;
  readonly intervalMs: number;
  /** When a reading counts as old; for one that is restored, this is how old it is made. */
  readonly staleAfterMs: number;
  /** Undefined for plain HTTP. */
  readonly tls: TlsSettings | undefined;
  readonly token: SecretKey | undefined;
  /** The spec.custom, as it is written. */
  readonly custom: unknown;
}

export interface TlsSettings {
  readonly authority: SecretKey | undefined;
  /** Name of a Secret of type kubernetes.io/tls. */
  readonly client: string | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
}

/** Whether what is sent is worth stealing: then not every pod that looks right is asked. */
export const usesCredentials = ({ token, tls }: ScrapeSettings): boolean =>
  token !== undefined || tls?.client !== undefined;

export interface ScrapedAgents {
  readonly all: () => readonly ScrapeSettings[];
  /** Ends following the store. */
  readonly end: () => void;
}

/** Settings keep their identity while they say the same. */
export const followScrapedAgents = (agents: Store<RawObject>, changed: () => void): ScrapedAgents => {
  const known = new Map<string, { readonly settings: ScrapeSettings | undefined; readonly text: string }>();
  const read = (object: RawObject): boolean => {
    const { name } = object.metadata;
    const parsed = parseSpec<ProtectionAgent>(protectionAgentSchema, object);
    if (!parsed.ok) return false;
    const settings = settingsOf(parsed.value);
    const text = JSON.stringify(settings ?? null);
    if (known.get(name)?.text === text) return false;
    known.set(name, { settings, text });
    return true;
  };
  for (const object of agents.list()) read(object);
  const end = agents.subscribe(({ type, item }) => {
    if (type === 'deleted' ? known.delete(item.metadata.name) : read(item)) changed();
  });
  return {
    all: () => [...known.values()].flatMap(({ settings }) => settings ?? []),
    end,
  };
};

/** Undefined for an agent that is not scraped. */
const settingsOf = (agent: ProtectionAgent): ScrapeSettings | undefined => {
  const { metadata, spec } = agent;
  const { mode, port, path, scheme, tls, authorization } = spec.telemetry;
  if (mode !== 'Scrape' || port === undefined) return undefined;
  const { interval, staleAfter } = agentDefinitionOf(agent).telemetry;
  return {
    agent: metadata.name,
    type: spec.type,
    port,
    path,
    intervalMs: interval,
    staleAfterMs: staleAfter,
    tls:
      scheme === 'HTTP'
        ? undefined
        : {
            authority: tls?.caSecretRef,
            client: tls?.clientSecretRef?.name,
            serverName: tls?.serverName,
            insecure: tls?.insecureSkipVerify ?? false,
          },
    token: authorization?.secretRef,
    custom: spec.custom,
  };
};
