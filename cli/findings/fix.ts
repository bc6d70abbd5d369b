// `findings fix NAME…`: claims a fix, which silence then proves or refutes.
import { sleep, systemClock } from '../../kube/clock.ts';
import type { FindingObject } from '../../domain/findings/finding-object.ts';
import type { FlagTable } from '../flags/table.ts';
import { UsageError } from '../verb.ts';
import { caseVerb, mergeCase } from './case-verb.ts';
import type { FindingPlace, FindingSource } from './source.ts';
import { isFixFailed } from './words.ts';

/** The operator writes a finding at most every five seconds. */
const defaultTimeout = '60';
const lookEveryMs = 500;

const flags = {
  remediation: { placeholder: 'TEXT', help: 'What was done.' },
  timeout: {
    placeholder: 'SECONDS',
    help: `How long to wait for the operator to forget an earlier claim that failed. Default: ${defaultTimeout}.`,
  },
} as const satisfies FlagTable;

export const fixVerb = caseVerb({
  name: 'fix',
  summary: 'Claims that findings are fixed; the quiet period proves it.',
  about: `Claims a fix: the finding is Verifying until the behaviour has stayed away for the whole quiet period, and Open again if it comes back.
A claim that has failed is withdrawn first, and then made anew.`,
  flags,
  examples: [
    "kubectl protection findings fix shop/compiler-in-container-checkout-1a2b3c4d --remediation 'two-stage build, image 12.0'",
    "kubectl wait -n shop finding/NAME --for=jsonpath='{.status.phase}'=Resolved --timeout=26h",
  ],
  prepare: ({ text }) => {
    const seconds = Number(text('timeout') ?? defaultTimeout);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3600)
      throw new UsageError('--timeout must be a number of seconds from 1 to 3600');
    const remediation = text('remediation');
    return (source, place) => claim(source, place, remediation === undefined ? {} : { remediation }, seconds);
  },
});

const claim = async (source: FindingSource, place: FindingPlace, fields: object, seconds: number): Promise<string> => {
  const finding = await source.get(place);
  const { spec, status } = finding;
  if (status?.phase === 'Resolved' && spec.case.phase === 'Fixed') return `resolved already, at ${status.resolvedAt}`;
  const isClaimed = spec.case.phase === 'Fixed';
  if (isClaimed && !isFixFailed(finding)) {
    if (Object.keys(fields).length > 0) await mergeCase(source, place, fields);
    return `claimed already${clears(finding)}`;
  }
  if (isClaimed) await mergeCase(source, place, { phase: 'Remediating' });
  // An earlier claim that the operator still remembers would be taken for this one.
  if (status?.fixedAt !== undefined && status.phase !== 'Resolved') await untilForgotten(source, place, seconds);
  await mergeCase(source, place, { phase: 'Fixed', ...fields });
  return isClaimed ? 'claimed as fixed anew' : 'claimed as fixed';
};

const clears = ({ status }: FindingObject): string =>
  status?.quiet?.clearsAt === undefined ? '' : `; it clears at ${status.quiet.clearsAt} if nothing happens until then`;

const untilForgotten = async (source: FindingSource, place: FindingPlace, seconds: number): Promise<void> => {
  const end = systemClock.monotonic() + seconds * 1000;
  for (;;) {
    const { status } = await source.get(place);
    if (status?.fixedAt === undefined) return;
    if (systemClock.monotonic() > end) {
      throw new Error(
        `the operator has not taken back the earlier claim within ${seconds} s: see whether it runs (kubectl get pods -A -l app.kubernetes.io/name=workload-protection), and claim it again then`,
      );
    }
    await sleep(systemClock, lookEveryMs);
  }
};
