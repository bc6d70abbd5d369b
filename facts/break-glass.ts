// The annotations by which a pod, or a template of pods, asks to be let through unprotected in an emergency.
import { instantText } from '../crds/schema/fields.ts';
import type { BreakGlass } from '../domain/types.ts';
import { object, text } from './read.ts';

export const breakGlassAnnotation = 'workloadprotection.dev/break-glass';
export const breakGlassUntilAnnotation = 'workloadprotection.dev/break-glass-until';

export type BreakGlassRequest =
  /** `problem`: what is wrong with it, as the end of a sentence. */
  { readonly ok: true; readonly value: BreakGlass } | { readonly ok: false; readonly problem: string };

/** As in the exemptions of policies, which are written with more leisure. */
export const shortestReason = 8;
export const longestReason = 1024;

/** Undefined where neither annotation is there. Whether the end is past is for those who know the hour. */
export const breakGlassOf = (raw: unknown): BreakGlassRequest | undefined => {
  const { annotations: written } = object(object(raw).metadata);
  // Nearly every pod.
  if (written === undefined) return undefined;
  const annotations = object(written);
  const [reason, until] = [annotations[breakGlassAnnotation], annotations[breakGlassUntilAnnotation]];
  if (reason === undefined && until === undefined) return undefined;
  const problem = problemWith(text(reason), text(until));
  return problem === undefined
    ? { ok: true, value: { reason: text(reason).trim(), until: Date.parse(text(until)) } }
    : { ok: false, problem };
};

const problemWith = (reason: string, until: string): string | undefined => {
  if (reason.trim().length < shortestReason) return `its reason is shorter than ${shortestReason} characters`;
  if (reason.length > longestReason) return `its reason is longer than ${longestReason} characters`;
  if (until === '') return `${breakGlassUntilAnnotation} is missing`;
  return instantText.safeParse(until).success ? undefined : `"${until.slice(0, 40)}" is no time`;
};
