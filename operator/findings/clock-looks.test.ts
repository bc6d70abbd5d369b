import { describe, expect, test } from 'vitest';
import { hour } from './testing/world.ts';
import { leader } from './testing/leader.ts';

describe('a leader', () => {
  const ran = {
    quiet: { required: '24h', observedBefore: '23h', runningSince: '2026-09-21T00:00:00Z', evidence: 'Running' },
  };

  test('says that the one before it was away before anybody may say that it lives', async () => {
    const { keeper, writer, object, clock } = await leader(undefined, { status: ran });
    while (!keeper.mayClaimToLive()) await clock.advance(100);
    const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name === object.metadata.name);
    expect(written?.object).toMatchObject({
      status: {
        phase: 'Open',
        quiet: {
          observedBefore: '23h',
          suspendedReason: 'OperatorDown',
          suspendedMessage: 'the operator was away, and nobody heard what happened meanwhile',
        },
      },
    });
  });

  test('that stood still has observed nothing meanwhile', async () => {
    const { clock, writer } = await leader(undefined, { status: ran });
    const phases = (): readonly unknown[] =>
      writer.writes.flatMap(
        ({ object }) => (object as { status?: { phase?: string } } | undefined)?.status?.phase ?? [],
      );
    await clock.advance(120_000);
    clock.stall(30 * hour);
    await clock.advance(120_000);
    expect(phases()).not.toContain('Resolved');
    await clock.advance(hour);
    expect(phases()).toContain('Resolved');
  });
});
