// Thousands of nodes say the same of their policies: what they say is held once.
import { hash } from 'node:crypto';
import type { LoadedPolicy, Reading } from '../../domain/telemetry/types.ts';
import { createWeakPool } from '../../facts/weak-pool.ts';

/** A reading like the given one, whose policies are the same object in all readings that say the same. */
export const createSharing = (): ((reading: Reading) => Reading) => {
  const pool = createWeakPool<readonly LoadedPolicy[]>();
  return (reading) => {
    const { policies } = reading;
    if (policies === undefined) return reading;
    return { ...reading, policies: pool.get(hash('sha256', JSON.stringify(policies), 'base64'), () => policies) };
  };
};
