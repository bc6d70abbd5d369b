import { dump } from 'js-yaml';
import type { Threshold } from '../judge/exit-code.ts';
import type { CheckReport } from '../judge/result.ts';
import { github } from './github.ts';
import { gitlabSast } from './gitlab-sast.ts';
import { gitlab } from './gitlab.ts';
import { junit } from './junit.ts';
import { markdown } from './markdown.ts';
import { sarif } from './sarif.ts';
import { table } from './table.ts';

export const formats = [
  'table',
  'wide',
  'json',
  'yaml',
  'junit',
  'sarif',
  'gitlab',
  'gitlab-sast',
  'github',
  'markdown',
] as const;
export type Format = (typeof formats)[number];

export interface FormatOptions {
  readonly colour: boolean;
  readonly failOn: Threshold;
  /** When it was checked, epoch milliseconds. */
  readonly at: number;
}

export const formatted = (report: CheckReport, format: Format, { colour, failOn, at }: FormatOptions): string => {
  switch (format) {
    case 'table':
    case 'wide':
      return table(report, { wide: format === 'wide', colour });
    case 'json':
      return `${JSON.stringify(report, undefined, 2)}\n`;
    case 'yaml':
      return dump(report, { noRefs: true });
    case 'junit':
      return junit(report, failOn);
    case 'sarif':
      return sarif(report);
    case 'gitlab':
      return gitlab(report);
    case 'gitlab-sast':
      return gitlabSast(report, at);
    case 'github':
      return github(report);
    case 'markdown':
      return markdown(report);
  }
};
