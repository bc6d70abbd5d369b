import { describe, expect, it } from 'vitest';
import { commonFlags } from './common-flags.ts';
import { addressFlag, countFlag, durationFlag, httpsUrlFlag, switchFlag } from './flag-kinds.ts';
import { parseFlags, variableOf } from './flags.ts';
import { helpText } from './help.ts';

const table = {
  ...commonFlags({ metricsAddress: '0.0.0.0:8081' }),
  leaderElect: switchFlag('Whether to elect a leader.', true),
  drainPeriod: durationFlag('How long to drain.', '12s', { max: '10m' }),
  workers: countFlag('How many.', 2, { min: 1, max: 8 }),
  advertiseUrl: httpsUrlFlag('Where we are reached.', 'URL'),
  address: addressFlag('Where to listen.', '0.0.0.0:9443'),
};

const valuesOf = (argv: readonly string[], env: Record<string, string> = {}) => {
  const parsed = parseFlags(table, argv, env);
  if (parsed.kind !== 'values') throw new Error(JSON.stringify(parsed));
  return parsed.values;
};

describe('flags', () => {
  it('have their defaults where nothing is given', () => {
    expect(valuesOf([])).toEqual({
      kubeconfig: undefined,
      namespace: 'workload-protection',
      clusterName: '',
      metricsAddress: { host: '0.0.0.0', port: 8081 },
      logLevel: 'info',
      logFormat: 'json',
      leaderElect: true,
      drainPeriod: 12_000,
      workers: 2,
      advertiseUrl: undefined,
      address: { host: '0.0.0.0', port: 9443 },
    });
  });

  it.each<[string, readonly string[], Record<string, string>, object]>([
    ['a flag and its value apart', ['--namespace', 'security'], {}, { namespace: 'security' }],
    ['a flag and its value joined', ['--namespace=security'], {}, { namespace: 'security' }],
    ['a variable', [], { WORKLOAD_PROTECTION_LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [
      'the flag before the variable',
      ['--log-level=warn'],
      { WORKLOAD_PROTECTION_LOG_LEVEL: 'debug' },
      { logLevel: 'warn' },
    ],
    ['an empty variable as none', [], { WORKLOAD_PROTECTION_LOG_LEVEL: '' }, { logLevel: 'info' }],
    ['a switch alone', ['--leader-elect'], { WORKLOAD_PROTECTION_LEADER_ELECT: 'false' }, { leaderElect: true }],
    ['a switch negated', ['--no-leader-elect'], {}, { leaderElect: false }],
    ['a switch with its value', ['--leader-elect=false'], {}, { leaderElect: false }],
    ['a switch before another flag', ['--leader-elect', '--workers', '3'], {}, { leaderElect: true, workers: 3 }],
    ['an address of IPv6', ['--address=[::1]:0'], {}, { address: { host: '::1', port: 0 } }],
    ['an address without host', ['--address', ':8443'], {}, { address: { host: '0.0.0.0', port: 8443 } }],
    ['a duration of several units', ['--drain-period=1m30s500ms'], {}, { drainPeriod: 90_500 }],
    ['a choice in another case', ['--log-level', 'ERROR'], {}, { logLevel: 'error' }],
  ])('take %s', (_, argv, env, expected) => {
    expect(valuesOf(argv, env)).toMatchObject(expected);
  });

  it.each<[string, readonly string[], Record<string, string>, RegExp]>([
    ['an address without port', ['--address', 'localhost'], {}, /^--address: "localhost" must be host:port/],
    ['a port out of range', ['--address', 'localhost:70000'], {}, /^--address: .* must be host:port/],
    [
      'a bad variable, by its name',
      [],
      { WORKLOAD_PROTECTION_WORKERS: '9' },
      /^WORKLOAD_PROTECTION_WORKERS: "9" must be a whole number from 1 to 8/,
    ],
    ['an unknown level', ['--log-level=loud'], {}, /^--log-level: "loud" must be one of debug, info, warn, error/],
    ['an unknown flag', ['--namespaces=a'], {}, /^--namespaces: no such flag; did you mean --namespace\?/],
    ['a negated flag that is no switch', ['--no-workers'], {}, /^--no-workers: no such flag/],
    ['a flag without its value', ['--namespace'], {}, /^--namespace: needs a value: --namespace NAME/],
    ['a word alone', ['serve'], {}, /^"serve": only flags are taken/],
    ['a URL without TLS', ['--advertise-url=http://a'], {}, /^--advertise-url: "http:\/\/a" must be an https URL/],
    [
      'a duration beyond its limit',
      ['--drain-period=11m'],
      {},
      /^--drain-period: "11m" must be a duration of at most 10m/,
    ],
    ['a namespace that can be none', ['--namespace=A_b'], {}, /^--namespace: "A_b" must be a name/],
  ])('refuse %s', (_, argv, env, message) => {
    expect(parseFlags(table, argv, env)).toEqual({ kind: 'mistakes', mistakes: [expect.stringMatching(message)] });
  });

  it('name every mistake at once', () => {
    const parsed = parseFlags(table, ['--log-level=loud', '--workers=0', '--what'], {});
    expect(parsed).toMatchObject({ kind: 'mistakes', mistakes: { length: 3 } });
  });

  it.each(['--help', '-h'])('ask for help with %s, whatever else is wrong', (argument) => {
    expect(parseFlags(table, ['--log-level=loud', argument], {})).toEqual({ kind: 'help' });
  });

  it('are all in the help, with variable and default', () => {
    const help = helpText({ program: 'example', summary: 'Does a thing.', flags: table });
    for (const name of Object.keys(table)) expect(help).toContain(variableOf(name));
    expect(help).toContain('--metrics-address HOST:PORT');
    expect(help).toContain('WORKLOAD_PROTECTION_DRAIN_PERIOD; default 12s');
  });
});
