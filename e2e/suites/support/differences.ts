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
  // Policies add up: one of them may complain of something else besides.
  const faults = reasons.map((reason) => faultOfReason(expected, reason));
  return faults.includes(undefined) ? undefined : (faults[0] ?? `has no reason, not ${expected.reason}`);
};

const faultOfReason = (
  expected: Expectation,
  { reason, cause, remedy }: Verdict['reasons'][number],
): string | undefined => {
  if (reason !== expected.reason) return `has the reason ${reason}, not ${expected.reason}`;
  const lacks = (what: string, text: string, pieces: readonly string[]): readonly string[] =>
    pieces.filter((piece) => !text.includes(piece)).map((piece) => `${what} "${text}" lacks "${piece}"`);
  const missing = [
    ...lacks('cause', cause, expected.causeContains),
    ...lacks('remedy', remedy, expected.remedyContains),
  ];
  return missing.length === 0 ? undefined : `has a ${missing.join(' and a ')}`;
};
