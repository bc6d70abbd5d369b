// Assets as a list, in every format. Pieces of text come out, so that a large fleet is never one string.
import { dump } from 'js-yaml';
import { columns } from '../output/columns.ts';
import { csvLine } from '../output/csv.ts';
import type { Paint } from '../output/paint.ts';
import { identityOf, workloadName, type Asset } from './asset.ts';
import { assetDocument } from './asset-json.ts';
import type { Format } from './flags.ts';
import type { EvaluatedReport } from './source.ts';
import { versioned } from './words.ts';

export function* assetList(
  assets: readonly Asset[],
  format: Format,
  report: EvaluatedReport,
  paint: Paint,
): Generator<string> {
  switch (format) {
    case 'table':
    case 'wide':
      yield* table(assets, format === 'wide', paint);
      break;
    case 'json':
      yield* json(assets, report);
      break;
    case 'yaml':
      yield* yaml(assets, report);
      break;
    case 'csv':
      yield* csv(assets);
      break;
    case 'name':
      for (const asset of assets) yield `${identityOf(asset)}\n`;
  }
}

function* table(assets: readonly Asset[], wide: boolean, paint: Paint): Generator<string> {
  yield* columns({
    header: ['ASSET', 'STATE', 'EVIDENCE', 'AGENT', 'REASON', ...(wide ? ['CRITICALITY', 'POLICIES', 'CAUSE'] : [])],
    rows: assets.map(({ kind, key, profile }) => {
      const { state, evidence, agents, reasons, criticality, policies = [] } = profile;
      const [first, ...more] = reasons;
      return [
        kind === 'Node' ? `node/${key}` : key,
        state,
        evidence ?? '',
        agents.map(versioned).join(','),
        first === undefined ? '' : first.reason + (more.length === 0 ? '' : ` +${more.length}`),
        ...(wide ? [criticality ?? '', policies.join(','), first?.cause ?? ''] : []),
      ];
    }),
    stateOf: (index) => assets[index]?.profile.state,
    paint,
  });
}

export const coverageListHead = ({ metadata, status }: EvaluatedReport) => ({
  apiVersion: 'cli.workloadprotection.dev/v1alpha1',
  kind: 'CoverageList',
  report: metadata.name,
  evaluatedAt: status.evaluatedAt,
  complete: status.conditions?.find(({ type }) => type === 'Complete')?.status ?? 'Unknown',
  counts: status.counts,
});

function* json(assets: readonly Asset[], report: EvaluatedReport): Generator<string> {
  // The head without its closing brace, then one asset after the other.
  yield `${JSON.stringify(coverageListHead(report), undefined, 2).slice(0, -2)},\n  "items": [`;
  let separator = '\n';
  for (const asset of assets) {
    yield `${separator}    ${JSON.stringify(assetDocument(asset), undefined, 2).replaceAll('\n', '\n    ')}`;
    separator = ',\n';
  }
  yield assets.length === 0 ? ']\n}\n' : '\n  ]\n}\n';
}

const yamlOptions = { noRefs: true, skipInvalid: true, lineWidth: -1 };

function* yaml(assets: readonly Asset[], report: EvaluatedReport): Generator<string> {
  yield dump(coverageListHead(report), yamlOptions);
  yield assets.length === 0 ? 'items: []\n' : 'items:\n';
  for (const asset of assets) yield dump([assetDocument(asset)], yamlOptions);
}

function* csv(assets: readonly Asset[]): Generator<string> {
  yield csvLine([
    'asset',
    'namespace',
    'kind',
    'name',
    'state',
    'evidence',
    'criticality',
    'agents',
    'policies',
    'reason',
    'cause',
    'remedy',
    'reasons',
  ]);
  for (const { kind, key, profile } of assets) {
    const names = kind === 'Node' ? { namespace: '', kind: '', name: key } : workloadName(key);
    const [first] = profile.reasons;
    yield csvLine([
      kind,
      names.namespace,
      names.kind,
      names.name,
      profile.state,
      profile.evidence,
      profile.criticality,
      profile.agents.map(versioned).join(';'),
      (profile.policies ?? []).join(';'),
      first?.reason,
      first?.cause,
      first?.remedy,
      profile.reasons.map(({ reason }) => reason).join(';'),
    ]);
  }
}
