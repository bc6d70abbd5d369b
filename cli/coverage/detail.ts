// One asset, whole: who protects it, by which policies and rules, why not, and what to do.
import { attackName } from '../../domain/attack/lookup.ts';
import { columns } from '../output/columns.ts';
import type { Paint } from '../output/paint.ts';
import { plain, plural } from '../output/text.ts';
import type { Asset } from './asset.ts';
import { causeLines, shortVersion, versioned } from './words.ts';

export interface DetailOptions {
  readonly paint: Paint;
  /** As a heading names it. */
  readonly title: string;
  /** Also every rule by name. */
  readonly wide: boolean;
  /** Sentences of the verb's own, under the state. */
  readonly more?: readonly string[];
}

export function* detail({ profile, ruleset }: Asset, options: DetailOptions): Generator<string> {
  const { paint, title, wide, more = [] } = options;
  const { state, evidence, agents, reasons, policies = [], criticality, exemption } = profile;
  const known = evidence === undefined ? '' : `, known by ${evidence}`;
  yield `${paint.bold(plain(title))}: ${paint.state(state, state)}${known}\n`;
  for (const line of more) yield `${plain(line)}\n`;
  if (exemption !== undefined) {
    const by = exemption.source === 'BreakGlass' ? 'an annotation that breaks the glass' : 'an exemption';
    yield `Exempt until ${exemption.expiresAt} by ${by} under WorkloadPolicy ${exemption.policy}: ${plain(exemption.reason)}\n`;
  }
  yield policies.length === 0
    ? 'No WorkloadPolicy selects it: the baseline asks for some recognised agent.\n'
    : `Judged by ${policies.length === 1 ? 'WorkloadPolicy' : 'WorkloadPolicies'} ${policies.join(', ')}${criticality === undefined ? '' : `, criticality ${criticality}`}.\n`;
  yield `\n${paint.bold('Protected by')}\n`;
  if (agents.length === 0) yield '  nothing\n';
  else {
    yield* columns({
      header: ['AGENT', 'VERSION', 'ALONE', 'EVIDENCE'],
      rows: agents.map((agent) => [agent.name, agent.version ?? '', agent.state, agent.evidence ?? '']),
      stateOf: (index) => agents[index]?.state,
      paint,
      indent: '  ',
    });
  }
  if (reasons.length > 0) {
    yield `\n${paint.bold('Why, and what to do')}\n`;
    for (const { reason, agent, policies: asking, ...gap } of reasons) {
      const about = [agent, asking === undefined || asking.length === 0 ? undefined : `asked by ${asking.join(', ')}`];
      const told = about.filter((each) => each !== undefined).join('; ');
      yield `  ${paint.bold(reason)}${told === '' ? '' : ` (${told})`}\n`;
      yield `${causeLines(gap, '    ').join('\n')}\n`;
    }
  }
  yield* loaded(ruleset, wide, paint);
}

function* loaded(ruleset: Asset['ruleset'], wide: boolean, paint: Paint): Generator<string> {
  if (ruleset === undefined) {
    yield `\nWhich detection policies are loaded is not known.\n`;
    return;
  }
  yield `\n${paint.bold('Detection policies')}\n`;
  yield* columns({
    header: ['POLICY', 'VERSION', 'AGENT', 'STATUS', 'SOURCE', 'RULES', 'DISABLED', 'FAILED', 'DECLARED BY'],
    rows: ruleset.policies.map((policy) => [
      policy.name,
      wide ? (policy.version ?? '') : shortVersion(policy.version ?? ''),
      policy.agent ?? '',
      policy.status,
      policy.source ?? '',
      policy.rules === undefined ? 'not told' : `${policy.rules.length}`,
      `${policy.disabledRules?.length ?? 0}`,
      `${policy.failedRules?.length ?? 0}`,
      declaredBy(policy.declaredBy),
    ]),
    paint,
    indent: '  ',
  });
  if (wide) {
    for (const { name, rules = [], disabledRules = [], failedRules = [] } of ruleset.policies) {
      for (const rule of rules) yield `  ${plain(name)}: ${plain(rule)}\n`;
      for (const rule of disabledRules) yield `  ${plain(name)}: ${plain(rule)} (disabled)\n`;
      for (const rule of failedRules) yield `  ${plain(name)}: ${plain(rule)} (failed)\n`;
    }
  }
  const tactics = Object.entries(ruleset.tactics ?? {});
  if (tactics.length > 0) {
    yield `\n${paint.bold('ATT&CK')}: ${tactics.map(([id, rules]) => `${attackName(id)} by ${plural(rules, 'rule')}`).join(', ')}\n`;
  }
}

export const declaredBy = (
  object: { readonly kind: string; readonly namespace?: string | undefined; readonly name: string } | undefined,
): string => (object === undefined ? '' : [object.kind, object.namespace, object.name].filter(Boolean).join('/'));

/** "falco 0.44.1, tetragon". */
export const agentsOf = ({ profile }: Asset): string => profile.agents.map(versioned).join(', ') || 'none';
