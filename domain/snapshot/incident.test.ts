import { describe, expect, test } from 'vitest';
import { answerIncident, type IncidentAnswer } from './incident.ts';
import type { Standing, StandingReason, Standings } from './standing.ts';

const because = (reason: string, cause = `${reason} it is`): StandingReason => ({ reason, cause, remedy: 'mend it' });
const stands = (state: string, ...reasons: readonly StandingReason[]): Standing => ({ state, reasons, agents: [] });
const well = stands('Protected');
const blind = stands('NoAgent', because('AgentMissing'));
const web = 'shop/Deployment/web';

const of = (workloads: Record<string, Standing>, nodes: Record<string, Standing> = {}): Standings => ({
  nodes: new Map(Object.entries(nodes)),
  workloads: new Map(Object.entries(workloads)),
});
const images = (entries: Record<string, readonly string[]>): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(Object.entries(entries).map(([name, repositories]) => [name, new Set(repositories)]));

const ask = (before: Standings, after: Standings, repositories = images({})): IncidentAnswer =>
  answerIncident(before, after, { kind: 'workload', name: web, repositories });
const told = ({ assets }: IncidentAnswer): readonly string[] =>
  assets.map(({ kind, name, likeness, closure }) => `${closure} ${kind}/${name} ${likeness.join('+')}`);

describe('the exploited workload', () => {
  test.each<readonly [string, Standing, Standing | undefined, IncidentAnswer['verdict'], string]>([
    ['is protected now', blind, well, 'Closed', 'Closed'],
    ['is protected with another blemish', blind, stands('Warning', because('AgentOutdated')), 'Closed', 'Closed'],
    ['stands as it stood', blind, blind, 'Open', 'Open'],
    [
      'has the same reason by another cause',
      blind,
      stands('NoAgent', because('AgentMissing', 'a taint')),
      'Open',
      'Open',
    ],
    ['is unprotected for another reason', blind, stands('Failed', because('AgentNotReady')), 'Open', 'Open'],
    [
      'was merely blemished, and still is',
      stands('Warning', because('EventsDropped')),
      stands('Warning', because('EventsDropped')),
      'Open',
      'Open',
    ],
    ['is exempt, which closes nothing', blind, stands('Exempt'), 'Open', 'Exempt'],
    ['is gone', blind, undefined, 'Closed', 'Gone'],
    ['does not run any more', blind, stands('NotRunning'), 'Closed', 'Gone'],
    ['had no gap', well, well, 'NoGap', 'Closed'],
  ])('%s', (_, before, after, verdict, closure) => {
    const answer = ask(of({ [web]: before }), of(after === undefined ? {} : { [web]: after }));
    expect(answer.verdict).toBe(verdict);
    expect(answer.gap).toEqual(before.reasons);
    expect(told(answer)).toEqual([`${closure} workload/${web} Exploited`]);
  });

  test('was not there: nothing can be told', () => {
    expect(ask(of({}), of({ [web]: well }))).toEqual({ verdict: 'Unknown', gap: [], assets: [] });
  });
});

describe('what is like it', () => {
  test('shares an image repository, or had the same reason and cause, or has it now; nodes as well', () => {
    const before = of(
      { [web]: blind, 'a/Deployment/same-gap': blind, 'b/Job/other': well },
      { 'node-1': blind, 'node-2': well },
    );
    const after = of(
      {
        [web]: well,
        'a/Deployment/same-gap': well,
        'c/Deployment/same-image': blind,
        'd/Deployment/new': blind,
        'b/Job/other': well,
      },
      { 'node-1': blind, 'node-2': well },
    );
    const repositories = images({
      [web]: ['registry.example.com/web', 'registry.example.com/proxy'],
      'c/Deployment/same-image': ['registry.example.com/proxy'],
      'b/Job/other': ['registry.example.com/batch'],
      'not/in/either': ['registry.example.com/web'],
    });
    const answer = ask(before, after, repositories);
    expect(answer.verdict).toBe('Open');
    expect(told(answer)).toEqual([
      `Closed workload/${web} Exploited`,
      'Open node/node-1 SameGap',
      'Open workload/c/Deployment/same-image SameImage+SameGap',
      'Open workload/d/Deployment/new SameGap',
      'Closed workload/a/Deployment/same-gap SameGap',
    ]);
  });

  test('is closed only when all of it is', () => {
    const before = of({ [web]: blind, other: blind });
    expect(ask(before, of({ [web]: well, other: blind })).verdict).toBe('Open');
    expect(ask(before, of({ [web]: well, other: well })).verdict).toBe('Closed');
    expect(ask(before, of({ [web]: well })).verdict).toBe('Closed');
  });
});

test('a node can be exploited as well', () => {
  const answer = answerIncident(of({ [web]: blind }, { 'node-1': blind }), of({ [web]: well }, { 'node-1': well }), {
    kind: 'node',
    name: 'node-1',
    repositories: images({}),
  });
  expect(answer.verdict).toBe('Closed');
  expect(told(answer)).toEqual(['Closed node/node-1 Exploited', `Closed workload/${web} SameGap`]);
});
