import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageChangeOf, imagesNow, isSameChange, type ImageChange, type RunningImage } from './image-change.ts';

const [a, b] = ['sha256:aaaa', 'sha256:bbbb'];
const run = (image: string, digest?: string): RunningImage => ({ image, digest });
const seenIn = (image: string | undefined, digest?: string) => ({ image, digest });
const before: ImageChange = { from: 'app:11', to: ['app:12'], pods: 2, since: 5 };

describe('an image', () => {
  it.each<[string, ReturnType<typeof seenIn>, readonly RunningImage[], Partial<ImageChange> | undefined]>([
    ['is the same while all run it', seenIn('app:11'), [run('app:11'), run('app:11')], undefined],
    ['is the same while one runs it', seenIn('app:11'), [run('app:12'), run('app:11')], undefined],
    ['changed once all run another', seenIn('app:11'), [run('app:12'), run('app:12')], { to: ['app:12'], pods: 2 }],
    ['changed to several', seenIn('app:11'), [run('app:13'), run('app:12')], { to: ['app:12', 'app:13'] }],
    ['is not told where it never was known', seenIn(undefined), [run('app:12')], undefined],
    [
      'changed under its tag, as digests tell',
      seenIn('app:latest', a),
      [run('app:latest', b)],
      { from: `app:latest@${a}`, to: [`app:latest@${b}`] },
    ],
    ['is the same under its tag, as digests tell', seenIn('app:latest', a), [run('app:latest', a)], undefined],
    ['is taken for the same where a digest is not known', seenIn('app:latest', a), [run('app:latest')], undefined],
    [
      'is taken for the same where its own digest is not known',
      seenIn('app:latest'),
      [run('app:latest', b)],
      undefined,
    ],
    [
      'is the same while the digest of one is not known',
      seenIn('app:1', a),
      [run('app:1', b), run('app:1')],
      undefined,
    ],
  ])('%s', (_, seen, running, expected) => {
    const change = imageChangeOf(seen, running, undefined, 7);
    if (expected === undefined) expect(change).toBeUndefined();
    else expect(change).toMatchObject({ since: 7, ...expected });
  });

  it('stays as it was while nothing runs', () => {
    expect(imageChangeOf(seenIn('app:11'), [], before, 9)).toBe(before);
    expect(imageChangeOf(seenIn('app:11'), [], undefined, 9)).toBeUndefined();
  });

  it('changed when it was first found so, and not when another followed', () => {
    expect(imageChangeOf(seenIn('app:11'), [run('app:13')], before, 9)).toMatchObject({ to: ['app:13'], since: 5 });
    expect(imageChangeOf(seenIn('app:12'), [run('app:13')], before, 9)).toMatchObject({ since: 9 });
  });

  it('is worth a write when it is another, and not when there are more pods of it', () => {
    expect(isSameChange(before, { ...before, pods: 3 })).toBe(true);
    expect(isSameChange(before, { ...before, to: ['app:13'] })).toBe(false);
    expect(isSameChange(before, undefined)).toBe(false);
  });

  it('is named in a sentence', () => {
    expect([['x'], ['x', 'y'], ['x', 'y', 'z']].map((to) => imagesNow({ to }))).toEqual(['x', 'x and y', 'x, y and z']);
  });

  const anImage = fc.record({
    image: fc.constantFrom('app:1', 'app:2', 'app:3'),
    digest: fc.constantFrom(undefined, a, b),
  });

  it('never counts as changed while any pod may run the very one in which the behaviour was seen', () => {
    fc.assert(
      fc.property(anImage, fc.array(anImage, { minLength: 1 }), (seen, running) => {
        const mayBe = running.some(
          ({ image, digest }) =>
            image === seen.image && (digest === undefined || seen.digest === undefined || digest === seen.digest),
        );
        expect(imageChangeOf(seen, running, before, 0) === undefined).toBe(mayBe);
      }),
    );
  });
});
