// What annotations that break the glass come to at the cluster's door. They change no verdict: the workload runs unprotected all the same.
import type { Policy } from '../../domain/types.ts';
import { breakGlassOf } from '../../facts/break-glass.ts';
import type { CheckResult } from './result.ts';
import type { Workload } from './workloads.ts';

/** The end of a sentence that begins with "its break-glass"; undefined where it asks for none. */
export const wordBreakGlass = (
  { pod }: Workload,
  { policies: judged }: Pick<CheckResult, 'policies'>,
  policies: readonly Policy[],
  now: number,
): string | undefined => {
  const asked = breakGlassOf(pod);
  if (asked === undefined) return undefined;
  if (!asked.ok) return `does not hold: ${asked.problem}`;
  const until = new Date(asked.value.until).toISOString();
  if (asked.value.until <= now) return `does not hold: its end, ${until}, is past`;
  const forbidding = policies.filter(
    ({ name, admission }) =>
      admission.mode === 'Deny' && admission.breakGlass === 'Forbidden' && judged.some((each) => each.name === name),
  );
  return forbidding.length > 0
    ? `does not help: WorkloadPolicy ${forbidding.map(({ name }) => name).join(', ')} forbids it`
    : `holds until ${until}: what is refused for its pods is let in until then`;
};
