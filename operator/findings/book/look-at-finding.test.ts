import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../../domain/findings/types.ts';
import type { Declarations } from '../../../domain/telemetry/types.ts';
import { aFalco } from '../../../domain/testing/agents.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aPolicy, counting, labelled, selecting } from '../../../domain/testing/policies.ts';
import type { PodFacts } from '../../../domain/types.ts';
import { awaitsProof } from '../../../domain/findings/quiet-clock.ts';
import { falcoPod, hour, only, setUp, shopPod, start } from '../testing/world.ts';

const inContainer = (name: string): Comparison => ({
  field: 'Container',
  equals: [name],
  prefix: [],
  suffix: [],
  glob: [],
});

const crashing = (pod: PodFacts): PodFacts => {
  const waits = { ready: false, waitingReason: 'CrashLoopBackOff', waitingMessage: undefined };
  const containers = pod.shape.containers.map(({ name }) => ({
    name,
    ...waits,
    lastExitCode: 1,
    lastExitReason: 'Error',
  }));
  return {
    ...pod,
    ready: false,
    trouble: { scheduling: undefined, reason: undefined, message: undefined, containers },
  };
};

describe('silence', () => {
  test('is observed while Falco runs, and resolves the finding on time', () => {
    const world = setUp();
    world.post();
    world.look(0);
    world.look(24 * hour - 1);
    expect(only(world.book()).finding.record.state.phase).toBe('Open');
    world.look(1);
    world.write();
    const { key } = only(world.book());
    expect(world.objects.get(key)?.status).toMatchObject({
      phase: 'Resolved',
      resolution: 'Verified',
      quiet: { evidence: 'Running' },
    });
    expect(world.objects.get(key)?.status?.conditions?.find(({ type }) => type === 'Verified')?.status).toBe('True');
  });

  test.each<[string, (world: ReturnType<typeof setUp>) => void, string]>([
    ['its agent is deleted', ({ model }) => model.removePod('falco', 'falco-1'), 'AgentBlind'],
    ['its agent is not ready', ({ model }) => model.upsertPod(falcoPod(false)), 'AgentBlind'],
    ['the ProtectionAgent is deleted', ({ model }) => model.setAgents([]), 'AgentBlind'],
    [
      'its workload is scaled to nothing',
      ({ model }) => {
        for (const name of ['cart-a', 'cart-b']) model.removePod('shop', name);
      },
      'NothingRunning',
    ],
    [
      'its container keeps crashing, though the pods count as running',
      ({ model }) => {
        for (const name of ['cart-a', 'cart-b']) model.upsertPod(crashing(shopPod(name)));
      },
      'NothingRunning',
    ],
  ])('proves nothing while %s, and goes on afterwards', (_, breakIt, reason) => {
    const world = setUp();
    world.post();
    world.look(0);
    world.look(hour);
    breakIt(world);
    world.look(0);
    world.look(1000 * hour);
    world.write();
    const { key } = only(world.book());
    expect(world.objects.get(key)?.status).toMatchObject({
      phase: 'Open',
      quiet: { suspendedReason: reason, observedBefore: '1h' },
    });
    world.model.setAgents([aFalco()]);
    world.model.upsertPod(falcoPod());
    world.model.upsertPod(shopPod('cart-a'));
    world.look(0);
    world.look(23 * hour);
    expect(only(world.book()).finding.record.state.phase).toBe('Resolved');
  });

  test('is not observed while events of the node are shed', () => {
    const world = setUp();
    world.post();
    world.look(0);
    world.deliveries.noteShed('node-1');
    world.look(0);
    world.look(30_000);
    expect(only(world.book()).finding.record.state.quiet).toMatchObject({
      observed: 0,
      listening: { reason: 'EventsShed' },
    });
  });

  test('that ends while the finding is written is told by the next write, and not taken for what was written', () => {
    const world = setUp();
    world.post();
    world.look(0);
    const { key, finding } = only(world.book());
    const { version } = finding;
    world.book().writing(key);
    world.model.removePod('falco', 'falco-1');
    world.look(0);
    world.book().wrote(key, version, world.now());
    world.enqueued.clear();
    finding.isQueued = false;
    world.look(30_000);
    world.look(31_000);
    expect([...world.enqueued]).toEqual([key]);
    world.write();
    expect(world.objects.get(key)?.status?.quiet).toMatchObject({ suspendedReason: 'AgentBlind' });
  });

  test('before a restart counts up to when the operator last lived, and not while it was down', () => {
    const world = setUp();
    world.post();
    world.look(0);
    world.write();
    world.look(10 * hour);
    const alive = world.now();
    world.look(500 * hour - 500 * hour);
    world.restart(alive);
    world.look(0);
    const { observed } = only(world.book()).finding.record.state.quiet;
    expect(observed).toBeLessThanOrEqual(10 * hour);
    expect(observed).toBeGreaterThan(10 * hour - 5 * 60_000);
  });

  test('of a workload that is gone verifies nothing', () => {
    const world = setUp();
    world.post();
    for (const name of ['cart-a', 'cart-b']) world.model.removePod('shop', name);
    world.model.removeOwner('ReplicaSet', 'shop', 'cart-1');
    world.model.removeOwner('Deployment', 'shop', 'cart');
    world.look(1);
    expect(only(world.book()).finding.record.state).toMatchObject({ phase: 'Resolved', resolution: 'Gone' });
  });

  test('must last as long as a policy says by now', () => {
    const rule = counting({ severity: 'Critical', quietPeriod: hour });
    const world = setUp();
    world.post();
    world.look(0);
    world.look(2 * hour);
    world.model.setPolicies([aPolicy({ posture: [rule], gracePeriod: 0 })]);
    world.look(0);
    expect(only(world.book()).finding.record).toMatchObject({ severity: 'Critical', state: { phase: 'Resolved' } });
  });

  test('is none where the policy that counted it excludes the container by now, since nothing of it would be counted', () => {
    const excluding = counting({ quietPeriod: hour, exclude: [{ allOf: [inContainer('app')] }] });
    const world = setUp({ posture: [counting({ quietPeriod: hour })] });
    world.post();
    world.look(0);
    world.model.setPolicies([aPolicy({ posture: [excluding], gracePeriod: 0 })]);
    world.look(0);
    world.look(10 * hour);
    world.write();
    const { key } = only(world.book());
    expect(world.objects.get(key)?.status).toMatchObject({
      phase: 'Open',
      quiet: { suspendedReason: 'RuleNotLoaded', suspendedMessage: expect.stringContaining('exclude it') },
    });
  });

  test('is as severe as the policies say that do not exclude the container', () => {
    const excluding = counting({ severity: 'Critical', exclude: [{ allOf: [inContainer('app')] }] });
    const world = setUp({ posture: [excluding, counting({ severity: 'Low' })] });
    world.post();
    expect(only(world.book()).finding.record.severity).toBe('Low');
    world.look(0);
    expect(only(world.book()).finding.record.severity).toBe('Low');
  });

  test('must last as long as the last policy said, though it is gone and the operator was restarted', () => {
    const world = setUp({ posture: [counting({ quietPeriod: 48 * hour })] });
    world.post();
    world.look(0);
    world.write();
    world.model.setPolicies([]);
    world.restart(world.now());
    world.look(0);
    world.write();
    world.look(0);
    world.look(47 * hour);
    expect(only(world.book()).finding.record.state.phase).toBe('Open');
    world.look(hour);
    expect(only(world.book()).finding.record.state.phase).toBe('Resolved');
  });

  test('proves nothing where no policy would count the behaviour any more, and goes on where one does', () => {
    const world = setUp({ posture: [counting({ quietPeriod: 24 * hour })] });
    world.post();
    world.look(0);
    world.look(hour);
    const elsewhere = aPolicy({
      selector: selecting({ namespace: labelled({ team: 'another' }) }),
      posture: [counting()],
      gracePeriod: 0,
    });
    world.model.setPolicies([elsewhere]);
    world.look(0);
    world.look(1000 * hour);
    expect(only(world.book()).finding.record.state).toMatchObject({
      phase: 'Open',
      quiet: { observed: hour, listening: { reason: 'RuleNotLoaded', message: expect.stringContaining('no policy') } },
    });
    world.model.setPolicies([aPolicy({ posture: [counting({ quietPeriod: 24 * hour })], gracePeriod: 0 })]);
    world.look(0);
    world.look(23 * hour);
    expect(only(world.book()).finding.record.state.phase).toBe('Resolved');
  });

  test('is observed where an agent says nothing of its rules, though objects declare them; and not where it lacks them', () => {
    const world = setUp({ agent: { telemetry: { ...aFalco().telemetry, mode: 'Scrape' } } });
    const name = 'custom-rules.yaml';
    const rules = [{ name: 'Compiler run in container', status: 'Loaded' as const, tactics: [], techniques: [] }];
    const declaredBy = { kind: 'ConfigMap', namespace: 'falco', name: 'falco-rules' };
    const declared = { agent: 'falco', name, rules, digest: 'aa', source: 'ConfigMap', declaredBy } as const;
    world.model.setDeclarations('falco', { policies: [declared], contents: [], exclusions: [], notes: [] });
    world.post();
    world.look(0);
    world.look(hour);
    expect(only(world.book()).finding.record.state.quiet.observed).toBe(hour);
    const policies = [{ name: 'falco_rules.yaml', status: 'Loaded' as const }];
    const reading = { at: world.now(), policies, policiesAre: 'Complete' as const, issues: [] };
    world.model.setTelemetry('node-1', 'falco', { reading, askedSince: start, failure: undefined });
    world.look(0);
    expect(only(world.book()).finding.record.state.quiet.listening).toMatchObject({
      reason: 'RuleNotLoaded',
      message: 'on node node-1: falco: rule Compiler run in container of custom-rules.yaml is missing',
    });
  });

  test.each([
    ['looks like a secret', 'Compiler with token=abcdef in its environment'],
    ['is longer than is kept of it', `Compiler ${'in a container '.repeat(30)}`],
  ])(
    'is observed after a restart, too, where the name of the rule %s and the agent says that it is loaded',
    (_, name) => {
      const world = setUp({ agent: { telemetry: { ...aFalco().telemetry, mode: 'Scrape' } } });
      const rules = [{ name, status: 'Loaded' as const, tactics: [], techniques: [] }];
      const policies = [{ name: 'falco_rules.yaml', status: 'Loaded' as const, rules }];
      const say = (loaded: typeof policies): void => {
        const reading = { at: world.now(), policies: loaded, policiesAre: 'Complete' as const, issues: [] };
        world.model.setTelemetry('node-1', 'falco', { reading, askedSince: start, failure: undefined });
      };
      say(policies);
      world.post({ rule: name });
      world.look(0);
      world.write();
      world.restart(world.now());
      for (const elapsed of [0, 15_000]) {
        world.look(elapsed);
        world.write();
      }
      world.post({ rule: name });
      expect(only(world.book()).finding.record.rules).toHaveLength(1);
      world.look(0);
      world.look(15_000);
      expect(only(world.book()).finding.record.state.quiet).toMatchObject({
        observed: 15_000,
        listening: { listening: true },
      });
      say([{ ...policies[0], rules: [] } as (typeof policies)[number]]);
      world.look(0);
      expect(only(world.book()).finding.record.state.quiet.listening).toMatchObject({ reason: 'RuleNotLoaded' });
    },
  );

  test.each([
    ['50%', true],
    ['80%', false],
  ])('of a workload of which a share of the nodes must hear, %s, says so, and how many do', (percent, runs) => {
    const world = setUp({ posture: [counting({ quietNodes: Number.parseInt(percent, 10) / 100 })] });
    world.model.upsertNode(aNode({ name: 'node-2', uid: 'node-2' }));
    world.model.upsertPod(shopPod('cart-c', 'node-2'));
    world.post();
    world.look(0);
    world.write();
    const { key } = only(world.book());
    const quiet = () => world.objects.get(key)?.status?.quiet;
    expect(quiet()).toMatchObject({ requiredNodes: percent, heard: { nodes: 1, of: 2 } });
    expect(quiet()?.suspendedReason).toBe(runs ? undefined : 'AgentBlind');
    world.model.upsertPod(falcoPod(true, 'node-2'));
    for (let looks = 0; looks < 6; looks++) world.look(15_000);
    world.write();
    expect(quiet()).toMatchObject({ requiredNodes: percent });
    expect(quiet()?.heard).toBeUndefined();
    world.model.setPolicies([]);
    world.restart(world.now());
    expect(only(world.book()).finding.record.quietTerms.nodes).toBe(Number.parseInt(percent, 10) / 100);
  });

  test.each<[string, Partial<Declarations>, string, string]>([
    [
      'its agent leaves its pods out',
      {
        exclusions: [
          {
            agent: 'falco',
            cause: 'falco leaves out the namespace',
            remedy: 'take it in',
            pods: { namespace: 'shop' },
          },
        ],
      },
      'AgentBlind',
      'on node node-1: falco leaves out the namespace',
    ],
    [
      'the rule that saw it is for other pods',
      {
        policies: [
          {
            agent: 'falco',
            name: 'custom-rules.yaml',
            source: 'ConfigMap',
            declaredBy: { kind: 'ConfigMap', namespace: 'falco', name: 'falco-rules' },
            rules: [{ name: 'Compiler run in container', status: 'Loaded', tactics: [], techniques: [] }],
            pods: { namespace: 'bank' },
          },
        ],
      },
      'RuleNotLoaded',
      'on node node-1: falco: rule Compiler run in container of custom-rules.yaml is for other pods than these',
    ],
  ])('proves nothing while %s', (_, declared, reason, message) => {
    const world = setUp();
    world.post();
    world.look(0);
    world.look(hour);
    const nothing = { policies: [], contents: [], exclusions: [], notes: [] };
    world.model.setDeclarations('falco', { ...nothing, ...declared });
    world.look(0);
    world.look(1000 * hour);
    expect(only(world.book()).finding.record.state).toMatchObject({
      phase: 'Open',
      quiet: { observed: hour, listening: { reason, message } },
    });
    world.model.setDeclarations('falco', nothing);
    world.look(0);
    world.look(23 * hour);
    expect(only(world.book()).finding.record.state.phase).toBe('Resolved');
  });

  test('proves nothing while the operator itself is deaf', () => {
    const world = setUp();
    world.post();
    world.look(0);
    world.look(1000 * hour, { listening: false, reason: 'OperatorDown', message: 'it stood still' });
    expect(only(world.book()).finding.record.state.quiet.observed).toBe(0);
    world.look(0);
    world.look(24 * hour);
    expect(only(world.book()).finding.record.state.phase).toBe('Resolved');
  });

  test('of an agent that has answered once is not asked for less because it is silent everywhere', () => {
    const world = setUp({ agent: { telemetry: { ...aFalco().telemetry, mode: 'Scrape', staleAfter: 180_000 } } });
    const reading = { at: start, version: '0.44.1', issues: [] };
    world.model.setTelemetry('node-1', 'falco', { reading, askedSince: start, failure: undefined });
    world.post();
    world.look(0);
    expect(only(world.book()).finding.evidence).toBe('Reporting');
    world.model.setTelemetry('node-1', 'falco', { reading, askedSince: start, failure: 'no answer within 5 s' });
    for (const hours of [1, 1000]) {
      world.look(hours * hour);
      expect(only(world.book()).finding).toMatchObject({
        evidence: 'Reporting',
        record: {
          state: {
            phase: 'Open',
            quiet: {
              listening: {
                reason: 'AgentBlind',
                message: expect.stringMatching(
                  /Reporting is asked for: for more than \d+ s it has said nothing/,
                ) as string,
              },
            },
          },
        },
      });
    }
  });
});

describe('the last look', () => {
  const rule = 'Compiler run in container';
  const minute = 60_000;
  /** Falco that answers, has counted what came, and has been heard for a minute less than is required. */
  const almostOver = (staleAfter = 3 * minute) => {
    const telemetry = { ...aFalco().telemetry, mode: 'Scrape' as const, staleAfter };
    const world = setUp({ agent: { telemetry }, posture: [counting({ quietPeriod: hour })] });
    const counted = (matches: number): void => world.answer('node-1', { [rule]: matches, Another: 1 });
    counted(0);
    world.look(minute);
    counted(0);
    world.deliveries.noteArrival('node-1', 'falco', { rule, at: world.now() }, world.now());
    world.post();
    world.look(0);
    for (let passed = minute; passed < hour; passed += minute) {
      world.look(minute);
      counted(1);
    }
    const { key } = only(world.book());
    const state = () => only(world.book()).finding.record.state;
    const stored = () => {
      world.write();
      return world.objects.get(key)?.status;
    };
    return { ...world, counted, state, stored };
  };

  test('is waited for once enough was observed, asked for at once, and resolves', () => {
    const { look, counted, awaited, state } = almostOver();
    look(minute);
    expect([state().phase, awaitsProof(state().quiet, hour), [...awaited]]).toEqual(['Open', true, ['node-1/falco']]);
    counted(1);
    look(2000);
    expect([state().phase, [...awaited]]).toEqual(['Resolved', []]);
  });

  test('is none where it was asked before the time was over, and answered afterwards', () => {
    const { look, deliveries, now, state } = almostOver();
    look(minute);
    look(1000);
    const matches = [rule, 'Another'].map((each) => ({ rule: each, count: 1 }));
    const emitted = { matches, since: start - hour, until: now() };
    deliveries.noteReading('node-1', 'falco', { at: now(), issues: [], emitted }, now() - 1001);
    look(0);
    expect(state().phase).toBe('Open');
    deliveries.noteReading('node-1', 'falco', { at: now(), issues: [], emitted }, now() - 1000);
    look(0);
    expect(state().phase).toBe('Resolved');
  });

  test('that does not come is told in words, and stops the clock; once it has come the finding is resolved', () => {
    const { look, counted, awaited, state, stored } = almostOver(10 * minute);
    look(minute);
    for (let passed = 0; passed < 120; passed += 15) look(15_000);
    expect([...awaited]).toEqual(['node-1/falco']);
    const status = stored();
    expect(status).toMatchObject({
      phase: 'Open',
      quiet: {
        suspendedReason: 'AgentBlind',
        suspendedMessage:
          'on node node-1: falco has not answered since the quiet period was over, and one more answer is waited for',
      },
    });
    expect(status?.quiet).not.toHaveProperty('clearsAt');
    counted(1);
    look(15_000);
    expect(state().phase).toBe('Resolved');
  });

  test('of an agent that turns out to have hung takes back the time since it last answered', () => {
    const { look, counted, state } = almostOver();
    look(minute);
    for (let passed = 0; passed < 180; passed += 15) look(15_000);
    expect(state().quiet).toMatchObject({ observed: hour - minute, listening: { reason: 'AgentBlind' } });
    counted(1);
    look(15_000);
    counted(1);
    look(15_000);
    expect(state().phase).toBe('Open');
    look(minute);
    counted(1);
    look(2000);
    expect(state().phase).toBe('Resolved');
  });

  test('that shows a loss resolves nothing, until something arrives and the time that is in doubt was heard anew', () => {
    const { look, counted, deliveries, now, state } = almostOver();
    look(minute);
    counted(3);
    look(2000);
    look(29_000);
    counted(3);
    look(2000);
    expect(state()).toMatchObject({
      phase: 'Open',
      quiet: {
        observed: hour - minute,
        listening: { reason: 'DeliveryUnproven', message: expect.stringContaining('2 more of rule') as string },
      },
    });
    deliveries.noteArrival('node-1', 'falco', { rule: 'Another', at: now() }, now());
    look(0);
    expect(state()).toMatchObject({ phase: 'Open', quiet: { listening: { listening: true } } });
    look(minute);
    counted(3);
    look(2000);
    expect(state().phase).toBe('Resolved');
  });

  test('is taken anew by a leader that takes over meanwhile', () => {
    const { look, counted, deliveries, write, restart, now, state } = almostOver(10 * minute);
    look(minute);
    for (let passed = 0; passed < 120; passed += 15) look(15_000);
    write();
    deliveries.begin();
    restart(now());
    look(0);
    write();
    look(15_000);
    expect(state()).toMatchObject({ phase: 'Open', quiet: { observed: hour + 30_000 } });
    counted(1);
    look(15_000);
    counted(1);
    look(15_000);
    expect(state().phase).toBe('Resolved');
  });

  test('does not come from who is turned away while it is waited for', () => {
    const { look, counted, deliveries, state } = almostOver();
    look(minute);
    deliveries.noteShed('node-1');
    counted(1);
    look(2000);
    expect(state()).toMatchObject({ phase: 'Open', quiet: { listening: { reason: 'EventsShed' } } });
  });
});
