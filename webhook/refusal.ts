// An object that is not valid: every fault at once, in words for a person and by field for a program.
import type { FieldCause, Ruling } from './review.ts';

/** `subject`: what is not valid, such as `WorkloadPolicy baseline`. */
export const refusalOf = (subject: string, errors: readonly FieldCause[]): Ruling => {
  const said = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return { allowed: false, code: 422, message: `${subject} is not valid: ${said}`, causes: errors, verdict: 'Refused' };
};
