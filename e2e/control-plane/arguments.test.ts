import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  kwokArguments,
  schedulerArguments,
  schedulerConfiguration,
} from './arguments.ts';
import { filesIn } from './files.ts';
import { kubeconfig } from './kubeconfig.ts';
import { freePorts } from './ports.ts';
import { checkName, stateRoot } from './state.ts';

const ports = { etcdClient: 1, etcdPeer: 2, apiServer: 3, controllerManager: 4, scheduler: 5, kwok: 6 };
const files = filesIn('/planes/dev');

describe('the command lines', () => {
  test('every process names the folder of its control plane, by which a stop knows it', () => {
    const lines = [
      etcdArguments(ports, files),
      apiServerArguments(ports, files),
      controllerManagerArguments(ports, files, 500),
      schedulerArguments(ports, files),
      kwokArguments(ports, files),
    ];
    for (const line of lines) expect(line.join(' ')).toContain('/planes/dev/');
  });

  test('nothing listens beyond loopback', () => {
    expect(etcdArguments(ports, files).filter((flag) => flag.includes('://'))).toSatisfy((flags: string[]) =>
      flags.every((flag) => flag.includes('http://127.0.0.1:')),
    );
    expect(apiServerArguments(ports, files)).toContain('--bind-address=127.0.0.1');
    expect(controllerManagerArguments(ports, files, 1)).toContain('--bind-address=127.0.0.1');
    expect(schedulerArguments(ports, files)).toContain('--bind-address=127.0.0.1');
    expect(kwokArguments(ports, files)).toContain('--server-address=127.0.0.1:6');
  });

  test("the caller's flags of the API server come last, so that they win", () => {
    expect(apiServerArguments(ports, files, ['--watch-cache=false']).at(-1)).toBe('--watch-cache=false');
  });

  test('controllers and scheduler may speak as fast as asked', () => {
    expect(controllerManagerArguments(ports, files, 100)).toContain('--kube-api-burst=200');
    expect(schedulerConfiguration('/k', 100)).toMatchObject({
      clientConnection: { kubeconfig: '/k', qps: 100, burst: 200 },
    });
  });

  test('a scheduler may have profiles of its own, and yet no leader to elect', () => {
    const profiles = [{ schedulerName: 'mine' }];
    expect(schedulerConfiguration('/k', 100, { profiles, leaderElection: { leaderElect: true } })).toMatchObject({
      profiles,
      leaderElection: { leaderElect: false },
    });
  });
});

describe('a kubeconfig', () => {
  test('carries the authority and the token, and verifies TLS', () => {
    const text = kubeconfig({
      name: 'dev',
      server: 'https://127.0.0.1:3',
      certificateAuthority: 'PEM',
      token: 't',
      user: 'u',
      namespace: 'n',
    });
    expect(load(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'dev',
      clusters: [{ name: 'dev', cluster: { server: 'https://127.0.0.1:3', 'certificate-authority-data': 'UEVN' } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'dev', context: { cluster: 'dev', user: 'u', namespace: 'n' } }],
    });
  });
});

describe('names, folders and ports', () => {
  test.each(['../etc', 'Dev', '', 'a b', 'x'.repeat(43), '-a'])('%j is no name', (name) => {
    expect(() => checkName(name)).toThrow('is no name');
  });

  test('state lies under XDG_STATE_HOME', () => {
    expect(stateRoot({ XDG_STATE_HOME: '/s' })).toBe('/s/workload-protection-operator');
    expect(stateRoot({ HOME: '/home/me' })).toBe('/home/me/.local/state/workload-protection-operator');
  });

  test('ports are all different and below those of outgoing connections', async () => {
    const found = await freePorts(6);
    expect(new Set(found).size).toBe(6);
    expect(Math.max(...found)).toBeLessThan(32_768);
  });

  test('where no port can be had that is said', async () => {
    await expect(freePorts(2, () => 0.5)).rejects.toThrow('of 2 free ports');
  });
});
