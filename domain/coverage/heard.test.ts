import { describe, expect, test } from 'vitest';
import { createTelemetryBook } from '../telemetry/book.ts';
import type { InstanceTelemetry } from '../telemetry/types.ts';
import { aFalco, scraped } from '../testing/agents.ts';
import { minutes } from '../testing/policies.ts';
import { saying, silent } from '../testing/telemetry.ts';
import { hear, isLost, stepsOf } from './heard.ts';

const instanceOf = (telemetry: InstanceTelemetry | undefined) =>
  createTelemetryBook().set('n1', 'falco', telemetry).after;

const steps = stepsOf([{ telemetryMaxAge: 5 * minutes, maxDropRatio: 0.004 }]);
const falco = aFalco({ telemetry: scraped });

describe('how old the last words are', () => {
  test.each([
    ['fresh', 2, 0, 3],
    ['just before staleAfter', 2.999, 0, 3],
    ['at staleAfter', 3, 3, 5],
    ['at what a policy takes', 5, 5, 9],
    ['at three times staleAfter', 9, 9, Number.POSITIVE_INFINITY],
    ['long ago', 600, 9, Number.POSITIVE_INFINITY],
    ['of the future', -1, 0, 3],
  ])('is told in steps: %s', (_, age, olderThan, validUntil) => {
    const heard = hear(falco, instanceOf(saying({ at: 0 })), steps, age * minutes);
    expect(heard.heard?.olderThan).toBe(olderThan * minutes);
    expect(heard.validUntil).toBe(validUntil * minutes);
  });

  test('is too old from three times staleAfter', () => {
    const at = (age: number) => hear(falco, instanceOf(saying({ at: 0 })), steps, age * minutes).heard;
    expect([8.9, 9].map((age) => isLost(at(age) ?? expect.fail('it is heard')))).toEqual([false, true]);
  });
});

describe('what is heard', () => {
  test('is nothing of an agent that nobody asks', () => {
    expect(hear(aFalco(), undefined, steps, 0)).toEqual({ heard: undefined, validUntil: Number.POSITIVE_INFINITY });
  });

  test('is that it was never asked, where it should be', () => {
    expect(hear(falco, undefined, steps, 0).heard).toMatchObject({
      isConfigured: true,
      isAsked: false,
      hasAnswered: false,
    });
  });

  test('is since when it is asked in vain, and why', () => {
    expect(hear(falco, instanceOf(silent(7, 'refused')), steps, 10).heard).toMatchObject({
      isAsked: true,
      askedSince: 7,
      hasAnswered: false,
      failure: 'refused',
    });
  });

  test('is no failure while its last words are fresh', () => {
    const heard = (at: number) => hear(falco, instanceOf(saying({ at: 0 }, 'refused')), steps, at).heard;
    expect(heard(minutes)).toMatchObject({ askedSince: undefined, failure: undefined });
    expect(heard(3 * minutes)).toMatchObject({ failure: 'refused' });
  });

  test.each([
    ['nothing', { lost: 0, total: 100 }, []],
    ['some of an unknown total', { lost: 1 }, [{ where: 'buffer', moreThan: undefined }]],
    ['some of none', { lost: 1, total: 0 }, [{ where: 'buffer', moreThan: undefined }]],
    ['hardly any', { lost: 1, total: 1_000_000 }, [{ where: 'buffer', moreThan: 0 }]],
    ['as much as a step', { lost: 1, total: 100 }, [{ where: 'buffer', moreThan: 0.004 }]],
    ['as much as a policy allows', { lost: 4, total: 1000 }, [{ where: 'buffer', moreThan: 0.001 }]],
    ['more than a policy allows', { lost: 41, total: 10_000 }, [{ where: 'buffer', moreThan: 0.004 }]],
    ['all', { lost: 5, total: 5 }, [{ where: 'buffer', moreThan: 0.5 }]],
  ])('is %s lost by the step that the loss has passed', (_, drops, losses) => {
    const instance = instanceOf(saying({ drops: [{ ...drops, where: 'buffer' }] }));
    expect(hear(falco, instance, steps, 0).heard?.losses).toEqual(losses);
  });
});
