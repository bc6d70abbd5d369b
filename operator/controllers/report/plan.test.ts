// What a report's status says of policies, rules and techniques, within the limits of the API.
import { describe, expect, test } from 'vitest';
import { coverageReportSchema } from '../../../crds/schema/coverage-report.ts';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { buildReport } from '../../../domain/coverage/report.ts';
import { aFalco, scraped } from '../../../domain/testing/agents.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aDaemonSet, aFalcoPod } from '../../../domain/testing/pods.ts';
import { minutes } from '../../../domain/testing/policies.ts';
import { aLoadedPolicy, aRule, saying } from '../../../domain/testing/telemetry.ts';
import type { LoadedPolicy } from '../../../domain/telemetry/types.ts';
import { findingsLeftOut, planReport } from './plan.ts';

const reportWith = (policies: readonly LoadedPolicy[]) => {
  const model = createCoverageModel();
  model.setAgents([aFalco({ telemetry: scraped })]);
  model.upsertDaemonSet(aDaemonSet());
  model.upsertNode(aNode());
  model.upsertPod(aFalcoPod());
  model.setTelemetry('node-1', 'falco', saying({ at: 10 * minutes, policies, policiesAre: 'Complete' }));
  model.evaluate(10 * minutes);
  const { content, aspects } = planReport(buildReport(model.tally, model.agents(), 0), 1, []);
  // As the API server takes it, with nothing lost.
  const stored = coverageReportSchema.parse({ metadata: { name: 'cluster' }, status: content });
  expect(stored.status).toMatchObject(content);
  return { status: stored.status, aspects };
};

describe('a status', () => {
  test('names policies, rules and techniques', () => {
    const rules = [aRule(), aRule({ name: 'off', status: 'Disabled', techniques: ['T1611'], message: 'noisy' })];
    const { status } = reportWith([aLoadedPolicy({ version: '3.1', source: 'OCI', type: 'ThreatDetection', rules })]);
    expect(status?.policies).toMatchObject([
      {
        name: 'rules.yaml',
        agent: 'falco',
        version: '3.1',
        source: 'OCI',
        status: 'Loaded',
        type: 'ThreatDetection',
        nodes: 1,
      },
    ]);
    expect(status?.rules).toMatchObject([
      { name: 'off', policy: 'rules.yaml', status: 'Disabled', message: 'noisy', nodes: 1 },
    ]);
    const techniques = (status?.attack?.tactics ?? []).flatMap((tactic) => tactic.techniques ?? []);
    expect(techniques.find(({ id }) => id === 'T1059.004')).toMatchObject({ rules: 1, nodes: 1 });
    expect(techniques.find(({ id }) => id === 'T1611')).toMatchObject({
      rules: 0,
      fillers: [{ rule: 'off', policy: 'rules.yaml', why: 'Disabled' }],
    });
  });

  test('keeps within the limits of the API, and says how much it leaves out', () => {
    const many = Array.from({ length: 400 }, (_, index) =>
      aLoadedPolicy({
        name: `${'n'.repeat(300)}${index}`,
        version: 'v'.repeat(200),
        rules: [aRule({ name: `${'r'.repeat(300)}${index}`, status: 'Failed', message: 'm'.repeat(900) })],
      }),
    );
    const { status } = reportWith(many);
    expect([status?.policies?.length, status?.policiesOmitted]).toEqual([300, 100]);
    expect([status?.rules?.length, status?.rulesOmitted]).toEqual([300, 100]);
  });
});

describe('identifiers that ATT&CK does not hold', () => {
  test('are a condition that names the policy', () => {
    const { status, aspects } = reportWith([aLoadedPolicy({ rules: [aRule({ techniques: ['T9999', 'nonsense'] })] })]);
    expect(aspects.find(({ type }) => type === 'AttackIdsKnown')).toMatchObject({
      status: 'False',
      reason: 'UnknownIds',
      message: expect.stringContaining('T9999 (rules.yaml of falco), nonsense (rules.yaml of falco)') as unknown,
    });
    expect(status?.attack?.unknown?.map(({ id }) => id)).toEqual(['T9999', 'nonsense']);
  });

  test('are no condition where there are none', () => {
    expect(reportWith([aLoadedPolicy({ rules: [aRule()] })]).aspects.map(({ type }) => type)).toEqual([
      'Ready',
      'Complete',
    ]);
  });
});

describe('findings that were not made', () => {
  test('are a condition that names the first few namespaces', () => {
    const namespaces = Array.from({ length: 100 }, (_, index) => `team-${index}`);
    const [aspect] = findingsLeftOut({ full: namespaces, refused: [] });
    expect(aspect).toMatchObject({ type: 'FindingsComplete', status: 'False', reason: 'NamespaceFull' });
    expect(aspect?.message).toMatch(/team-0, .* and \d+ more\. .*--findings-per-namespace/);
    expect(aspect?.message.length).toBeLessThan(2048);
  });

  test('are a condition with the words of the API server where it refuses to store them', () => {
    const refused = Array.from({ length: 50 }, (_, index) => ({
      finding: `shop/f-${index}`,
      message: 'x'.repeat(300),
    }));
    const [aspect] = findingsLeftOut({ full: ['team-1'], refused });
    expect(aspect).toMatchObject({ type: 'FindingsComplete', status: 'False', reason: 'FindingsRefused' });
    expect(aspect?.message).toMatch(/store finding shop\/f-0: x+\..* 47 more are refused\. .* in team-1\. /);
    expect(aspect?.message.length).toBeLessThan(2048);
  });

  test('are no condition where all were made', () => {
    expect(findingsLeftOut({ full: [], refused: [] })).toEqual([]);
  });
});
