import { describe, expect, test } from 'vitest';
import type { AgentStanding } from '../../../domain/coverage/agent-standing.ts';
import { aFalco, scraped } from '../../../domain/testing/agents.ts';
import type { ScrapeStanding } from '../../telemetry/standing.ts';
import { declarationAspects, telemetryAspect, writtenScrape } from './telemetry.ts';

const falco = aFalco({ telemetry: scraped });

const standing = (working: number, speaking: number): AgentStanding => ({
  found: working,
  ready: working,
  nodes: working,
  telemetry: { working, speaking },
  versions: [],
  daemonSets: [],
});

const scrapes = (overrides: Partial<ScrapeStanding> = {}): ScrapeStanding => ({
  asked: 0,
  failing: 0,
  examples: [],
  hints: [],
  ...overrides,
});

const refused = { node: 'node-7', pod: 'falco/falco-abc', words: 'connection refused', pods: 12 };

describe('TelemetryAvailable', () => {
  test.each([
    [
      'is False where it is off, with the setting that switches it on',
      aFalco(),
      standing(3, 0),
      scrapes(),
      {
        status: 'False',
        reason: 'NotConfigured',
        message:
          'Nothing is known of falco beyond its pods, since its telemetry is off. Switch it on: kubectl edit pagent falco (spec.telemetry.mode: Scrape where it serves metrics, Push where it posts events).',
      },
    ],
    [
      'is Unknown where nobody is there to be asked',
      falco,
      undefined,
      scrapes(),
      { status: 'Unknown', reason: 'NobodyToAsk', message: 'No pod of it is ready, so nobody can be asked.' },
    ],
    [
      'is False where some do not answer, with why',
      falco,
      standing(300, 288),
      scrapes({ asked: 300, failing: 12, examples: [refused] }),
      {
        status: 'False',
        reason: 'NotAnswering',
        message: '288 of 300 nodes have reported lately: connection refused (12 pods)',
      },
    ],
    [
      'is False where some have not reported, whatever was asked',
      falco,
      standing(300, 288),
      scrapes(),
      { status: 'False', reason: 'NotAnswering', message: '288 of 300 nodes have reported lately.' },
    ],
    [
      'is False where a setting would let them say more',
      falco,
      standing(2, 2),
      scrapes({ asked: 2, hints: [{ hint: 'set metrics.enabled=true', pods: 1 }] }),
      {
        status: 'False',
        reason: 'SettingsMissing',
        message: '2 of 2 nodes have reported lately, and could say more: set metrics.enabled=true (1 pod)',
      },
    ],
    [
      'is True where all speak',
      falco,
      standing(2, 2),
      scrapes({ asked: 2 }),
      { status: 'True', reason: 'Reporting', message: '2 of 2 nodes have reported lately.' },
    ],
  ])('%s', (_, agent, found, scrape, expected) => {
    expect(telemetryAspect(agent, found, scrape)).toEqual({ type: 'TelemetryAvailable', ...expected });
  });
});

test('failures are told with a pod and a node of each, and cut to length', () => {
  const long = { ...refused, words: 'x'.repeat(600), pods: 1 };
  const { attempted, failures, examples } = writtenScrape(
    scrapes({ asked: 300, failing: 13, examples: [refused, long] }),
  );
  expect([attempted, failures]).toEqual([300, 13]);
  expect(examples?.[0]).toBe('falco/falco-abc on node-7: connection refused (12 pods)');
  expect(examples?.[1]?.length).toBeLessThanOrEqual(512);
});

test('what keeps declarations from being read is a condition of its own, and none where nothing does', () => {
  expect(declarationAspects([])).toEqual([]);
  expect(declarationAspects(['Rules of a.yaml cannot be parsed.', 'b.yaml is too large.'])).toEqual([
    {
      type: 'DeclarationsReadable',
      status: 'False',
      reason: 'NotWholly',
      message: 'Rules of a.yaml cannot be parsed. b.yaml is too large.',
    },
  ]);
});
