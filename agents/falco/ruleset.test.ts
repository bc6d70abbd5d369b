// The adapter and the core together: what Falco tells, held against what is declared.
import { describe, expect, it } from 'vitest';
import { combineRuleset } from '../../domain/telemetry/combine.ts';
import type { RulesetPolicy } from '../../domain/telemetry/ruleset.ts';
import { catalogueLabel, type Answer, type ConfigMapContent } from '../agent.ts';
import { contractDigest } from '../contract.case.ts';
import { aTime, fixture } from '../testing/read.ts';
import { falco } from './adapter.ts';

const helm: { readonly daemonSets: readonly unknown[]; readonly configMaps: readonly ConfigMapContent[] } = JSON.parse(
  fixture('falco', 'helm-0.44.1.json'),
);
const ok = (body: string): Answer => ({ status: 200, body });
const custom = helm.configMaps.find(({ name }) => name === 'falco-rules') ?? expect.fail('no custom rules');
const published =
  '- rule: Terminal shell in container\n  desc: d\n  condition: c\n  output: o\n  priority: NOTICE\n  tags: [T1059]\n';

const catalogue: ConfigMapContent = {
  namespace: 'workload-protection',
  name: 'falco-rules-5',
  labels: { [catalogueLabel]: 'falco' },
  annotations: {},
  data: { 'falco_rules.yaml': published },
  binaryData: {},
};

/** A Falco that has loaded these files, where the chart's objects and these ConfigMaps are there. */
const policiesOf = (
  files: Readonly<Record<string, string>>,
  configMaps: readonly ConfigMapContent[] = helm.configMaps,
): ReadonlyMap<string, RulesetPolicy> => {
  const metrics = Object.entries(files).map(
    ([name, text]) =>
      `falcosecurity_falco_sha256_rules_files_info{file_name="${name}",sha256="${contractDigest(text).slice(7)}"} 1`,
  );
  const answers = new Map([
    ['versions', ok(fixture('falco', 'versions-0.44.1.json'))],
    ['metrics', ok(metrics.join('\n'))],
  ]);
  const result = falco.read({ answers, at: aTime, memory: undefined, custom: undefined });
  if ('failed' in result) return expect.fail(result.failed);
  const { policies = [], policiesAre: are = 'Partial' } = result.reading;
  const { policies: declared, contents } = falco.declare({
    agent: 'falco',
    objects: new Map(),
    configMaps,
    daemonSets: helm.daemonSets,
    digest: contractDigest,
  });
  const ruleset = combineRuleset({
    agent: 'falco',
    loaded: { policies, are },
    declared,
    contents: new Map(contents.map((content) => [content.digest, content])),
  });
  return new Map(ruleset?.policies.map((policy) => [policy.name, policy]));
};

const loaded: Readonly<Record<string, string>> = { 'falco_rules.yaml': published, ...custom.data };

const statuses = (policies: ReadonlyMap<string, RulesetPolicy>): Readonly<Record<string, string>> =>
  Object.fromEntries([...policies].map(([name, { status }]) => [name, status]));

describe('what Falco has loaded', () => {
  it('is what is declared', () => {
    expect(statuses(policiesOf(loaded))).toEqual({
      'falco_rules.yaml': 'Loaded',
      'posture.yaml': 'Loaded',
      'tuning.yaml': 'Loaded',
    });
  });

  it('is another where the ConfigMap has changed since', () => {
    const policies = policiesOf({ ...loaded, 'posture.yaml': '- list: old\n  items: []\n' });
    expect(statuses(policies)).toMatchObject({ 'posture.yaml': 'Drifted', 'tuning.yaml': 'Loaded' });
  });

  it('is missing where Falco does not tell it', () => {
    const { 'posture.yaml': _, ...others } = loaded;
    expect(statuses(policiesOf(others))).toMatchObject({ 'posture.yaml': 'Missing' });
  });

  it('is a file of unknown rules where no object holds its content', () => {
    expect(policiesOf(loaded).get('falco_rules.yaml')?.rules).toBeUndefined();
  });

  it('is known down to the rule where a catalogue holds its content, as other files leave it', () => {
    const policies = policiesOf(loaded, [...helm.configMaps, catalogue]);
    expect(policies.get('falco_rules.yaml')?.rules).toMatchObject([
      { name: 'Terminal shell in container', status: 'Disabled', techniques: ['T1059'] },
    ]);
  });

  it('is at work although it looks as if Falco would refuse it: what it says of itself outweighs that', () => {
    const other = { ...catalogue, data: { 'falco_rules.yaml': '- list: l\n  items: []\n' } };
    const tuning = `${custom.data['tuning.yaml']}${published.replace('Terminal shell in container', 'Own rule')}`;
    const changed = { ...custom, data: { ...custom.data, 'tuning.yaml': tuning } };
    const objects = [...helm.configMaps.filter((each) => each !== custom), changed, other];
    expect(policiesOf({ ...loaded, 'tuning.yaml': tuning }, objects).get('tuning.yaml')).toMatchObject({
      status: 'Loaded',
      rules: [{ name: 'Own rule', status: 'Loaded' }],
    });
    expect(policiesOf({ 'falco_rules.yaml': published }, objects).get('tuning.yaml')).toMatchObject({
      status: 'Failed',
      rules: [{ name: 'Own rule', status: 'Failed' }],
    });
  });

  it('is unknown again where the artifact brought another version than the catalogue has', () => {
    const newer = { ...loaded, 'falco_rules.yaml': `${published}# newer\n` };
    expect(policiesOf(newer, [...helm.configMaps, catalogue]).get('falco_rules.yaml')?.rules).toBeUndefined();
  });
});
