// JUnit, as CI systems read it: a suite for each file, a case for each workload, with counts that are true.
import type { CheckReport, CheckResult } from '../judge/result.ts';
import { isGap, type Threshold } from '../judge/exit-code.ts';
import { escapeXml } from './xml.ts';
import { gapSentence, pathOf, verdictSentence } from './words.ts';

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

interface Case {
  readonly outcome: Outcome;
  readonly xml: string;
}

export const junit = (report: CheckReport, failOn: Threshold): string => {
  const suites = [...Map.groupBy(report.results, ({ file }) => file ?? '(standard input)')].map(([name, results]) => ({
    name,
    cases: results.map((result) => caseOf(result, failOn)),
  }));
  if (report.problems.length > 0) suites.push({ name: 'input', cases: report.problems.map(problemCase) });
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kubectl protection check"${countsOf(all)}>`,
    ...suites.flatMap(({ name, cases }) => [
      `  <testsuite name="${escapeXml(name)}"${countsOf(cases)}>`,
      ...cases.map(({ xml }) => xml),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
};

const countsOf = (cases: readonly Case[]): string => {
  const count = (outcome: Outcome): number => cases.filter((each) => each.outcome === outcome).length;
  return ` tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" time="0"`;
};

const caseOf = (result: CheckResult, failOn: Threshold): Case => {
  const outcome = outcomeOf(result, failOn);
  const classname = `${result.namespace}.${result.kind}`;
  const open = `    <testcase classname="${escapeXml(classname)}" name="${escapeXml(result.name)}" file="${escapeXml(pathOf(result))}" time="0"`;
  if (outcome === 'passed') return { outcome, xml: `${open}/>` };
  const message = escapeXml(verdictSentence(result));
  if (outcome === 'skipped') return { outcome, xml: `${open}><skipped message="${message}"/></testcase>` };
  const type = escapeXml(result.gaps[0]?.reason ?? result.state);
  const body = result.gaps.map((gap) => escapeXml(gapSentence(gap))).join('\n');
  return { outcome, xml: `${open}><${outcome} message="${message}" type="${type}">${body}</${outcome}></testcase>` };
};

const outcomeOf = (result: CheckResult, failOn: Threshold): Outcome => {
  if (result.verdict === 'Exempt' || result.verdict === 'Agent') return 'skipped';
  if (isGap(result.state, failOn)) return 'failure';
  return result.state === 'Unknown' ? 'error' : 'passed';
};

const problemCase = ({ file, line, message }: CheckReport['problems'][number]): Case => {
  const where = `${file ?? '(standard input)'}${line === undefined ? '' : `:${line}`}`;
  return {
    outcome: 'error',
    xml: `    <testcase classname="input" name="${escapeXml(where)}" time="0"><error message="${escapeXml(message)}" type="Unreadable"/></testcase>`,
  };
};
