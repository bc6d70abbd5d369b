// SARIF 2.1.0, for code scanning: a rule for each reason, a result for each gap of a workload.
import { createHash } from 'node:crypto';
import { reasons, type Reason } from '../../domain/reason.ts';
import type { CheckGap, CheckReport, CheckResult } from '../judge/result.ts';
import { gapSentence, identityOf, pathOf, verdictSentence } from './words.ts';

export const sarif = (report: CheckReport): string => {
  const found = report.results.flatMap((result) => result.gaps.map((gap) => ({ result, gap })));
  const used = [...new Set(found.map(({ gap }) => gap.reason))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'kubectl-protection',
            fullName: 'Workload Protection: kubectl protection check',
            rules: used.map(ruleOf),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: report.problems.length === 0,
            exitCode: report.exitCode,
            toolExecutionNotifications: [
              ...report.problems.map(({ file, line, message }) => ({
                level: 'error',
                message: { text: message },
                ...(file === undefined ? {} : { locations: [locationOf(file.split('\\').join('/'), line ?? 1)] }),
              })),
              ...report.notes.map((text) => ({ level: 'note', message: { text } })),
            ],
          },
        ],
        results: found.map(({ result, gap }) => ({
          ruleId: gap.reason,
          ruleIndex: used.indexOf(gap.reason),
          level: levelOf(gap),
          message: { text: `${verdictSentence(result)}. ${gapSentence(gap)}` },
          locations: [
            {
              ...locationOf(pathOf(result), result.line),
              logicalLocations: [{ name: result.name, fullyQualifiedName: identityOf(result), kind: 'resource' }],
            },
          ],
          partialFingerprints: { 'workloadProtection/v1': fingerprintOf(result, gap) },
          properties: { verdict: result.verdict, state: gap.state, policies: gap.policies, nodes: result.nodes },
        })),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
};

/** The same while the same thing is wrong with the same workload, wherever in whichever file it is written, and on however many nodes. */
export const fingerprintOf = ({ kind, namespace, name }: CheckResult, { reason, policies }: CheckGap): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, namespace, name, reason, policies]))
    .digest('hex');

const ruleOf = (reason: Reason): object => {
  const { state, means } = reasons[reason];
  return {
    // No name: it would have to be another than the id.
    id: reason,
    shortDescription: { text: means },
    fullDescription: { text: `${means} An asset with this reason is in the state ${state}.` },
    help: {
      text: `${means} Each result names the cause and the smallest change that mends it.`,
      markdown: `${means}\n\nEach result names the **cause** and the smallest change that mends it.`,
    },
    defaultConfiguration: { level: state === 'Unknown' ? 'note' : state === 'Warning' ? 'warning' : 'error' },
    properties: { tags: ['security', 'kubernetes', 'runtime-protection'], precision: 'high' },
  };
};

const levelOf = ({ state }: CheckGap): 'error' | 'warning' | 'note' =>
  state === 'Unknown' ? 'note' : state === 'Warning' ? 'warning' : 'error';

const locationOf = (path: string, startLine: number): object => ({
  physicalLocation: { artifactLocation: { uri: uriOf(path) }, region: { startLine } },
});

/** What begins with a slash is no relative reference, and could not be put behind the root of anybody's checkout. */
const uriOf = (path: string): string => {
  const escaped = encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent);
  if (path.startsWith('/')) return `file://${escaped}`;
  return /^[A-Za-z]:\//.test(path) ? `file:///${escaped}` : escaped;
};
