import { describe, expect, test } from 'vitest';
import { aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aDaemonSet, aPod } from '../testing/pods.ts';
import { minutes } from '../testing/policies.ts';
import { createCoverageModel, type CoverageModel } from './model.ts';
import { buildReport, type Report } from './report.ts';

const late = 1000 * minutes;
const keyOf = (app: string): string => `${aPod().namespace}/Pod/${app}`;

/** Two nodes that Falco cannot get onto, each for a reason of its own, with a pod each. */
const aFleet = (): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents([aFalco()]);
  model.upsertDaemonSet(aDaemonSet());
  for (const name of ['a', 'b']) {
    model.upsertNode(aNode({ name: `node-${name}`, taints: [aTaint(`pool=${name}:NoSchedule`)] }));
    model.upsertPod(aPod({ name: `app-${name}`, node: `node-${name}` }));
  }
  model.evaluate(late);
  return model;
};

const gapsOf = (model: CoverageModel): Report['gaps'] => buildReport(model.tally, model.agents(), 0).gaps;
const poolsOf = (model: CoverageModel): readonly (string | undefined)[] =>
  gapsOf(model).map(({ cause }) => /pool=(\w)/.exec(cause)?.[1]);

describe('a workload with open findings', () => {
  test('comes first among gaps that are alike', () => {
    const model = aFleet();
    expect(poolsOf(model)).toEqual(['a', 'b']);
    expect(model.setOpenFindings(new Set([keyOf('app-b')]))).toBe(true);
    expect(model.evaluate(late).workloads).toEqual([keyOf('app-b')]);
    expect(poolsOf(model)).toEqual(['b', 'a']);
    expect(gapsOf(model).map(({ risks }) => risks)).toEqual([['OpenFindings'], []]);
  });

  test('is as any other once they are resolved', () => {
    const model = aFleet();
    model.setOpenFindings(new Set([keyOf('app-b')]));
    model.evaluate(late);
    expect(model.setOpenFindings(new Set())).toBe(true);
    model.evaluate(late);
    expect(poolsOf(model)).toEqual(['a', 'b']);
  });

  test('is looked at anew only where it is another', () => {
    const model = aFleet();
    model.setOpenFindings(new Set([keyOf('app-b'), 'elsewhere/Pod/gone']));
    model.evaluate(late);
    expect(model.setOpenFindings(new Set(['elsewhere/Pod/gone', keyOf('app-b')]))).toBe(false);
    expect(model.evaluate(late).workloads).toEqual([]);
  });
});
