// A label whose name a user chose: `constructor` is one like any other.
import type { Sample } from '../exposition.ts';

/** Undefined where it is empty, which to Prometheus is the same as not there. */
export const labelOf = ({ labels }: Sample, label: string | undefined): string | undefined => {
  const value = label !== undefined && Object.hasOwn(labels, label) ? labels[label] : undefined;
  return value === '' ? undefined : value;
};
