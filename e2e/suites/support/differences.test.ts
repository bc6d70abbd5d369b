import { expect, test } from 'vitest';
import { isProtected, type Expectation } from '../../fleet/expectation.ts';
import { differences } from './differences.ts';
import type { Verdict } from './verdicts.ts';

const tainted: Expectation = {
  state: 'NoAgent',
  reason: 'AgentMissing',
  causeContains: ['dedicated=gpu'],
  remedyContains: ['toleration'],
};
const whole: Verdict = { state: 'Protected', evidence: 'Running', reasons: [], agents: [] };
const reason = {
  reason: 'AgentMissing',
  cause: 'dedicated=gpu is not tolerated',
  remedy: 'add the toleration',
} as const;
const missing: Verdict = { state: 'NoAgent', reasons: [reason], agents: [] };

test.each<[string, Expectation, Verdict | undefined, string | undefined]>([
  ['a protected asset that is protected is right', isProtected, whole, undefined],
  ['a gap with its reason, cause and remedy is right', tainted, missing, undefined],
  ['an asset that no slice has', isProtected, undefined, 'is in no slice'],
  ['another state', isProtected, missing, 'is NoAgent, not Protected (AgentMissing: dedicated=gpu is not tolerated)'],
  ['a reason where there should be none', isProtected, { ...whole, reasons: [reason] }, 'has AgentMissing'],
  ['another reason', { ...tainted, reason: 'SandboxedRuntime' }, missing, 'has the reason AgentMissing'],
  [
    'the declared reason besides another one',
    tainted,
    { ...missing, reasons: [{ ...reason, cause: 'elsewhere' }, reason] },
    undefined,
  ],
  ['no reason at all', tainted, { ...missing, reasons: [] }, 'has no reason, not AgentMissing'],
  ['a cause that lacks a piece', { ...tainted, causeContains: ['arm64'] }, missing, 'lacks "arm64"'],
  ['a remedy that lacks a piece', { ...tainted, remedyContains: ['nodeSelector'] }, missing, 'lacks "nodeSelector"'],
])('%s', (_, expected, seen, fault) => {
  const found = differences(new Map([['x', expected]]), new Map(seen === undefined ? [] : [['x', seen]]));
  if (fault === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringContaining(fault)]);
});
