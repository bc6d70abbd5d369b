import { catalogueLabel, type Answer } from '../agent.ts';
import { describeContract } from '../contract.case.ts';
import { fixture } from '../testing/read.ts';
import { falco } from './adapter.ts';

const ok = (body: string): Answer => ({ status: 200, body });

const helm = JSON.parse(fixture('falco', 'helm-0.44.1.json'));
const operator = JSON.parse(fixture('falco', 'falco-operator-0.4.1.json'));
const versions = ok(fixture('falco', 'versions-0.44.1.json'));

const catalogue = {
  namespace: 'falco',
  name: 'catalogue',
  labels: { [catalogueLabel]: 'contract' },
  annotations: {},
  data: { 'falco_rules.yaml': '- macro: m\n  condition: c\n' },
  binaryData: {},
};

describeContract(falco, {
  healthy: {
    '0.44.1': new Map([
      ['versions', versions],
      ['metrics', ok(fixture('falco', 'metrics-0.44.1.txt'))],
    ]),
    '0.44.1 without metrics': new Map<string, Answer>([
      ['versions', versions],
      ['metrics', { status: 404, body: '' }],
    ]),
  },
  objects: new Map([
    ['rulesfiles', operator.rulesfiles],
    ['configs', operator.configs],
    ['artifactnodes', operator.artifactnodes],
  ]),
  configMaps: [...helm.configMaps, ...operator.configMaps, catalogue],
  daemonSets: [...helm.daemonSets, ...operator.daemonSets],
});
