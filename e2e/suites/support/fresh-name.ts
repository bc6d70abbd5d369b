// A test that is tried again meets what its first try left behind: under names of its own it makes everything anew.
import { randomBytes } from 'node:crypto';

export const freshName = (base: string): string => `${base}-${randomBytes(3).toString('hex')}`;
