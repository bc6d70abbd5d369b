// Demands of a WorkloadPolicy that a change of it takes back, each in words for whoever makes the change.
import { strengthOf } from '../../domain/state.ts';
import type { Exemption, Policy, Requirement } from '../../domain/types.ts';
import { isOlder } from '../../domain/version.ts';

export const loosenedDemands = (before: Policy, after: Policy): readonly string[] =>
  [
    ofAgents(before.require, after.require),
    ofEvidence(before.require, after.require),
    gone('detection policy', 'detection policies', namesOf(before.require), namesOf(after.require)),
    gone('rule', 'rules', rulesOf(before.require), rulesOf(after.require)),
    gone('technique', 'techniques', attackOf(before.require), attackOf(after.require)),
    ofExemptions(before.exemptions, after.exemptions),
  ].flatMap((said) => (said === undefined ? [] : [`WorkloadPolicy ${before.name} ${said}`]));

const ofAgents = ({ agents: before }: Requirement, { agents: after }: Requirement): string | undefined => {
  // Any agent would do already.
  if (before.length === 0) return undefined;
  const known = new Map(before.map(({ name, minVersion }) => [name, minVersion]));
  if (after.length === 0) return `accepts any agent instead of ${inWords([...known.keys()])}`;
  const added = after.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (added.length > 0) return `accepts ${inWords(added)} as well`;
  const older = after.find(({ name, minVersion }) => {
    const wanted = known.get(name);
    return wanted !== undefined && (minVersion === undefined || isOlder(minVersion, wanted) === true);
  });
  return older && `accepts ${older.name} before ${known.get(older.name) ?? ''}`;
};

const ofEvidence = ({ evidence: before }: Requirement, { evidence: after }: Requirement): string | undefined =>
  strengthOf(after) < strengthOf(before) ? `is content with the evidence ${after} instead of ${before}` : undefined;

const namesOf = ({ policies }: Requirement): readonly string[] => policies.map(({ name }) => name);

/** Of detection policies that are still demanded: the others take theirs along. */
const rulesOf = ({ policies }: Requirement): readonly string[] =>
  policies.flatMap(({ name, rules }) => rules.map((rule) => `${rule} of ${name}`));

const attackOf = ({ mitre }: Requirement): readonly string[] =>
  mitre.flatMap(({ tactic = '', techniques }) => (techniques.length === 0 ? [tactic] : techniques));

const ofExemptions = (before: readonly Exemption[], after: readonly Exemption[]): string | undefined => {
  const known = new Map(before.map((exemption) => [contentOf(exemption), exemption]));
  const added = after.filter((exemption) => !known.has(contentOf(exemption)));
  const [first] = added;
  if (first === undefined) return undefined;
  const until = new Date(Math.max(...added.map(({ expiresAt }) => expiresAt))).toISOString();
  return added.length === 1
    ? `exempts more until ${until}: ${first.reason}`
    : `has ${added.length} more exemptions, the last until ${until}`;
};

/** Other words for the same exempt nothing more. */
const contentOf = ({ selector, expiresAt }: Exemption): string => JSON.stringify([selector, expiresAt]);

const gone = (
  one: string,
  several: string,
  before: readonly string[],
  after: readonly string[],
): string | undefined => {
  const lost = before.filter((name) => !after.includes(name));
  return lost.length === 0 ? undefined : `no longer demands the ${lost.length === 1 ? one : several} ${inWords(lost)}`;
};

/** A warning has room for a few. */
const shown = 3;

const inWords = (names: readonly string[]): string =>
  names.length > shown
    ? `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
    : [names.slice(0, -1).join(', '), names.at(-1) ?? ''].filter((part) => part !== '').join(' and ');
