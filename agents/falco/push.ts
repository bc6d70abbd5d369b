// What Falco says of itself among its alerts, sent by itself or by falcosidekick: metrics snapshots, events that the kernel dropped, a
// reload that failed. The two newest snapshots are kept, so that late, repeated and reordered alerts come to the same. A snapshot's
// counters of rules are left aside: they carry changed names and no file, and the digests of the files say more.
import type { Drops, LoadedPolicy, Reading } from '../../domain/telemetry/types.ts';
import { shortHash } from '../../domain/hash.ts';
import type { Memory } from '../agent.ts';
import type { EventOrigin, PushAdapter, PushState } from '../push.ts';
import { isObject, list, object, text, textOrNone, type Raw } from '../read.ts';
import { policiesOf, readingOf, unknownState, type FalcoState, type RulesFileDigest } from './state.ts';

export const falcoPush: PushAdapter = {
  type: 'Falco',
  speaksOfAgent: (event) => kindOf(event) !== undefined,
  originOf: (event): EventOrigin => {
    const { hostname, output_fields: fields } = object(event);
    const names = [hostname, object(fields)['evt.hostname']].flatMap((name) => textOrNone(name) ?? []);
    return { nodes: [], hostnames: [...new Set(names)], pod: undefined };
  },
  absorb: (state, event, at) => {
    const kind = kindOf(event);
    return kind === undefined ? undefined : absorb(state, kind, object(event), at);
  },
  readingOf: ({ ruleset, facts }, since = 0) => readingFrom(ruleset, complaintsSince(factsOf(facts), since)),
  noteOf: (event, now) =>
    kindOf(event) === 'reload' ? { reloadFailedAt: Math.min(dateOf(object(event).time) ?? now, now) } : undefined,
};

type Kind = 'reload' | 'loss' | 'snapshot';

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['Falco internal: hot restart failure', 'reload'],
  ['Falco internal: syscall event drop', 'loss'],
  ['Falco internal: metrics snapshot', 'snapshot'],
]);

/** A rule of this name that somebody wrote has another source; an old falcosidekick gives every alert without one its own. */
const kindOf = (event: unknown): Kind | undefined => {
  const { rule, source } = object(event);
  return source === undefined || source === 'internal' ? kinds.get(text(rule)) : undefined;
};

/** Its files are the state's ruleset; what it does not tell is left out. */
interface Snapshot {
  readonly at: number;
  readonly version?: string;
  readonly engine?: string;
  readonly startedAt?: number;
  readonly reloadedAt?: number;
  readonly events?: number;
  readonly lost?: number;
  readonly lostAlerts?: number;
  readonly unfollowedThreads?: number;
  /** Of its files, to tell two of one date apart. */
  readonly filesHash: string;
  /** Whether the names of its files are surely the ones that they have on the node. */
  readonly namesAreSure: boolean;
}

interface Loss {
  readonly at: number;
  readonly lost: number;
  readonly total: number;
}

interface Facts {
  /** The newest date of all. */
  readonly at: number;
  readonly failedAt: number | undefined;
  readonly loss: Loss | undefined;
  /** The newest first, two at most. */
  readonly snapshots: readonly Snapshot[];
}

const absorb = (state: PushState | undefined, kind: Kind, event: Raw, now: number): PushState => {
  const known = factsOf(state?.facts ?? {});
  // A clock that is ahead would make the agent look alive for as long as it is.
  const at = Math.min(dateOf(event.time) ?? now, now);
  const fields = object(event.output_fields);
  let ruleset = state?.ruleset;
  let facts: Facts = { ...known, at: Math.max(known.at, at) };
  switch (kind) {
    case 'reload':
      facts = { ...facts, failedAt: Math.max(known.failedAt ?? 0, at) };
      break;
    case 'loss':
      facts = { ...facts, loss: newer(known.loss, readLoss(fields, at)) };
      break;
    case 'snapshot': {
      const files = readFiles(fields);
      const snapshot = readSnapshot(fields, at, files);
      if (snapshot === undefined) break;
      const snapshots = withSnapshot(known.snapshots, snapshot);
      if (snapshots[0] === snapshot) ruleset = files.length === 0 ? undefined : policiesOf(files).policies;
      facts = { ...facts, snapshots };
    }
  }
  return { ruleset, facts: { ...facts } };
};

/** Who restarts Falco has mended it, or is told of it anew. */
const complaintsSince = (facts: Facts, since: number): Facts => ({
  ...facts,
  failedAt: facts.failedAt !== undefined && facts.failedAt < since ? undefined : facts.failedAt,
  loss: facts.loss !== undefined && facts.loss.at < since ? undefined : facts.loss,
});

const readingFrom = (ruleset: readonly LoadedPolicy[] | undefined, facts: Facts): Reading => {
  const [newest, previous] = facts.snapshots;
  const memory: Memory = {
    ...(previous === undefined ? {} : readingOf(stateOf(previous), previous.at, undefined).memory),
    ...(facts.failedAt === undefined ? {} : { reloadFailedAt: facts.failedAt }),
  };
  const { drops: told, ...reading } = readingOf(
    newest === undefined ? unknownState : stateOf(newest),
    facts.at,
    memory,
  ).reading;
  const drops = facts.loss !== undefined && facts.loss.at > (newest?.at ?? 0) ? [dropsIn(facts.loss)] : told;
  return {
    ...reading,
    ...(ruleset === undefined
      ? {}
      : {
          policies: ruleset,
          policiesAre: newest?.namesAreSure === true ? ('Complete' as const) : ('Partial' as const),
        }),
    ...(drops === undefined ? {} : { drops }),
  };
};

const dropsIn = ({ lost, total }: Loss): Drops => ({ lost, total, where: 'kernel buffer' });

/** Of the last second, as texts. */
const readLoss = (fields: Raw, at: number): Loss | undefined => {
  const lost = numberOf(fields.n_drops) ?? 0;
  return lost === 0 ? undefined : { at, lost, total: Math.max(lost, numberOf(fields.n_evts) ?? 0) };
};

/** Of two of one date the larger loss, so that their order does not matter. */
const newer = (a: Loss | undefined, b: Loss | undefined): Loss | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return [a, b].toSorted((x, y) => y.at - x.at || y.lost - x.lost || y.total - x.total)[0];
};

/** Undefined for a snapshot of a plugin's events: there is one for each source, and that of system calls says all that the others do. */
const readSnapshot = (fields: Raw, at: number, files: readonly NamedFile[]): Snapshot | undefined => {
  const source = text(fields['evt.source']);
  if (source !== '' && source !== 'syscall') return undefined;
  return {
    ...plainSnapshot({
      version: fields['falco.version'],
      engine: fields['scap.engine_name'],
      startedAt: millisecondsOf(fields['falco.start_ts']),
      reloadedAt: millisecondsOf(fields['falco.reload_ts']),
      events: fields['scap.n_evts'],
      lost: fields['scap.n_drops'],
      lostAlerts: fields['falco.outputs_queue_num_drops'],
      unfollowedThreads: fields['scap.n_drops_full_threadtable'],
    }),
    at,
    filesHash: shortHash(JSON.stringify(policiesOf(files).policies)),
    namesAreSure: files.every(({ isSure }) => isSure),
  };
};

type Told = Omit<Snapshot, 'at' | 'filesHash' | 'namesAreSure'>;

/** What is of the right type, and short. */
const plainSnapshot = (raw: Raw): Told => {
  const texts = (['version', 'engine'] as const).flatMap((key) => {
    const value = textOrNone(raw[key]);
    return value === undefined || value.length > 128 ? [] : [[key, value] as const];
  });
  const numbers = (['startedAt', 'reloadedAt', 'events', 'lost', 'lostAlerts', 'unfollowedThreads'] as const).flatMap(
    (key) => {
      const value = numberOf(raw[key]);
      return value === undefined ? [] : [[key, value] as const];
    },
  );
  return Object.fromEntries([...texts, ...numbers]);
};

const stateOf = (snapshot: Snapshot): FalcoState => ({
  ...unknownState,
  version: snapshot.version,
  engines: snapshot.engine === undefined ? [] : [{ name: snapshot.engine, source: 'syscall' }],
  startedAt: snapshot.startedAt,
  reloadedAt: snapshot.reloadedAt,
  events: snapshot.events,
  lost: snapshot.lost,
  lostAlerts: snapshot.lostAlerts,
  unfollowedThreads: snapshot.unfollowedThreads,
});

/** Of two of one date the one with the greater text holds. */
const withSnapshot = (known: readonly Snapshot[], snapshot: Snapshot): readonly Snapshot[] => {
  const same = known.find(({ at }) => at === snapshot.at);
  if (same !== undefined && JSON.stringify(same) >= JSON.stringify(snapshot)) return known;
  return [...known.filter((other) => other !== same), snapshot].sort((a, b) => b.at - a.at).slice(0, 2);
};

interface NamedFile extends RulesFileDigest {
  readonly isSure: boolean;
}

const readFiles = (fields: Raw): readonly NamedFile[] =>
  Object.entries(fields).flatMap(([key, sha256]) => {
    const sanitised = /^falco\.sha256_rules_file\.(.+)$/.exec(key)?.[1];
    return sanitised === undefined ? [] : [{ ...fileNamed(sanitised), sha256: text(sha256) }];
  });

/** What is neither a letter nor a digit has become an underscore: `falco_rules_yaml`; before 0.39 without its ending. */
const fileNamed = (sanitised: string): { readonly name: string; readonly isSure: boolean } => {
  const [, stem = '', ending = 'yaml'] = /^(.*?)(?:_(ya?ml))?$/.exec(sanitised) ?? [];
  const published = publishedNames.find((name) => name.replace(/\.yaml$/, '').replace(/[^a-z0-9]/gi, '_') === stem);
  return { name: published ?? `${stem}.${ending}`, isSure: published !== undefined || !stem.includes('_') };
};

const publishedNames: readonly string[] = [
  'falco_rules.yaml',
  'falco_rules.local.yaml',
  'falco-incubating_rules.yaml',
  'falco-sandbox_rules.yaml',
  'k8s_audit_rules.yaml',
];

const dateOf = (value: unknown): number | undefined => {
  const date = Date.parse(text(value));
  return Number.isFinite(date) && date > 0 ? date : undefined;
};

const millisecondsOf = (nanoseconds: unknown): number | undefined => {
  const value = numberOf(nanoseconds);
  return value === undefined ? undefined : Math.round(value / 1e6);
};

/** Snapshots carry numbers, losses carry texts. */
const numberOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && number < 1e20 ? number : undefined;
};

/** What lies in the state was written by `absorb`; whoever kept it in between may have lost some of it. */
const factsOf = ({ at, failedAt, loss, snapshots }: Raw): Facts => ({
  at: numberOf(at) ?? 0,
  failedAt: numberOf(failedAt),
  loss: isLoss(loss) ? loss : undefined,
  snapshots: list(snapshots).flatMap(keptSnapshot).slice(0, 2),
});

const isLoss = (value: unknown): value is Loss =>
  isObject(value) && [value.at, value.lost, value.total].every((each) => numberOf(each) === each && each !== undefined);

const keptSnapshot = (value: unknown): readonly Snapshot[] => {
  const { at, filesHash, namesAreSure, ...told } = object(value);
  const date = numberOf(at);
  if (date === undefined) return [];
  return [{ ...plainSnapshot(told), at: date, filesHash: text(filesHash), namesAreSure: namesAreSure === true }];
};
