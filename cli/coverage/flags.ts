// The flags that the verbs about coverage share, and what they mean.
import { clusterReportName } from '../../crds/schema/coverage-report.ts';
import { thresholds, type Threshold } from '../judge/exit-code.ts';
import type { FlagTable, Given } from '../flags/table.ts';

export const formats = ['table', 'wide', 'json', 'yaml', 'csv', 'name'] as const;
export type Format = (typeof formats)[number];

export const connectionFlags = {
  report: { placeholder: 'NAME', help: `The CoverageReport, also a snapshot. Default: ${clusterReportName}.` },
  context: { placeholder: 'NAME', help: 'Context of the kubeconfig. Default: the current one.' },
  kubeconfig: { placeholder: 'FILE', help: 'Kubeconfig. Default: as kubectl finds it.' },
  'no-color': { help: 'No colours. They are used on a terminal only, and not where NO_COLOR is set.' },
} as const satisfies FlagTable;

export const outputFlag = (values: readonly Format[]) =>
  ({
    output: { short: 'o', placeholder: 'FORMAT', values, help: `${values.join(', ')}. Default: table.` },
  }) as const satisfies FlagTable;

export const watchFlag = {
  watch: { short: 'w', help: 'Show it again whenever the report changes, until interrupted.' },
} as const satisfies FlagTable;

export const failOnFlag = {
  'fail-on': {
    placeholder: 'STATE',
    values: thresholds,
    help: `End with 1 where an asset that is shown stands so or worse: ${thresholds.join(', ')}; with 2 where all else is unknown. Left out, looking ends with 0.`,
  },
} as const satisfies FlagTable;

export const helpFlag = { help: { short: 'h', help: 'Shows this text.' } } as const satisfies FlagTable;

export interface Connection {
  readonly report: string;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
}

export const connectionOf = ({ text }: Given): Connection => ({
  report: text('report') ?? clusterReportName,
  context: text('context'),
  kubeconfig: text('kubeconfig'),
});

export const formatOf = ({ text }: Given): Format => formats.find((format) => format === text('output')) ?? 'table';

export const failOnOf = ({ text }: Given): Threshold | undefined =>
  thresholds.find((threshold) => threshold === text('fail-on'));
