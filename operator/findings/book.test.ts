import { assert, array, constantFrom, integer, oneof, property, record as recordOfArbitraries } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Comparison, PostureRule } from '../../domain/findings/types.ts';
import type { Declarations } from '../../domain/telemetry/types.ts';
import { aFalco } from '../../domain/testing/agents.ts';
import { aPolicy, labelled, selecting } from '../../domain/testing/policies.ts';
import type { PodFacts } from '../../domain/types.ts';
import { falcoPod, gcc, hour, only, setUp, shopPod, start } from './testing/world.ts';

const aRule = (overrides: Partial<PostureRule>): PostureRule => ({
  behaviour: 'CompilerInContainer',
  match: [],
  severity: undefined,
  quietPeriod: 24 * hour,
  quietEvidence: undefined,
  quietNodes: 1,
  quietRuns: 3,
  minimumPodAge: undefined,
  minimumVersion: undefined,
  exclude: [],
  ...overrides,
});

describe('events', () => {
  test('of rules with names of any length and secrets in them can be written', () => {
    const world = setUp();
    const techniques = Array.from({ length: 64 }, (_, index) => `T1${String(index).padStart(3, '0')}`);
    world.post({ rule: `Compiler run in container --password=hunter2 ${'x'.repeat(4000)}`, techniques });
    world.write();
    const [status] = [...world.objects.values()].map((object) => object.status);
    expect(status?.rules?.[0]).toHaveLength(253);
    expect(JSON.stringify(status)).not.toContain('hunter2');
  });

  test('of two replicas are one finding of their workload, with both pods', () => {
    const world = setUp();
    expect(world.post()).toBe('finding');
    expect(world.post({ origin: { ...gcc.origin, pod: 'cart-b' } })).toBe('finding');
    const { finding } = only(world.book());
    expect(finding.identity).toMatchObject({
      namespace: 'shop',
      name: expect.stringMatching(/^compiler-in-container-cart-/),
    });
    expect(finding.record).toMatchObject({
      subject: { kind: 'Deployment', namespace: 'shop', name: 'cart', container: 'app' },
      pods: ['cart-b', 'cart-a'],
      podsSeen: 2,
      agents: ['falco'],
      rules: ['Compiler run in container'],
      state: { phase: 'Open', count: 2 },
    });
    expect(world.transitions.map(({ reason }) => reason)).toEqual(['BehaviourSeen']);
  });

  test('of an agent of somebody’s own are of the one that is on the node, and never of another that is not', () => {
    const world = setUp();
    const house = aFalco({ name: 'house', type: 'Custom' });
    world.model.setAgents([
      aFalco(),
      { ...house, name: 'absent', pods: { ...house.pods, containerNames: ['absent'], images: ['x'] } },
    ]);
    world.model.evaluate(start);
    world.post({ agentType: 'Custom' });
    expect(only(world.book()).finding.record.agents).toEqual([]);
    world.model.setAgents([aFalco(), house]);
    world.model.evaluate(start);
    world.post({ agentType: 'Custom' });
    expect(only(world.book()).finding.record.agents).toEqual(['house']);
  });

  test('are written as the API wants them, without what was secret', () => {
    const world = setUp();
    world.post({ origin: { node: 'node-1', onHost: true }, process: { name: 'x' }, rule: 'a', tags: [] });
    world.post();
    world.write();
    const [object] = world.objects.values();
    expect(world.objects.size).toBe(1);
    expect(JSON.stringify(object)).not.toContain('hunter2');
    expect(object?.status).toMatchObject({
      behaviour: 'CompilerInContainer',
      severity: 'Medium',
      subject: { reference: 'Deployment/cart', container: 'app' },
      remediation: { text: expect.stringContaining('Build in one stage') },
      quiet: { required: '24h', observedBefore: '0s' },
      journal: { a: 2 },
    });
  });

  test('that are threat detections are signals, and of nobody are nobody’s', () => {
    const world = setUp();
    expect(world.post({ rule: 'Read sensitive file untrusted', process: { name: 'cat' } })).toBe('signal');
    expect(world.post({ origin: { ...gcc.origin, pod: 'unknown' } })).toBe('unattributed');
    expect(world.unattributed).toEqual(['PodUnknown']);
    expect([...world.book().all()]).toEqual([]);
  });

  test('of a pod that has just gone still find it', () => {
    const world = setUp();
    world.recent.leaving('shop', 'cart-a');
    world.model.removePod('shop', 'cart-a');
    expect(world.post()).toBe('finding');
  });

  test('beyond what a namespace may have, and of one that goes, make none', () => {
    const world = setUp({ mostPerNamespace: 1 });
    world.post();
    expect(world.post({ process: { name: 'apk' }, rule: 'x' })).toBe('capped');
    expect(world.post()).toBe('finding');
    expect(world.book().full()).toEqual(['shop']);
  });

  test('of a full namespace make findings again once one of them has gone', () => {
    const world = setUp({ mostPerNamespace: 1 });
    world.post();
    expect(world.book().full()).toEqual([]);
    world.post({ process: { name: 'apk' }, rule: 'x' });
    world.write();
    world.book().seen(only(world.book()).key, undefined);
    expect(world.book().full()).toEqual([]);
    expect(world.post({ process: { name: 'apk' }, rule: 'x' })).toBe('finding');
  });

  test('of pods that were seen before a restart are of no new pods, whatever of their names was stored', () => {
    const world = setUp();
    const names = Array.from({ length: 30 }, (_, index) => `cart-${index}`);
    for (const name of names) world.model.upsertPod(shopPod(name));
    const seen = (some: readonly string[]): number => {
      for (const pod of some) world.post({ origin: { ...gcc.origin, pod } });
      return only(world.book()).finding.record.podsSeen;
    };
    expect(seen(names)).toBe(30);
    world.write();
    world.restart(world.now());
    expect(seen(names)).toBe(30);
    world.model.upsertPod({ ...shopPod('cart-new'), createdAt: start + 1 });
    expect(seen(['cart-new', ...names])).toBe(31);
    // More than were forgotten cannot all be of these.
    world.model.upsertPod(shopPod('cart-old'));
    expect(seen(['cart-old'])).toBe(32);
  });

  test.each<[string, number, number, string]>([
    ['late, of a pod that was young then', 5, 60, 'signal'],
    ['late, of a pod that was old enough then', 15, 60, 'finding'],
    ['of a clock that is behind the beginning of the pod', -30, 60, 'finding'],
    ['at once, of a young pod', 5, 5, 'signal'],
  ])('of shells %s count by the age that the pod had', (_, atMinute, nowMinute, expected) => {
    const world = setUp();
    const minute = 60_000;
    world.model.upsertPod({ ...shopPod('cart-a'), createdAt: start });
    world.look(nowMinute * minute);
    const shell = { rule: 'Terminal shell in container', process: { name: 'bash' }, tags: [] };
    expect(world.post({ ...shell, at: start + atMinute * minute })).toBe(expected);
  });

  test('that are not written yet do not go with the finding when somebody deletes it', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.post();
    world.objects.delete(key);
    world.book().seen(key, undefined);
    expect(world.book().included(2)).toBe(1);
    world.write();
    expect(world.objects.get(key)?.status).toMatchObject({ count: 2, phase: 'Open' });
    expect(world.book().included(2)).toBe(2);
    world.book().seen(key, undefined);
    expect([...world.book().all()]).toEqual([]);
  });

  test('from the future happened when they came', () => {
    const world = setUp();
    world.post({ at: start + 1000 * hour });
    expect(only(world.book()).finding.record.state.lastSeen).toBe(start);
  });
});

describe('the journal', () => {
  test('is included up to the first event that is not written', () => {
    const world = setUp();
    expect(world.book().included(7)).toBe(7);
    world.post();
    world.post();
    expect(world.book().included(2)).toBe(0);
    world.write();
    expect(world.book().included(2)).toBe(2);
  });

  test('is included up to what came during a write, so that a finding without a pause does not hold it back', () => {
    const world = setUp();
    world.post();
    const { key, finding } = only(world.book());
    for (let position = 2; position < 5; position++) {
      world.book().writing(key);
      const { version } = finding;
      world.post({}, position);
      expect(world.book().included(position)).toBe(position - 2);
      world.book().wrote(key, version, world.now());
      expect(world.book().included(position)).toBe(position - 1);
    }
  });

  test('that is replayed counts nothing twice, neither before nor after a restart', () => {
    const world = setUp();
    world.post({}, 1);
    world.post({}, 2);
    world.write();
    world.restart(world.now());
    expect(world.post({}, 1)).toBe('counted');
    expect(world.post({}, 2)).toBe('counted');
    expect(world.post({}, 3)).toBe('finding');
    expect(only(world.book()).finding.record.state.count).toBe(3);
  });

  test('may hold an event twice that two replicas have handed over', () => {
    const world = setUp();
    const first = { journal: 'b', position: 7 };
    expect([world.post({}, 1, first), world.post({}, 2, first)]).toEqual(['finding', 'counted']);
  });

  test('may hold an event that was sent again to another replica: those that the finding shows are known', () => {
    const world = setUp();
    world.post({ id: 'a', at: start - 1 });
    world.write();
    world.restart(world.now());
    expect(world.post({ id: 'a', at: start - 1 }, 1, { journal: 'b', position: 1 })).toBe('counted');
    expect(world.post({ id: 'a', at: start }, 2, { journal: 'b', position: 2 })).toBe('finding');
  });

  test('may hold several alerts in one place', () => {
    const world = setUp();
    expect([world.post({}, 1), world.post({}, 1)]).toEqual(['finding', 'finding']);
    expect(only(world.book()).finding.record.state.count).toBe(2);
  });

  test('whatever is written and lost on the way, each event is counted once', () => {
    const step = oneof(
      recordOfArbitraries({ kind: constantFrom('post' as const), times: integer({ min: 1, max: 5 }) }),
      recordOfArbitraries({
        kind: constantFrom('write' as const, 'crash' as const),
        times: integer({ min: 1, max: 1 }),
      }),
    );
    assert(
      property(array(step, { maxLength: 30 }), (steps) => {
        const world = setUp();
        let [journalled, released] = [0, 0];
        for (const { kind, times } of steps) {
          if (kind === 'post') {
            for (let index = 0; index < times; index++) world.post({}, (journalled += 1));
          } else if (kind === 'write') {
            world.write();
            released = world.book().included(journalled);
          } else {
            world.restart(world.now());
            for (let position = released + 1; position <= journalled; position++) world.post({}, position);
          }
        }
        const [finding] = world.book().all();
        expect(finding?.record.state.count ?? 0).toBe(journalled);
      }),
      { numRuns: 200 },
    );
  });
});

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
    const rule = aRule({ severity: 'Critical', quietPeriod: hour });
    const world = setUp();
    world.post();
    world.look(0);
    world.look(2 * hour);
    world.model.setPolicies([aPolicy({ posture: [rule], gracePeriod: 0 })]);
    world.look(0);
    expect(only(world.book()).finding.record).toMatchObject({ severity: 'Critical', state: { phase: 'Resolved' } });
  });

  test('is none where the policy that counted it excludes the container by now, since nothing of it would be counted', () => {
    const excluding = aRule({ quietPeriod: hour, exclude: [{ allOf: [inContainer('app')] }] });
    const world = setUp({ posture: [aRule({ quietPeriod: hour })] });
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
    const excluding = aRule({ severity: 'Critical', exclude: [{ allOf: [inContainer('app')] }] });
    const world = setUp({ posture: [excluding, aRule({ severity: 'Low' })] });
    world.post();
    expect(only(world.book()).finding.record.severity).toBe('Low');
    world.look(0);
    expect(only(world.book()).finding.record.severity).toBe('Low');
  });

  test('must last as long as the last policy said, though it is gone and the operator was restarted', () => {
    const world = setUp({ posture: [aRule({ quietPeriod: 48 * hour })] });
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
    const world = setUp({ posture: [aRule({ quietPeriod: 24 * hour })] });
    world.post();
    world.look(0);
    world.look(hour);
    const elsewhere = aPolicy({
      selector: selecting({ namespace: labelled({ team: 'another' }) }),
      posture: [aRule({})],
      gracePeriod: 0,
    });
    world.model.setPolicies([elsewhere]);
    world.look(0);
    world.look(1000 * hour);
    expect(only(world.book()).finding.record.state).toMatchObject({
      phase: 'Open',
      quiet: { observed: hour, listening: { reason: 'RuleNotLoaded', message: expect.stringContaining('no policy') } },
    });
    world.model.setPolicies([aPolicy({ posture: [aRule({ quietPeriod: 24 * hour })], gracePeriod: 0 })]);
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

describe('a case', () => {
  test('that is decided on twice before anybody looks has both decisions in the history', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    const riskAcceptedUntil = '2027-01-01T00:00:00Z';
    world.decide(key, { phase: 'RiskAccepted', riskAcceptedUntil, riskAcceptedReason: 'a build image' }, 'ann');
    world.book().follow(key, world.now());
    world.decide(key, { phase: 'Triaged' }, 'bob');
    world.book().follow(key, world.now());
    world.look(0);
    expect(world.transitions.map(({ reason, actor }) => [reason, actor])).toEqual([
      ['BehaviourSeen', 'workload-protection-operator'],
      ['RiskAccepted', 'ann'],
      ['AcceptanceWithdrawn', 'bob'],
    ]);
  });

  test('whose failed claim is withdrawn and made anew in one moment is being verified', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    const decide = (phase: string): void => {
      world.decide(key, { phase });
      world.book().follow(key, world.now());
    };
    decide('Fixed');
    world.look(1000);
    world.post();
    expect(only(world.book()).finding.record.state.phase).toBe('Open');
    world.look(1000);
    decide('Remediating');
    decide('Fixed');
    world.look(0);
    expect(only(world.book()).finding.record.state).toMatchObject({ phase: 'Verifying', fixedAt: start + 2000 });
  });

  test('whose fix is claimed is verified by silence', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.look(hour);
    world.decide(key, { phase: 'Fixed', owner: 'bob' }, 'alice');
    world.look(0);
    world.write();
    expect(world.objects.get(key)?.status).toMatchObject({ phase: 'Verifying', fixedAt: '2026-11-22T01:00:00Z' });
    world.look(24 * hour);
    expect(world.transitions.map(({ to, actor }) => [to, actor])).toEqual([
      ['Open', 'workload-protection-operator'],
      ['Verifying', 'alice'],
      ['Resolved', 'workload-protection-operator'],
    ]);
  });

  /** A finding that ann works on, and what follows from each later decision. */
  const deciding = () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.look(hour);
    world.decide(key, { phase: 'Remediating', owner: 'bob' }, 'ann');
    world.look(0);
    world.write();
    return { ...world, key, actors: () => world.transitions.slice(1).map(({ reason, actor }) => [reason, actor]) };
  };
  const unknown = 'unknown (the webhook was away)';

  test('names whoever decided, never its owner', () => {
    const { key, decide, look, actors } = deciding();
    decide(key, { phase: 'Fixed', owner: 'bob' }, 'carl');
    look(0);
    decide(key, { phase: 'New', owner: 'bob' }, 'dora');
    look(0);
    expect(actors()).toEqual([
      ['RemediationStarted', 'ann'],
      ['FixClaimed', 'carl'],
      ['FixWithdrawn', 'dora'],
    ]);
  });

  test('says that nobody knows, where the webhook was away, even if the last stamp names the same phase', () => {
    const { key, decide, look, actors } = deciding();
    decide(key, { phase: 'New', owner: 'bob' });
    look(0);
    decide(key, { phase: 'Remediating', owner: 'bob' });
    look(0);
    expect(actors()).toEqual([
      ['RemediationStarted', 'ann'],
      ['RemediationStopped', unknown],
      ['RemediationStarted', unknown],
    ]);
  });

  test('still names who decided when something else changes while the webhook is away, and the operator has not looked yet', () => {
    const { key, decide, look, actors } = deciding();
    decide(key, { phase: 'Fixed' }, 'carl');
    decide(key, { phase: 'Fixed', owner: 'dora' });
    look(0);
    expect(actors().at(-1)).toEqual(['FixClaimed', 'carl']);
  });

  test.each<[string, string | undefined, string]>([
    ['names who decided while the operator was down', 'carl', 'carl'],
    ['says that nobody knows who decided while both were down', undefined, unknown],
  ])('%s', (_, user, actor) => {
    const world = deciding();
    world.decide(world.key, { phase: 'New', owner: 'bob' }, user);
    world.restart(world.now());
    world.look(0);
    expect(world.actors().at(-1)).toEqual(['RemediationStopped', actor]);
  });

  test('survives a restart, with its claim', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.look(hour);
    world.decide(key, { phase: 'Fixed' });
    world.look(0);
    world.write();
    world.restart(world.now());
    world.look(0);
    world.post();
    world.look(0);
    world.write();
    expect(world.objects.get(key)?.status?.phase).toBe('Open');
    expect(world.objects.get(key)?.status?.conditions?.find(({ type }) => type === 'FixFailed')?.status).toBe('True');
  });
});
