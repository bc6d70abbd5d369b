import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultDigest } from './falco.ts';
import { agentsFromPods } from './from-pods.ts';
import type { AgentKind, SimulatedAgent } from './simulated-agent.ts';
import { simulate, type SimulateOptions, type Simulation } from './simulate.ts';

const falcoPort = 8765;
const minute = 60_000;

let open: Simulation | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const start = async (agents: readonly SimulatedAgent[], options: SimulateOptions = {}): Promise<Simulation> => {
  open = await simulate(agents, { portOf: () => 0, ...options });
  return open;
};

const get = async (
  simulation: Simulation,
  ip: string,
  port: number,
  path: string,
): Promise<{ status: number; body: string }> => {
  const dispatcher = new Agent({ connections: 1, pipelining: 0 });
  try {
    const response = await request(`http://${ip}:${simulation.boundPort(port)}${path}`, {
      dispatcher,
      signal: AbortSignal.timeout(5000),
    });
    return { status: response.statusCode, body: await response.body.text() };
  } finally {
    await dispatcher.destroy();
  }
};

/** The value of the first sample of a metric whose labels contain `labels`. */
const valueOf = (body: string, name: string, labels = ''): number => {
  const line = body
    .split('\n')
    .find(
      (candidate) =>
        candidate.startsWith(name) && /[ {]/.test(candidate[name.length] ?? '') && candidate.includes(labels),
    );
  return Number(line?.slice(line.lastIndexOf(' ')));
};

const clock = (): { now: () => number; forward: (ms: number) => void } => {
  let at = 1_800_000_000_000;
  return { now: () => at, forward: (ms) => void (at += ms) };
};

describe('many agents behind one socket', () => {
  it('answer each on its own address with its own version', async () => {
    const agents = Array.from({ length: 50 }, (_, index): SimulatedAgent => ({
      ip: `127.0.9.${index + 1}`,
      agent: 'falco',
      version: `0.${index}.0`,
    }));
    const simulation = await start(agents);
    for (const { ip, version } of agents.filter((_, index) => index % 10 === 3)) {
      const { body } = await get(simulation, ip, falcoPort, '/versions');
      expect(JSON.parse(body)).toMatchObject({ falco_version: version });
    }
  });

  it('leave addresses alone where nobody lives', async () => {
    const simulation = await start([{ ip: '127.0.9.1', agent: 'falco', version: '0.44.1' }]);
    await expect(get(simulation, '127.0.9.2', falcoPort, '/versions')).rejects.toThrow();
  });

  it('can be added and removed while others answer', async () => {
    const simulation = await start([{ ip: '127.0.9.1', agent: 'falco', version: '0.44.1' }]);
    await simulation.add([{ ip: '127.0.9.2', agent: 'falco', version: '0.43.0' }]);
    expect((await get(simulation, '127.0.9.2', falcoPort, '/healthz')).status).toBe(200);
    expect(await simulation.remove({ ips: ['127.0.9.1'] })).toBe(1);
    await expect(get(simulation, '127.0.9.1', falcoPort, '/healthz')).rejects.toThrow();
    expect((await get(simulation, '127.0.9.2', falcoPort, '/healthz')).status).toBe(200);
  });

  it('can hold their own addresses instead', async () => {
    const simulation = await start([{ ip: '127.0.9.7', agent: 'tracee', version: '0.24.1' }], { listen: 'each' });
    expect((await get(simulation, '127.0.9.7', 3366, '/healthz')).status).toBe(200);
  });

  it('refuse to live anywhere but on loopback', async () => {
    await expect(start([{ ip: '10.0.0.1', agent: 'falco', version: '0.44.1' }])).rejects.toThrow('loopback only');
  });
});

describe('the formats', () => {
  const rows: readonly [AgentKind, number, string, readonly string[]][] = [
    [
      'tetragon',
      2112,
      '/metrics',
      [
        'tetragon_build_info{',
        'tetragon_tracingpolicy_loaded{state="enabled"} 2',
        'tetragon_observer_ringbuf_events_lost_total',
      ],
    ],
    ['tracee', 3366, '/metrics', ['tracee_events_total', 'tracee_lostevents_total', 'tracee_signatures_total 40']],
    ['kubescape', 8080, '/metrics', ['node_agent_exec_counter', 'node_agent_rule_counter{rule_id="R0001"}']],
    ['kubescape', 7888, '/livez', ['']],
    ['kubescape', 7888, '/readyz', ['']],
    ['tracee', 3366, '/healthz', ['{"status":"OK"}']],
    ['sysdig', 9544, '/metrics', ['sysdig_agent_info{agent_version="9.9.9"']],
  ];
  it.each(rows)('%s on %i%s', async (agent, port, path, pieces) => {
    const simulation = await start([{ ip: '127.0.9.20', agent, version: '9.9.9' }], {
      portOf: () => 0,
      listen: 'each',
    });
    const { status, body } = await get(simulation, '127.0.9.20', port, path);
    expect(status).toBe(200);
    for (const piece of pieces) expect(body).toContain(piece);
  });

  it('Falco heads each sample anew and escapes nothing', async () => {
    const simulation = await start([{ ip: '127.0.9.1', agent: 'falco', version: '0.44.1', node: 'node-a' }]);
    const { body } = await get(simulation, '127.0.9.1', falcoPort, '/metrics');
    expect(body.match(/# TYPE falcosecurity_falco_rules_matches_total counter/g)).toHaveLength(2);
    expect(body).toContain('rule_name="Read of "secret" file, C:\\like path"');
    expect(body).toContain('falcosecurity_falco_version_info{version="0.44.1"} 1');
    expect(body).toContain('falcosecurity_evt_hostname_info{hostname="node-a"} 1');
    expect(body).toContain(`file_name="falco_rules.yaml",sha256="${defaultDigest('falco_rules.yaml', '0.44.1')}"`);
    expect(body).toContain('engine_name="modern_bpf",evt_source="syscall"');
  });

  it('Falco gives the minor version of its engine as a string', async () => {
    const simulation = await start([{ ip: '127.0.9.1', agent: 'falco', version: '0.44.1' }]);
    const versions: unknown = JSON.parse((await get(simulation, '127.0.9.1', falcoPort, '/versions')).body);
    expect(versions).toMatchObject({ engine_version: '62', engine_version_semver: '0.62.0' });
  });

  it('a path that no agent has is not found', async () => {
    const simulation = await start([{ ip: '127.0.9.1', agent: 'falco', version: '0.44.1' }]);
    expect((await get(simulation, '127.0.9.1', falcoPort, '/debug')).status).toBe(404);
  });
});

describe('an agent that is told to', () => {
  const ip = '127.0.9.1';
  const falco: SimulatedAgent = {
    ip,
    agent: 'falco',
    version: '0.44.1',
    node: 'node-a',
    rulesFiles: { 'falco_rules.yaml': 'aa', 'ours.yaml': 'bb' },
  };

  it('drop events drops that share of what it sees from then on', async () => {
    const time = clock();
    const simulation = await start([falco], { now: time.now });
    const before = (await get(simulation, ip, falcoPort, '/metrics')).body;
    simulation.tell({ nodes: ['node-a'] }, { dropRatio: 0.25 });
    time.forward(minute);
    const after = (await get(simulation, ip, falcoPort, '/metrics')).body;
    const grown = (name: string): number => valueOf(after, name) - valueOf(before, name);
    expect(valueOf(before, 'falcosecurity_scap_n_drops_total')).toBe(0);
    expect(grown('falcosecurity_scap_n_drops_total') / grown('falcosecurity_scap_n_evts_total')).toBeCloseTo(0.25, 3);
  });

  it('go stale stands still, and goes on from there when healthy again', async () => {
    const time = clock();
    const simulation = await start([falco], { now: time.now });
    const events = async (): Promise<number> =>
      valueOf((await get(simulation, ip, falcoPort, '/metrics')).body, 'falcosecurity_scap_n_evts_total');
    simulation.tell({}, { stale: true });
    const first = await events();
    time.forward(minute);
    expect(await events()).toBe(first);
    simulation.tell({}, { stale: false });
    expect(await events()).toBe(first);
    time.forward(1000);
    expect(await events()).toBe(first + 2000);
  });

  it('be old says so everywhere', async () => {
    const simulation = await start([falco]);
    simulation.tell({ ips: [ip] }, { version: '0.36.2' });
    expect((await get(simulation, ip, falcoPort, '/versions')).body).toContain('"falco_version":"0.36.2"');
    expect((await get(simulation, ip, falcoPort, '/metrics')).body).toContain('version_info{version="0.36.2"} 1');
  });

  it('lack a rules file, or have it changed, reports what it has', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { missingRulesFile: 'falco_rules.yaml', changedRulesFile: 'ours.yaml' });
    const { body } = await get(simulation, ip, falcoPort, '/metrics');
    expect(body).not.toContain('file_name="falco_rules.yaml"');
    expect(body).toContain('file_name="ours.yaml"');
    expect(body).not.toContain('file_name="ours.yaml",sha256="bb"');
  });

  it('be not ready fails its health and nothing else', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { answers: 'not-ready' });
    expect((await get(simulation, ip, falcoPort, '/healthz')).status).toBe(503);
    expect((await get(simulation, ip, falcoPort, '/versions')).status).toBe(200);
  });

  it('keep its metrics to itself answers 404 there', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { metricsOff: true });
    expect((await get(simulation, ip, falcoPort, '/metrics')).status).toBe(404);
  });

  it('hang takes the connection and never answers', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { answers: 'hanging' });
    const url = `http://${ip}:${simulation.boundPort(falcoPort)}/metrics`;
    await expect(request(url, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout|aborted/i);
  });

  it('talk garbage answers with what is no exposition', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { answers: 'garbage' });
    const { status, body } = await get(simulation, ip, falcoPort, '/metrics');
    expect(status).toBe(200);
    expect(body).toContain('NaNaN');
  });

  it('never stop answers until the reader goes away', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { answers: 'endless' });
    const { body } = await request(`http://${ip}:${simulation.boundPort(falcoPort)}/metrics`);
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > 5_000_000) break;
    }
    expect(bytes).toBeGreaterThan(5_000_000);
    simulation.tell({}, { answers: 'normal' });
    expect((await get(simulation, ip, falcoPort, '/healthz')).status).toBe(200);
  });

  it('refuse closes the door', async () => {
    const simulation = await start([falco]);
    simulation.tell({}, { answers: 'refusing' });
    await expect(get(simulation, ip, falcoPort, '/healthz')).rejects.toThrow();
  });

  it('fail to load policies says so by state', async () => {
    const simulation = await start([{ ip, agent: 'tetragon', version: 'v1.7.0' }]);
    simulation.tell({ agent: 'tetragon' }, { policiesInError: 1 });
    const { body } = await get(simulation, ip, 2112, '/metrics');
    expect(valueOf(body, 'tetragon_tracingpolicy_loaded', 'load_error')).toBe(1);
    expect(valueOf(body, 'tetragon_tracingpolicy_loaded', 'enabled')).toBe(1);
  });
});

describe('the control endpoint', () => {
  const post = async (simulation: Simulation, body: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await request(`http://127.0.0.1:${simulation.controlPort}/behaviour`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return { status: response.statusCode, body: await response.body.json() };
  };
  const agents: readonly SimulatedAgent[] = [
    { ip: '127.0.9.1', agent: 'falco', version: '0.44.1', node: 'a' },
    { ip: '127.0.9.2', agent: 'falco', version: '0.44.1', node: 'b' },
  ];

  it('tells those that are meant and no others', async () => {
    const simulation = await start(agents, { controlPort: 0 });
    expect(await post(simulation, { which: { nodes: ['b'] }, change: { answers: 'error' } })).toEqual({
      status: 200,
      body: { told: 1 },
    });
    expect((await get(simulation, '127.0.9.1', falcoPort, '/healthz')).status).toBe(200);
    expect((await get(simulation, '127.0.9.2', falcoPort, '/healthz')).status).toBe(500);
  });

  it('refuses a behaviour that does not exist', async () => {
    const simulation = await start(agents, { controlPort: 0 });
    expect(await post(simulation, { change: { answer: 'error' } })).toMatchObject({ status: 400 });
  });
});

describe('agents of real pods', () => {
  it('take address, version and node from the pod, and skip what cannot answer', () => {
    const pod = (name: string, image: string, status: object) => ({
      spec: {
        nodeName: 'n',
        containers: [
          { name: 'other', image: 'x' },
          { name, image },
        ],
      },
      status,
    });
    const running = { podIP: '127.16.0.1', phase: 'Running' };
    expect(
      agentsFromPods([
        pod('falco', 'mirror:5000/falcosecurity/falco:0.44.1', running),
        pod('node-agent', 'quay.io/kubescape/node-agent:v0.3.158', running),
        pod('kubearmor', 'kubearmor/kubearmor:v1.7.4', running),
        pod('falco', 'falco:0.44.1', { phase: 'Pending' }),
        pod('falco', 'falco:0.44.1', { podIP: '10.1.2.3', phase: 'Running' }),
      ]),
    ).toEqual([
      { ip: '127.16.0.1', agent: 'falco', version: '0.44.1', node: 'n' },
      { ip: '127.16.0.1', agent: 'kubescape', version: 'v0.3.158', node: 'n' },
    ]);
  });
});
