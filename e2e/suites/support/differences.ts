// How what is reported differs from what the fleet's script declares: one line an asset, so that a failure reads as a list of faults.
import type { Expectation } from '../../fleet/expectation.ts';
import type { Verdict } from './verdicts.ts';

export const differences = (
  expected: ReadonlyMap<string, Expectation>,
  seen: ReadonlyMap<string, Verdict>,
): readonly string[] =>
  [...expected].flatMap(([name, expectation]) => {
    const verdict = seen.get(name);
    const fault = verdict === undefined ? 'is in no slice' : faultOf(expectation, verdict);
    return fault === undefined ? [] : [`${name} ${fault}`];
  });

const faultOf = (expected: Expectation, { state, reasons }: Verdict): string | undefined => {
  if (state !== expected.state) {
    const why = reasons.map(({ reason, cause }) => `${reason}: ${cause}`).join('; ');
    return `is ${state}, not ${expected.state}${why === '' ? '' : ` (${why})`}`;
  }
  const [first] = reasons;
  if (expected.reason === undefined) return first === undefined ? undefined : `is ${state} and has ${first.reason}`;
  if (first?.reason !== expected.reason) return `has the reason ${first?.reason}, not ${expected.reason}`;
  const missing = [
    ...expected.causeContains
      .filter((piece) => !first.cause.includes(piece))
      .map((piece) => `cause "${first.cause}" lacks "${piece}"`),
    ...expected.remedyContains
      .filter((piece) => !first.remedy.includes(piece))
      .map((piece) => `remedy "${first.remedy}" lacks "${piece}"`),
  ];
  return missing.length === 0 ? undefined : `has a ${missing.join(' and a ')}`;
};
