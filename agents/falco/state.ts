// What Falco tells of itself, scraped or in a snapshot that it sends, and the reading that this makes.
import type { Drops, Emitted, HealthIssue, LoadedPolicy, Reading } from '../../domain/telemetry/types.ts';
import type { Memory } from '../agent.ts';
import { boundedVersion } from '../bounded.ts';
import { createCounters, dropsOf } from '../counters.ts';

export interface FalcoState {
  readonly version: string | undefined;
  /** Undefined where it does not tell which rules files it has loaded. */
  readonly files: readonly RulesFileDigest[] | undefined;
  /** Where its events come from; empty where it does not tell. */
  readonly engines: readonly Engine[];
  /** Epoch milliseconds. */
  readonly startedAt: number | undefined;
  readonly reloadedAt: number | undefined;
  /** Since Falco started, as far as they are counted. */
  readonly events: number | undefined;
  readonly lost: number | undefined;
  readonly lostAlerts: number | undefined;
  readonly unfollowedThreads: number | undefined;
  /** Undefined where it does not say how often its rules have matched. */
  readonly emitted: Emitted | undefined;
}

/** Of a Falco that tells nothing. */
export const unknownState: FalcoState = {
  version: undefined,
  files: undefined,
  engines: [],
  startedAt: undefined,
  reloadedAt: undefined,
  events: undefined,
  lost: undefined,
  lostAlerts: undefined,
  unfollowedThreads: undefined,
  emitted: undefined,
};

export interface RulesFileDigest {
  readonly name: string;
  readonly sha256: string;
}

export interface Engine {
  readonly name: string;
  readonly source: string;
}

export const readingOf = (
  state: FalcoState,
  at: number,
  previous: Memory | undefined,
): { readonly reading: Reading; readonly memory: Memory } => {
  const counters = createCounters(hasRestarted(state, previous) ? fromZero(previous) : previous);
  const lost = counters.growth('lost', state.lost);
  const events = counters.growth('events', state.events);
  const lostAlerts = counters.growth('lostAlerts', state.lostAlerts);
  const unfollowed = counters.growth('unfollowedThreads', state.unfollowedThreads);
  const failedAt = standingFailure(state, previous);
  const drops = dropsSince(lost, events, lostAlerts);
  const files = state.files === undefined ? undefined : policiesOf(state.files);
  const version = boundedVersion(state.version);
  return {
    reading: {
      at,
      ...(version === undefined ? {} : { version }),
      ...(files === undefined
        ? {}
        : { policies: files.policies, policiesAre: files.areAll ? ('Complete' as const) : ('Partial' as const) }),
      ...(drops === undefined ? {} : { drops }),
      ...(state.emitted === undefined ? {} : { emitted: state.emitted }),
      issues: [
        ...engineIssue(state.engines),
        ...(failedAt === undefined ? [] : [reloadFailed]),
        ...(unfollowed !== undefined && unfollowed > 0 ? [threadTableFull] : []),
      ],
    },
    memory: {
      ...counters.memory(),
      ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
      ...(failedAt === undefined ? {} : { reloadFailedAt: failedAt }),
    },
  };
};

/** The old rules go on, so nothing else that Falco tells shows it. */
export const reloadFailed: HealthIssue = {
  reason: 'PolicyLoadFailed',
  cause: 'Falco refused its changed rules or configuration when it reloaded them, and goes on with the old ones',
  remedy:
    'Mend the file that the log of the Falco pod names (look for "hot restart failure" and the lines above it); Falco reloads at its next change, and restarting the pod has the same effect',
};

/** When the reload failed that no later one has made good. */
const standingFailure = (
  { reloadedAt = 0, startedAt = 0 }: FalcoState,
  previous: Memory | undefined,
): number | undefined => {
  const failedAt = previous?.['reloadFailedAt'];
  return typeof failedAt === 'number' && Math.max(reloadedAt, startedAt) <= failedAt ? failedAt : undefined;
};

/** All counters begin anew with the process; that they are lower than before would not always show it. */
const hasRestarted = ({ startedAt }: FalcoState, previous: Memory | undefined): boolean => {
  const before = previous?.['startedAt'];
  return startedAt !== undefined && typeof before === 'number' && startedAt !== before;
};

const fromZero = (memory: Memory | undefined): Memory =>
  Object.fromEntries(Object.keys(memory ?? {}).map((key) => [key, 0]));

/** Undefined where nothing can be said of system calls, which is most of what Falco loses. */
const dropsSince = (
  lost: number | undefined,
  events: number | undefined,
  lostAlerts: number | undefined,
): readonly Drops[] | undefined => {
  // n_evts counts the dropped ones too.
  const kernel = dropsOf(
    'kernel buffer',
    lost,
    events === undefined || lost === undefined ? undefined : Math.max(0, events - lost),
  );
  const queue = dropsOf('output queue', lostAlerts, undefined);
  const drops = [...(kernel === undefined ? [] : [kernel]), ...(queue === undefined ? [] : [queue])];
  return lost === undefined && drops.length === 0 ? undefined : drops;
};

/** An installation has a handful. */
const maximumFiles = 300;
/** The longest file name that Linux allows. */
const maximumName = 255;

export const policiesOf = (
  files: readonly RulesFileDigest[],
): { readonly policies: readonly LoadedPolicy[]; readonly areAll: boolean } => {
  // Only base names are told: two directories may hold files of the same name.
  const distinct = new Map(files.map((file) => [`${file.name} ${file.sha256}`, file]));
  const sorted = [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  const kept = sorted.filter(({ name }) => name !== '' && name.length <= maximumName).slice(0, maximumFiles);
  return {
    policies: kept.map(({ name, sha256 }) => ({
      name,
      ...(/^[0-9a-f]{64}$/i.test(sha256) ? { digest: `sha256:${sha256.toLowerCase()}` } : {}),
      status: 'Loaded',
    })),
    areAll: kept.length === sorted.length,
  };
};

/** Engines that read no live system calls. */
const blind: ReadonlySet<string> = new Set(['nodriver', 'source_plugin', 'savefile', 'test_input']);

export const engineIssue = (engines: readonly Engine[]): readonly HealthIssue[] => {
  if (engines.length === 0) return [];
  // Falco before 0.40 names the engine without its source.
  const watches = engines.some(({ name, source }) => !blind.has(name) && (source === 'syscall' || source === ''));
  return watches ? [] : [engines.some(({ name }) => name === 'nodriver') ? noDriver : noSystemCalls];
};

const noDriver: HealthIssue = {
  reason: 'ProtectionDisabled',
  cause: 'Falco runs with the engine nodriver, so it sees no system calls',
  remedy:
    'Set driver.enabled=true and driver.kind=modern_ebpf in the values of the Falco chart, or engine.kind: modern_ebpf in falco.yaml',
};

const noSystemCalls: HealthIssue = {
  reason: 'ProtectionDisabled',
  cause: 'Falco takes events from plugins only, so it sees no system calls',
  remedy:
    'Set driver.enabled=true and driver.kind=modern_ebpf in the values of the Falco chart, or engine.kind: modern_ebpf in falco.yaml, and do not disable the source syscall',
};

const threadTableFull: HealthIssue = {
  reason: 'AgentHealth',
  cause: 'The thread table of Falco is full, so rules do not know the newest processes and their parents',
  remedy:
    'Raise falco_libs.thread_table_size in falco.yaml (falco.falco_libs.thread_table_size in the values of the Falco chart)',
};
