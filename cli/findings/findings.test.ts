// The verbs about findings over a server that holds some, from the command line to what is printed and stored.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dump, load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { CaseFile, StandingFinding } from '../../domain/findings/finding-object.ts';
import { aFinding, aVerifiedFinding, now } from '../../domain/findings/testing/finding.ts';
import { canonicalJson } from '../../domain/snapshot/canonical-json.ts';
import { resources } from '../../kube/resource.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { candidatesFor } from '../completion/complete.ts';
import { runCli, verbs } from '../run.ts';
import { anIo } from '../testing/io.ts';

let kube: FakeKube;
let folder = '';

beforeEach(async () => {
  kube = await startFakeKube();
  folder = await mkdtemp(path.join(os.tmpdir(), 'findings-'));
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', namespace: 'shop' } }],
    clusters: [{ name: 'c', cluster: { server: kube.access.server } }],
  };
  await writeFile(path.join(folder, 'config'), dump(config));
});

afterEach(async () => {
  await kube.close();
  await rm(folder, { recursive: true, force: true });
});

const put = (...findings: readonly StandingFinding[]): void => {
  for (const finding of findings) {
    const { metadata, ...rest } = finding;
    kube.put(resources.findings, { ...rest, metadata: { name: metadata.name, namespace: metadata.namespace } });
  }
};

const checkout = 'compiler-in-container-checkout-1a2b3c4d';
const shell = aFinding(
  { name: 'interactive-shell-ledger-22222222', namespace: 'bank', file: { team: 'ledger', dueDate: '2026-06-01' } },
  {
    behaviour: 'InteractiveShell',
    severity: 'Medium',
    subject: { reference: 'StatefulSet/ledger', kind: 'StatefulSet', name: 'ledger', namespace: 'bank', podsSeen: 1 },
    agents: ['tetragon'],
    rules: [],
    mitre: { techniques: ['T1059.004'] },
    quiet: {
      required: '24h',
      observedBefore: '2h',
      suspendedReason: 'AgentBlind',
      suspendedMessage: 'tetragon is not ready on worker-9',
    },
  },
);
const cgroups = aFinding(
  {
    name: 'outdated-cgroups-worker-3-33333333',
    namespace: 'workload-protection',
    file: { phase: 'Triaged', owner: 'ann' },
  },
  {
    behaviour: 'OutdatedCgroups',
    severity: 'Low',
    subject: { reference: 'Node/worker-3', kind: 'Node', name: 'worker-3', podsSeen: 0 },
    lastSeen: '2026-06-02T11:00:00Z',
  },
);
const verified: StandingFinding = { ...aVerifiedFinding(), metadata: { name: 'was-fixed', namespace: 'shop' } };

const all = (): void => put(aFinding(), shell, cgroups, verified);

const run = async (args: readonly string[], { isTTY = false, env = {} }: { isTTY?: boolean; env?: object } = {}) => {
  const io = anIo({ now, isTTY, env: { KUBECONFIG: path.join(folder, 'config'), ...env } });
  const code = await runCli(['findings', ...args], io);
  return { code, out: io.out(), err: io.err() };
};
const findings = (...args: readonly string[]) => run(args);

const stored = (name = checkout, namespace = 'shop') =>
  kube.cluster.get('workloadprotection.dev/findings', namespace, name) as unknown as StandingFinding;
const caseOf = (name = checkout): CaseFile => stored(name).spec.case;

const namesIn = (out: string): readonly string[] => out.trimEnd().split('\n').filter(Boolean);

describe('list', () => {
  test('shows the namespace of the context, and how to see more', async () => {
    all();
    const { code, out, err } = await findings('list');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'NAME                                     SEVERITY  BEHAVIOUR            SUBJECT              PHASE  CASE  OWNER  COUNT  LAST SEEN    CLEARS',
        'compiler-in-container-checkout-1a2b3c4d  High      CompilerInContainer  Deployment/checkout  Open   New   -      12     3 hours ago  in 21 hours',
        '',
      ].join('\n'),
    );
    expect(err).toBe('note: 1 resolved finding left out; --resolved shows them\n');
  });

  test('without a verb is the same', async () => {
    all();
    expect((await findings('-A')).out).toBe((await findings('list', '-A')).out);
  });

  test('has the worst first over all namespaces, and says where a clock stands still', async () => {
    all();
    const { out } = await findings('list', '-A');
    expect(namesIn(out).map((line) => line.split(/ +/)[1])).toEqual([
      'NAME',
      checkout,
      'interactive-shell-ledger-22222222',
      'outdated-cgroups-worker-3-33333333',
    ]);
    expect(out).toMatch(/ledger.*stands still: AgentBlind$/m);
  });

  test.each<readonly [readonly string[], readonly string[]]>([
    [['-n', 'bank'], [`bank/${shell.metadata.name}`]],
    [
      ['-n', 'b*,shop'],
      [`shop/${checkout}`, `bank/${shell.metadata.name}`],
    ],
    [
      ['-n', '!bank', '-A', '--severity', 'High,Low'],
      [`shop/${checkout}`, `workload-protection/${cgroups.metadata.name}`],
    ],
    [['-A', '--severity', 'high'], [`shop/${checkout}`]],
    [['-A', '--phase', 'Resolved'], ['shop/was-fixed']],
    [['-A', '--resolved', '--case-phase', 'Fixed'], ['shop/was-fixed']],
    [['-A', '--case-phase', 'Triaged'], [`workload-protection/${cgroups.metadata.name}`]],
    [['-A', '--behaviour', 'interactive*'], [`bank/${shell.metadata.name}`]],
    [['-A', '--workload', 'shop/Deployment/checkout'], [`shop/${checkout}`]],
    [['-A', '--workload', '!checkout', '--severity', 'Medium'], [`bank/${shell.metadata.name}`]],
    [['-A', '--node', 'worker-3'], [`workload-protection/${cgroups.metadata.name}`]],
    [['-A', '--node', 'worker-7', '--agent', 'falco'], [`shop/${checkout}`]],
    [['-A', '--team', 'ledger'], [`bank/${shell.metadata.name}`]],
    [['-A', '--team', 'payments', '--severity', 'High'], [`shop/${checkout}`]],
    [['-A', '--owner', 'ann'], [`workload-protection/${cgroups.metadata.name}`]],
    [['-A', '--rule', 'Compiler*', '--severity', 'High'], [`shop/${checkout}`]],
    [['-A', '--technique', 't1059'], [`bank/${shell.metadata.name}`]],
    [['-A', '--overdue'], [`bank/${shell.metadata.name}`]],
    [['-A', '--search', 'NOT READY'], [`bank/${shell.metadata.name}`]],
    [['-A', '--owner', 'nobody'], []],
  ])('%j leaves %j', async (args, expected) => {
    // A namespace that is named narrows all of them.
    all();
    const { code, out } = await findings('list', '-o', 'name', ...args);
    expect([code, namesIn(out)]).toEqual([0, expected]);
  });

  test('says only that they are left out, where all of them are resolved', async () => {
    put(aVerifiedFinding());
    const { out, err } = await findings('list');
    expect([out, err]).toEqual(['', 'note: 1 resolved finding left out; --resolved shows them\n']);
  });

  test('as JSON and YAML is a list of objects, as kubectl gives it', async () => {
    put(aFinding());
    const { out } = await findings('list', '-o', 'json');
    const document = JSON.parse(out) as { kind: string; items: readonly StandingFinding[] };
    expect(document).toMatchObject({ apiVersion: 'v1', kind: 'List' });
    expect(document.items[0]).toMatchObject({ kind: 'Finding', status: { count: 12 } });
    expect(load((await findings('list', '-o', 'yaml')).out)).toEqual(document);
  });

  test('as CSV has every column, and nothing that a spreadsheet would run', async () => {
    put(aFinding({ file: { remediation: '=HYPERLINK("http://evil")' } }));
    const [head = '', row = ''] = (await findings('list', '-o', 'csv')).out.split('\r\n');
    expect(head.split(',').slice(0, 4)).toEqual(['namespace', 'name', 'severity', 'behaviour']);
    expect(row).toContain(`"'=HYPERLINK(""http://evil"")"`);
  });

  test('together by behaviour, team or workload', async () => {
    all();
    const { out } = await findings('list', '-A', '--resolved', '--group-by', 'team', '-o', 'json');
    expect((JSON.parse(out) as { items: object }).items).toMatchObject([
      { group: 'payments', worst: 'High', findings: 3 - 1, open: 1, resolved: 1, overdue: 0, pods: 4 },
      { group: 'ledger', worst: 'Medium', findings: 1, open: 1, overdue: 1 },
      { group: 'no team', worst: 'Low', findings: 1 },
    ]);
    expect((await findings('list', '-A', '--group-by', 'workload', '-o', 'name')).out).toBe(
      'shop/Deployment/checkout\nbank/StatefulSet/ledger\nNode/worker-3\n',
    );
    expect((await findings('list', '-A', '--group-by', 'behaviour')).out).toMatch(/^CompilerInContainer +High +1 +1 /m);
  });

  test.each([
    ['High', ['-A'], 1],
    ['Critical', ['-A'], 0],
    ['Low', ['-A', '--phase', 'Resolved'], 0],
  ] as const)('--fail-on %s with %j ends with %i', async (severity, args, expected) => {
    all();
    expect((await findings('list', '--fail-on', severity, ...args)).code).toBe(expected);
  });

  test('colours only where there is a terminal and NO_COLOR is not set', async () => {
    all();
    expect((await run(['list', '-A'], { isTTY: true })).out).toContain('\u001B[31m');
    expect((await run(['list', '-A'], { isTTY: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001B[');
    expect((await run(['list', '-A', '--no-color'], { isTTY: true })).out).not.toContain('\u001B[');
  });

  test('with --watch shows a finding that comes', async () => {
    put(aFinding());
    const io = anIo({ now, env: { KUBECONFIG: path.join(folder, 'config') } });
    const watching = runCli(['findings', 'list', '-o', 'name', '-w'], io);
    await eventually(
      'the list',
      () => io.out(),
      (out) => out === `shop/${checkout}\n`,
    );
    await eventually(
      'the watch',
      () => kube.watches,
      (watches) => watches === 1,
    );
    put(aFinding({ name: 'another' }));
    await eventually(
      'the new one',
      () => io.out(),
      (out) => out.includes('shop/another'),
    );
    // It would go on until it is interrupted; a server that allows it no more ends it, too.
    kube.settings.forbidden.add('findings');
    kube.endWatches();
    expect(await watching).toBe(2);
  });

  test.each([
    ['forbidden', 'you may not read the findings of namespace shop'],
    ['absent', 'has no findings.workloadprotection.dev: install the operator there'],
  ] as const)('says what to do where the kind is %s', async (how, words) => {
    kube.settings[how].add('findings');
    const { code, err } = await findings('list');
    expect(code).toBe(2);
    expect(err).toContain(words);
  });

  test.each([
    [['list', '--technique', 'escape'], 'must be an ATT&CK technique'],
    [['list', '--severity', 'Awful'], 'must be one of Low, Medium, High, Critical'],
    [['nope'], 'there is no verb "nope" under it; there is list, show, assign'],
    [['show'], 'say which finding'],
    [['assign', 'x'], 'say what: --owner, --team, --due, --phase or --remediation'],
    [['assign', 'x', '--due', '2026-02-30'], 'must be a day such as'],
    [['note', 'x'], 'say which finding: kubectl protection findings note NAME... TEXT'],
    [['link', 'x', 'ftp://x'], 'must begin with http:// or https://'],
    [['accept', 'x', '--until', '90d'], 'say --until and --reason'],
    [['accept', 'x', '--until', '2026-01-01', '--reason', 'long enough'], 'end at 2026-01-01T00:00:00Z, which is past'],
    // The day of the test: it has begun, and is not over.
    [['accept', 'x', '--until', '2026-06-02', '--reason', 'long enough'], 'end at 2026-06-02T00:00:00Z, which is past'],
    [['fix', 'x', '--timeout', '0'], 'from 1 to 3600'],
  ] as const)('%j is refused before a cluster is asked', async (args, words) => {
    const { code, err } = await findings(...args);
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(kube.requests).toEqual([]);
  });
});

describe('show', () => {
  it('tells what, whose, evidence, quiet clock, what to do, case and history', async () => {
    put(
      aFinding({
        file: { owner: 'dana', dueDate: '2026-06-01', notes: [{ text: 'ours', author: 'dana', time: 'T' }] },
      }),
    );
    const { code, out } = await findings('show', checkout);
    expect(code).toBe(0);
    for (const line of [
      `Finding shop/${checkout}: Open, severity High`,
      /CompilerInContainer: A compiler or build tool ran in a container\./,
      /^ {2}Workload +shop\/Deployment\/checkout$/m,
      /^ {2}Container +app$/m,
      /^ {2}Pods +2 seen: checkout-1, checkout-2$/m,
      /^ {2}Events +12, the last 3 hours ago, the first 27 hours ago$/m,
      /^ {2}ATT&CK +TA0005 .*, T1027\.004 .*$/m,
      /gcc -o helper helper\.c/,
      /^ {2}3h of 24h observed without the behaviour; time counts while every node/m,
      /^ {2}It runs, and is over in 21 hours, at 2026-06-03T09:00:00Z/m,
      /^ {2}Build in one stage\.$/m,
      `$ kubectl protection findings fix shop/${checkout}`,
      /^ {2}Due +2026-06-01 \(overdue\)$/m,
      /^ {2}T dana\n {4}ours$/m,
      /^ {2}2026-06-01T09:00:05Z +Open +BehaviourSeen/m,
    ]) {
      expect(out).toMatch(line);
    }
  });

  it('says why the clock stands still, and what sets it going', async () => {
    put(shell);
    const { out } = await findings('show', `finding/bank/${shell.metadata.name}`.slice('finding/'.length));
    expect(out).toContain('It stands still: AgentBlind. tetragon is not ready on worker-9');
    expect(out).toContain('kubectl protection coverage says what is wrong with the agents there');
  });

  test.each([
    [
      '60%',
      { nodes: 3, of: 5 },
      'time counts while at least 60% of the nodes that run it have an agent at evidence Loaded or better.',
      'At present it would be heard on 3 of 5 nodes; 3 must hear it.',
    ],
    [
      '90%',
      { nodes: 2, of: 3 },
      'time counts while at least 90% of the nodes that run it have',
      'At present it would be heard on 2 of 3 nodes; all of them must hear it.',
    ],
    [
      undefined,
      { nodes: 0, of: 1 },
      'time counts while every node that runs it has',
      'At present it would be heard on 0 of 1 node; all of them must hear it.',
    ],
  ])('says how many nodes are asked for, %s, and how many hear', async (requiredNodes, heard, asked, present) => {
    const open = aFinding();
    if (open.status?.quiet === undefined) throw new Error('a finding without a clock');
    put({ ...open, status: { ...open.status, quiet: { ...open.status.quiet, requiredNodes, heard } } });
    const out = (await findings('show', checkout)).out.replace(/\s+/g, ' ');
    expect(out).toContain(asked);
    expect(out).toContain(present);
  });

  it('does not say that every node heard where a share of them was enough', async () => {
    const quiet = verified.status.quiet && { ...verified.status.quiet, requiredNodes: '60%' };
    put({ ...verified, status: { ...verified.status, quiet } });
    expect((await findings('show', 'was-fixed')).out.replace(/\s+/g, ' ')).toContain(
      'in which at least 60% of the nodes that ran it had an agent at evidence Loaded or better.',
    );
    expect((await findings('export', 'was-fixed', '-o', 'md')).out).toContain('on 60% of the nodes that ran it');
  });

  it('says what is missing where the time of a finding is over and its agents have yet to answer', async () => {
    const open = aFinding();
    if (open.status?.quiet === undefined) throw new Error('a finding without a clock');
    put({ ...open, status: { ...open.status, quiet: { ...open.status.quiet, clearsAt: '2026-06-02T11:59:00Z' } } });
    expect((await findings('show', checkout)).out).toMatch(
      /Its time was over .* ago, at 2026-06-02T11:59:00Z[.] Before it\s+clears, whoever\s+listens/,
    );
  });

  it('does not take for silence what nobody listened to since the operator is away', async () => {
    const open = aFinding();
    if (open.status?.quiet === undefined) throw new Error('a finding without a clock');
    put({ ...open, status: { ...open.status, quiet: { ...open.status.quiet, clearsAt: '2026-06-02T09:00:00Z' } } });
    const { out } = await findings('show', checkout);
    expect(out).toMatch(/It should have been over 3 hours ago, at 2026-06-02T09:00:00Z.*is it\s+running\?/s);
    expect(out).not.toContain('observed without the behaviour');
    expect((await findings('list', '-A')).out).toContain('stands still: nobody looks');
  });

  it('says who decided, and since when another image runs', async () => {
    const [, claimed, ...others] = verified.status.history ?? [];
    if (claimed === undefined) throw new Error('a fix that nobody claimed');
    const history = [{ ...claimed, actor: 'system:serviceaccount:shop:dana' }, ...others];
    put({ ...verified, status: { ...verified.status, history } });
    const { out } = await findings('show', 'was-fixed');
    expect(out).toMatch(/FixClaimed +system:serviceaccount:shop:dana +/);
    expect(out).toMatch(
      /^ {2}Runs now +registry[.]example[.]com.shop.checkout:12[.]0 on all pods since 2026-06-01T10:30:00Z$/m,
    );
    const record = await findings('export', 'was-fixed', '-o', 'md');
    expect(record.out).toMatch(
      /^- Image changed: from registry[.]example[.]com.shop.checkout:11[.]4 to registry[.]example[.]com.shop.checkout:12[.]0 on all pods since 2026-06-01T10:30:00Z$/m,
    );
    expect(record.out).toMatch(/[|] Open → Verifying [|] FixClaimed[.] [|] system:serviceaccount:shop:dana [|]/);
  });

  test.each([
    [
      'Verified',
      'Verified 60 minutes ago: the behaviour stayed away for 24h of 24h in which every node that ran it had an agent\n  at evidence Loaded or better.',
    ],
    ['Gone', 'Closed 60 minutes ago: the workload or node is gone, which proves nothing.'],
  ] as const)('does not confuse %s with the other', async (resolution, words) => {
    put({ ...verified, status: { ...verified.status, resolution } });
    expect((await findings('show', 'was-fixed')).out).toContain(words);
  });

  it('obeys nothing that an event says', async () => {
    put(aFinding({}, { evidence: [{ time: 'T', arguments: '\u001B[2Jgone\nFAKE' }] }));
    const { out } = await findings('show', checkout);
    expect(out).not.toContain('\u001B');
    expect(out).toContain('[2Jgone FAKE');
  });

  it('names what is near where there is no such finding', async () => {
    put(aFinding());
    const { code, err } = await findings('show', 'compiler-in-container');
    expect(code).toBe(2);
    expect(err).toContain(`namespace shop has no finding compiler-in-container; did you mean ${checkout}?`);
    expect(err).not.toContain('404');
  });

  it('says how a finding of another namespace is named, where there is none that is near', async () => {
    put(aFinding());
    const { err } = await findings('show', 'interactive-shell-x-1a2b3c4d');
    expect(err).toContain('one of another namespace is named with -n, or as NAMESPACE/NAME');
  });

  it('gives the object to programs', async () => {
    put(aFinding());
    const { out } = await findings('show', checkout, '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ kind: 'Finding', metadata: { name: checkout } });
    expect(load((await findings('show', checkout, '-o', 'yaml')).out)).toEqual(JSON.parse(out));
  });
});

describe('the case', () => {
  test('assign sets what is said and leaves the rest', async () => {
    put(aFinding({ file: { owner: 'old', notes: [{ text: 'kept' }] } }));
    const { code, out } = await findings(
      'assign',
      checkout,
      '--team',
      'payments',
      '--due',
      '14d',
      '--phase',
      'Triaged',
    );
    expect([code, out]).toEqual([0, `shop/${checkout}: team payments, dueDate 2026-06-16, phase Triaged\n`]);
    expect(caseOf()).toEqual({
      phase: 'Triaged',
      owner: 'old',
      team: 'payments',
      dueDate: '2026-06-16',
      notes: [{ text: 'kept' }],
    });
    await findings('assign', checkout, '--owner', '');
    expect(caseOf()).not.toHaveProperty('owner');
  });

  test('what the cluster warns of is shown, once for each that it says, and changes nothing about the answer', async () => {
    put(aFinding(), shell);
    const headers = { warning: '299 - "spec.case.dueDate: 2020-01-01 is past"' };
    kube.inject({ verb: 'patch', times: 2, fault: { answer: 200, headers, body: aFinding() } });
    const { code, out, err } = await findings('assign', checkout, `bank/${shell.metadata.name}`, '--due', '2020-01-01');
    expect([code, err]).toEqual([0, 'Warning: spec.case.dueDate: 2020-01-01 is past\n']);
    expect(namesIn(out)).toHaveLength(2);
  });

  test('several findings at once, of which one is not there', async () => {
    put(aFinding(), shell);
    const { code, out, err } = await findings(
      'assign',
      checkout,
      'missing',
      `bank/${shell.metadata.name}`,
      '--owner',
      'ann',
    );
    expect(code).toBe(2);
    expect(namesIn(out)).toEqual([`shop/${checkout}: owner ann`, `bank/${shell.metadata.name}: owner ann`]);
    expect(err).toContain('shop/missing: namespace shop has no finding missing');
  });

  test('note begins the list, and then adds to it, with nothing for the server to distrust', async () => {
    put(aFinding());
    expect((await findings('note', checkout, 'first')).code).toBe(0);
    expect((await findings('note', checkout, 'second')).code).toBe(0);
    expect(caseOf().notes).toEqual([{ text: 'first' }, { text: 'second' }]);
  });

  test('a first note loses none that another adds in the same moment', async () => {
    put(aFinding());
    kube.inject({ verb: 'patch', fault: { answer: 422, reason: 'Invalid' } });
    // Between our reading and our writing the object changes.
    kube.inject({ verb: 'patch', fault: { answer: 409, reason: 'Conflict' } });
    expect((await findings('note', checkout, 'mine')).code).toBe(0);
    expect(caseOf().notes).toEqual([{ text: 'mine' }]);
  });

  test('link adds a link with its title, and any verb a note', async () => {
    put(aFinding());
    await findings(
      'link',
      checkout,
      'https://tracker.example.com/PAY-421',
      '--title',
      'stages',
      '--note',
      'asked them',
    );
    expect(caseOf()).toMatchObject({
      links: [{ title: 'stages', url: 'https://tracker.example.com/PAY-421' }],
      notes: [{ text: 'asked them' }],
    });
  });

  test('link that is run again adds nothing, unless it has another title to say', async () => {
    const ticket = 'https://tracker.example.com/PAY-421';
    put(aFinding());
    await findings('link', checkout, ticket, '--title', 'stages');
    for (const again of [[], ['--title', 'stages']]) {
      expect((await findings('link', checkout, ticket, ...again)).out).toBe(
        `shop/${checkout}: ${ticket} is linked already\n`,
      );
    }
    await findings('link', checkout, ticket, '--title', 'two stages');
    expect(caseOf().links).toEqual([
      { title: 'stages', url: ticket },
      { title: 'two stages', url: ticket },
    ]);
  });

  test('accept has a reason and an end', async () => {
    put(aFinding());
    const { out } = await findings('accept', checkout, '--until', '2026-09-01', '--reason', 'a build image');
    expect(out).toBe(`shop/${checkout}: accepted until 2026-09-01T00:00:00Z\n`);
    expect(caseOf()).toEqual({
      phase: 'RiskAccepted',
      riskAcceptedUntil: '2026-09-01T00:00:00Z',
      riskAcceptedReason: 'a build image',
    });
  });

  test('reopen takes an acceptance back, and says where only an event opens it', async () => {
    put(
      aFinding({ file: { phase: 'RiskAccepted', riskAcceptedUntil: 'T', riskAcceptedReason: 'was fine' } }),
      verified,
    );
    expect((await findings('reopen', checkout)).out).toContain('the case is Triaged again');
    expect(caseOf()).toEqual({ phase: 'Triaged' });
    expect((await findings('reopen', 'was-fixed', '--phase', 'Remediating')).out).toContain(
      'stays resolved until the behaviour is seen again',
    );
  });

  test("tells a refusal in the server's words", async () => {
    put(aFinding());
    const message = 'notes of a finding are only ever added; none is changed, moved or removed';
    kube.inject({
      verb: 'patch',
      fault: { answer: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message } },
    });
    const { code, err } = await findings('assign', checkout, '--owner', 'ann');
    expect([code, err]).toEqual([2, `shop/${checkout}: 403 Forbidden: ${message}\n`]);
  });
});

describe('fix', () => {
  test('claims once', async () => {
    put(aFinding());
    const { out } = await findings('fix', checkout, '--remediation', 'image 12.0');
    expect(out).toBe(`shop/${checkout}: claimed as fixed\n`);
    expect(caseOf()).toEqual({ phase: 'Fixed', remediation: 'image 12.0' });
    const writes = kube.requests.filter(({ verb }) => verb === 'patch').length;
    expect((await findings('fix', checkout)).out).toContain('claimed already; it clears at 2026-06-03T09:00:00Z');
    expect(kube.requests.filter(({ verb }) => verb === 'patch')).toHaveLength(writes);
  });

  test('withdraws a claim that failed, waits until it is forgotten, and claims anew', async () => {
    const failed = aFinding(
      { file: { phase: 'Fixed' } },
      {
        fixedAt: '2026-06-01T10:00:00Z',
        conditions: [{ type: 'FixFailed', status: 'True', message: '' }],
      },
    );
    put(failed);
    const fixing = findings('fix', checkout);
    await eventually(
      'the claim withdrawn',
      () => caseOf().phase,
      (phase) => phase === 'Remediating',
    );
    const { fixedAt: _, ...status } = failed.status;
    // The operator takes the claim back.
    put({ ...failed, spec: { case: { phase: 'Remediating' } }, status });
    expect((await fixing).out).toBe(`shop/${checkout}: claimed as fixed anew\n`);
    expect(caseOf().phase).toBe('Fixed');
  });

  test('does not claim while the operator still remembers the earlier claim', async () => {
    put(aFinding({ file: { phase: 'Remediating' } }, { fixedAt: '2026-06-01T10:00:00Z' }));
    const { code, err } = await findings('fix', checkout, '--timeout', '1');
    expect(code).toBe(2);
    expect(err).toContain('the operator has not taken back the earlier claim within 1 s');
    expect(caseOf().phase).toBe('Remediating');
  });

  test('leaves alone what silence has proven', async () => {
    put(verified);
    expect((await findings('fix', 'was-fixed')).out).toContain('resolved already, at 2026-06-02T11:00:00Z');
  });
});

describe('export', () => {
  test('a record can be checked with nothing but its JSON', async () => {
    put(verified);
    const { out } = await findings('export', 'was-fixed', '--cluster-name', 'north');
    const { digest, exportedAt, ...record } = JSON.parse(out) as Readonly<Record<string, unknown>>;
    expect(exportedAt).toBe('2026-06-02T12:00:00.000Z');
    expect(digest).toBe(`sha256:${createHash('sha256').update(canonicalJson(record)).digest('hex')}`);
    expect(record).toMatchObject({
      kind: 'FindingAuditRecord',
      cluster: 'north',
      owned: { owner: 'dana@example.com', dueDate: '2026-06-15' },
      outcome: { resolution: 'Verified', resolvedAt: '2026-06-02T11:00:00Z' },
    });
  });

  test('the page says the same in words, and nothing that people wrote becomes markup', async () => {
    put({
      ...verified,
      spec: { case: { ...verified.spec.case, notes: [{ text: 'a | b\n# <script>x</script> [y](z)' }] } },
    });
    const { out } = await findings('export', 'was-fixed', '-o', 'md');
    expect(out).toContain('**Verified at 2026-06-02T11:00:00Z: the behaviour stayed away for 24h, counted only while');
    expect(out).toContain('- Owner: dana@example.com');
    expect(out).toContain(String.raw`a \| b \# \<script\>x\</script\> \[y\](z)`);
    const { digest } = JSON.parse((await findings('export', 'was-fixed')).out) as { digest: string };
    expect(out).toContain(`\`${digest}\``);
  });

  test('without names all that the filters leave, resolved ones too', async () => {
    all();
    const { out } = await findings('export', '-A');
    const list = JSON.parse(out) as { kind: string; items: readonly { finding: { name: string } }[] };
    expect(list.kind).toBe('FindingAuditRecordList');
    expect(list.items.map(({ finding }) => finding.name)).toEqual([
      checkout,
      shell.metadata.name,
      cgroups.metadata.name,
      'was-fixed',
    ]);
    const lines = namesIn((await findings('export', '-A', '-o', 'ocsf')).out).map((line) => JSON.parse(line) as object);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatchObject({ class_uid: 2004, activity_name: 'Close', status: 'Resolved' });
    expect((await findings('export', '-A', '-o', 'csv', '--severity', 'Low')).out.trimEnd().split('\r\n')).toHaveLength(
      2,
    );
  });

  test('what the operator has not come to yet is left out, and said', async () => {
    kube.put(resources.findings, { metadata: { name: 'new', namespace: 'shop' }, spec: { case: {} } });
    const { out, err } = await findings('export', '-o', 'ocsf');
    expect([out, err]).toEqual(['', 'note: 1 left out, which the operator has not come to yet\n']);
  });
});

describe('completion', () => {
  test.each<readonly [readonly string[], readonly string[]]>([
    [['findings', 'f'], ['fix']],
    [
      ['findings', 'list', '--group-by', ''],
      ['behaviour', 'team', 'workload'],
    ],
    [
      ['findings', 'list', '--phase', 'Open,R'],
      ['Open,Remediating', 'Open,Resolved', 'Open,RiskAccepted'],
    ],
    [['findings', '--behaviour', 'Comp'], ['CompilerInContainer']],
    [
      ['findings', 'export', '-o', ''],
      ['json', 'md', 'csv', 'ocsf'],
    ],
    [['findings', 'accept', '--u'], ['--until']],
  ])('%j is offered %j', (words, expected) => {
    expect(candidatesFor(verbs, words).candidates).toEqual(expected);
  });
});
