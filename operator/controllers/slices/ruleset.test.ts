import { expect, it } from 'vitest';
import { aLoaded, aRule, aRuleset } from '../../../domain/testing/telemetry.ts';
import type { RulesetPolicy } from '../../../domain/telemetry/ruleset.ts';
import { writtenRuleset } from './ruleset.ts';

const rules = (['Loaded', 'Disabled', 'Failed'] as const).map((status) =>
  aRule({ name: status.toLowerCase(), status }),
);

const written = (status: RulesetPolicy['status']) =>
  writtenRuleset({ id: 'r', rulesets: [aRuleset([aLoaded({ status, rules })])] }).policies[0];

it.each(['Loaded', 'PartiallyLoaded', 'Drifted'] as const)(
  'rules of a policy that is %s stand by their status',
  (status) => {
    expect(written(status)).toMatchObject({
      status,
      rules: ['loaded'],
      disabledRules: ['disabled'],
      failedRules: ['failed'],
    });
  },
);

it.each([
  ['Missing', []],
  ['Declared', undefined],
] as const)('a policy that is %s has no rules loaded, whatever is declared of it', (status, loaded) => {
  expect(written(status)).toMatchObject({ status, name: 'rules.yaml' });
  expect(written(status)?.rules).toEqual(loaded);
});
