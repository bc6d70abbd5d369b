// GitLab's security report of the type SAST: gaps in the vulnerability report, where they are triaged and dismissed by fingerprint.
import type { AssetState } from '../../domain/types.ts';
import { reasons } from '../../domain/reason.ts';
import type { CheckGap, CheckReport, CheckResult } from '../judge/result.ts';
import { fingerprintOf } from './sarif.ts';
import { gapSentence, identityOf, pathOf, verdictSentence } from './words.ts';

/** Of the report's form, which GitLab validates. */
const version = '15.0.7';
const longestName = 255;
const longestSolution = 7000;

/** `at`: when it was checked, epoch milliseconds. */
export const gitlabSast = (report: CheckReport, at: number): string => {
  // Without a zone, which is UTC there.
  const time = new Date(at).toISOString().slice(0, 19);
  const tool = {
    id: 'kubectl-protection',
    name: 'kubectl protection check',
    version: report.apiVersion,
    vendor: { name: 'Workload Protection' },
  };
  const written = {
    version,
    schema: `https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v${version}/dist/sast-report-format.json`,
    scan: {
      analyzer: tool,
      scanner: tool,
      type: 'sast',
      start_time: time,
      end_time: time,
      status: report.problems.length === 0 ? 'success' : 'failure',
      messages: report.problems.map(({ file, message }) => ({
        level: 'warn',
        value: file === undefined ? message : `${file}: ${message}`,
      })),
    },
    vulnerabilities: report.results.flatMap((result) => result.gaps.map((gap) => vulnerabilityOf(result, gap))),
  };
  return `${JSON.stringify(written, undefined, 2)}\n`;
};

const vulnerabilityOf = (result: CheckResult, gap: CheckGap): object => ({
  id: fingerprintOf(result, gap),
  name: `${gap.reason}: ${identityOf(result)}`.slice(0, longestName),
  description: `${verdictSentence(result)}. ${gapSentence(gap)}`,
  severity: severityOf[gap.state],
  solution: gap.remedy.slice(0, longestSolution),
  location: { file: pathOf(result), start_line: result.line },
  identifiers: [
    { type: 'workload_protection_reason', name: `${gap.reason}: ${reasons[gap.reason].means}`, value: gap.reason },
  ],
});

const severityOf: Readonly<Record<AssetState, 'Info' | 'Unknown' | 'Low' | 'Medium' | 'High' | 'Critical'>> = {
  Protected: 'Info',
  Exempt: 'Info',
  Unknown: 'Unknown',
  Warning: 'Low',
  Incomplete: 'Medium',
  Failed: 'High',
  NoProtection: 'Critical',
  NoAgent: 'Critical',
};
