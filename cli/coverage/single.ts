// What the verbs about one asset have in common.
import { dump } from 'js-yaml';
import type { Asset } from './asset.ts';
import { assetDocument } from './asset-json.ts';
import { connectionFlags, failOnFlag, helpFlag, outputFlag, watchFlag, type Format } from './flags.ts';

export const singleFormats = ['table', 'wide', 'json', 'yaml'] as const satisfies readonly Format[];

export const singleFlags = {
  ...outputFlag(singleFormats),
  ...watchFlag,
  ...failOnFlag,
  ...connectionFlags,
  ...helpFlag,
};

export const documentOf = (asset: Asset, format: Format, more: object = {}): readonly string[] => {
  const document = { ...assetDocument(asset), ...more };
  return [
    format === 'json' ? `${JSON.stringify(document, undefined, 2)}\n` : dump(document, { noRefs: true, lineWidth: -1 }),
  ];
};
