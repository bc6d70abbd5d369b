import { describe, expect, it } from 'vitest';
import { breakGlassAnnotation, breakGlassOf, breakGlassUntilAnnotation } from './break-glass.ts';

const until = '2027-03-01T00:00:00Z';
const annotated = (annotations: unknown) => breakGlassOf({ metadata: { annotations } });

describe('breaking the glass', () => {
  it('needs a reason and an end', () => {
    const annotations = { [breakGlassAnnotation]: ' the shop is down ', [breakGlassUntilAnnotation]: until };
    expect(annotated(annotations)).toEqual({
      ok: true,
      value: { reason: 'the shop is down', until: Date.UTC(2027, 2, 1) },
    });
  });

  it.each<[string, unknown]>([
    ['nothing is annotated', undefined],
    ['something else is', { 'example.com/break-glass': 'x' }],
    ['annotations are no object', 'x'],
  ])('is not asked for where %s', (_, annotations) => {
    expect(annotated(annotations)).toBeUndefined();
  });

  it.each<[string, unknown, unknown, string]>([
    ['without a reason', undefined, until, 'its reason is shorter than 8 characters'],
    ['with a reason that says nothing', 'fix', until, 'its reason is shorter than 8 characters'],
    ['with a novel', 'x'.repeat(1025), until, 'its reason is longer than 1024 characters'],
    ['without an end', 'the shop is down', undefined, `${breakGlassUntilAnnotation} is missing`],
    ['with a duration', 'the shop is down', '2h', '"2h" is no time'],
    ['with a day that there is not', 'the shop is down', '2027-02-30T00:00:00Z', '"2027-02-30T00:00:00Z" is no time'],
    ['with what is no text', 'the shop is down', 7, `${breakGlassUntilAnnotation} is missing`],
  ])('is refused %s', (_, reason, end, problem) => {
    expect(annotated({ [breakGlassAnnotation]: reason, [breakGlassUntilAnnotation]: end })).toEqual({
      ok: false,
      problem,
    });
  });
});
