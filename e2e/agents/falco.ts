// Falco's web server on 8765: /healthz, /versions and, where switched on, /metrics.
import { createHash } from 'node:crypto';
import { json, metricsType, text, unavailable, type AgentServer, type Reading } from './simulated-agent.ts';

const port = 8765;

export const falcoServer: AgentServer = {
  ports: [port],
  answer(_, path, reading) {
    switch (path) {
      case '/healthz':
        return reading.behaviour.answers === 'not-ready' ? unavailable('') : json({ status: 'ok' });
      case '/versions':
        return json(versionsOf(reading));
      case '/metrics':
        return reading.behaviour.metricsOff ? undefined : text(falcoMetrics(reading), metricsType);
      default:
        return undefined;
    }
  },
};

/** The digest that a simulated Falco reports of a rules file it was given by default. */
export const defaultDigest = (file: string, version: string): string =>
  createHash('sha256').update(`${file} of Falco ${version}`).digest('hex');

const versionsOf = ({ version }: Reading): object => {
  const minor = version.split('.')[1] ?? '0';
  return {
    default_driver_version: '9.1.0+driver',
    driver_api_version: '9.0.0',
    driver_schema_version: '4.1.0',
    // The minor version alone, as a string.
    engine_version: String(Number(minor) + 18),
    engine_version_semver: `0.${Number(minor) + 18}.0`,
    falco_version: version,
    libs_version: '0.23.1',
    plugin_api_version: '3.12.0',
    plugin_versions: { container: '0.6.1' },
  };
};

const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;

const falcoMetrics = (reading: Reading): string => {
  const { version, startedAt, now, events, drops } = reading;
  const rules = loadedFiles(reading);
  return [
    sample('falcosecurity_falco_version_info', 'gauge', 1, { version }),
    sample('falcosecurity_falco_kernel_release_info', 'gauge', 1, {
      kernel_release: '6.1.148-173.267.amzn2023.x86_64',
    }),
    sample('falcosecurity_evt_hostname_info', 'gauge', 1, { hostname: reading.agent.node ?? reading.agent.ip }),
    sample('falcosecurity_scap_engine_name_info', 'gauge', 1, { engine_name: 'modern_bpf', evt_source: 'syscall' }),
    ...rules.map(([file_name, sha256]) =>
      sample('falcosecurity_falco_sha256_rules_files_info', 'gauge', 1, { file_name, sha256 }),
    ),
    sample('falcosecurity_falco_sha256_config_files_info', 'gauge', 1, {
      file_name: 'falco.yaml',
      sha256: defaultDigest('falco.yaml', version),
    }),
    sample('falcosecurity_falco_start_timestamp_nanoseconds', 'gauge', nanoseconds(startedAt)),
    sample('falcosecurity_falco_reload_timestamp_nanoseconds', 'gauge', nanoseconds(startedAt)),
    sample('falcosecurity_falco_host_boot_timestamp_nanoseconds', 'gauge', nanoseconds(startedAt - 86_400_000)),
    sample('falcosecurity_falco_duration_seconds_total', 'counter', ((now - startedAt) / 1000).toFixed(6)),
    sample('falcosecurity_falco_host_num_cpus_total', 'gauge', 8),
    sample('falcosecurity_falco_outputs_queue_num_drops_total', 'counter', 0),
    // A tag is a label's name, the priority is a number, and a rule that never fired is not there at all.
    ...Object.entries(reading.behaviour.matches).map(([rule_name, count]) =>
      sample('falcosecurity_falco_rules_matches_total', 'counter', count, {
        priority: '5',
        rule_name,
        source: 'syscall',
        tag_T1059: 'true',
        tag_container: 'true',
        tag_maturity_stable: 'true',
        tag_mitre_execution: 'true',
      }),
    ),
    // Falco escapes nothing.
    sample('falcosecurity_falco_rules_matches_total', 'counter', 1, {
      priority: '4',
      rule_name: 'Read of "secret" file, C:\\like path',
      source: 'syscall',
      tag_T1059_004: 'true',
    }),
    sample('falcosecurity_scap_n_evts_total', 'counter', events),
    sample('falcosecurity_scap_n_drops_total', 'counter', drops),
    sample('falcosecurity_scap_n_drops_buffer_total', 'counter', drops, { dir: 'exit', drop: 'open' }),
    sample('falcosecurity_scap_n_drops_buffer_total', 'counter', 0, { dir: 'enter', drop: 'open' }),
    sample('falcosecurity_scap_n_drops_scratch_map_total', 'counter', 0),
    sample('falcosecurity_scap_n_threads_total', 'gauge', 812),
  ].join('');
};

const loadedFiles = ({ agent, behaviour, version }: Reading): readonly (readonly [string, string])[] => {
  const given = agent.rulesFiles ?? { 'falco_rules.yaml': defaultDigest('falco_rules.yaml', version) };
  return Object.entries(given)
    .filter(([file]) => file !== behaviour.missingRulesFile)
    .map(([file, digest]) => [
      file,
      file === behaviour.changedRulesFile ? defaultDigest(file, `${version}, changed`) : digest,
    ]);
};

/** Each sample has a header of its own, even where the one before has the same name. */
const sample = (
  name: string,
  type: 'gauge' | 'counter',
  value: number | string,
  labels: Readonly<Record<string, string>> = {},
): string => {
  const pairs = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
  const braces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  return `# HELP ${name} https://falco.org/docs/metrics/\n# TYPE ${name} ${type}\n${name}${braces} ${value}\n`;
};
