// GitLab's code quality report: shown in merge requests, on the line of the manifest.
import type { AssetState } from '../../domain/types.ts';
import type { CheckReport } from '../judge/result.ts';
import { fingerprintOf } from './sarif.ts';
import { gapSentence, pathOf, verdictSentence } from './words.ts';

export const gitlab = (report: CheckReport): string => {
  const entries = report.results.flatMap((result) =>
    result.gaps.map((gap) => ({
      description: `${verdictSentence(result)}. ${gapSentence(gap)}`,
      check_name: gap.reason,
      fingerprint: fingerprintOf(result, gap),
      severity: severityOf[gap.state],
      location: { path: pathOf(result), lines: { begin: result.line } },
    })),
  );
  return `${JSON.stringify(entries, undefined, 2)}\n`;
};

const severityOf: Readonly<Record<AssetState, 'info' | 'minor' | 'major' | 'critical'>> = {
  Protected: 'info',
  Exempt: 'info',
  Unknown: 'info',
  Warning: 'minor',
  Incomplete: 'major',
  Failed: 'major',
  NoProtection: 'critical',
  NoAgent: 'critical',
};
