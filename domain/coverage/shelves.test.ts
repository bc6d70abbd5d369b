import { array, assert, constantFrom, nat, property } from 'fast-check';
import { expect, test } from 'vitest';
import { createShelves, placeOf } from './shelves.ts';

test('each place, of few or of more than there are shelves, holds what was put there and not taken away', () => {
  assert(
    property(array(nat(2 ** 32 - 1)), array(nat(2 ** 32 - 1)), constantFrom(1, 4, 256, 1024), (kept, gone, count) => {
      const shelves = createShelves<{ readonly hash: number }>();
      const assets = kept.map((hash) => ({ hash }));
      const others = gone.map((hash) => ({ hash }));
      for (const asset of [...assets, ...others]) shelves.add(asset);
      for (const asset of others) shelves.remove(asset);
      for (const index of new Set([...kept, ...gone].map((hash) => placeOf(hash, count))))
        expect(new Set(shelves.at(index, count))).toEqual(
          new Set(assets.filter(({ hash }) => placeOf(hash, count) === index)),
        );
    }),
  );
});
