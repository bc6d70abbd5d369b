import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { CheckReport } from '../judge/result.ts';
import { aGap, aReport, aResult, everyVerdict } from '../testing/reports.ts';
import { formatted, type Format } from './formats.ts';
import { escapeXml } from './xml.ts';

const write = (format: Format, report: CheckReport = aReport()): string =>
  formatted(report, format, { colour: false, failOn: 'Incomplete', at: 0 });

/** Names and causes are anybody's. */
const hostile = '<b>|`x`%0A::error::\n\r\t"\'&]]>\u0000\u001B[31m\u202E\uD800';
const hostileReport = aReport({
  results: [
    aResult({ name: hostile, namespace: hostile, file: hostile, gaps: [aGap({ cause: hostile, remedy: hostile })] }),
  ],
  problems: [{ file: hostile, line: 1, message: hostile }],
  notes: [hostile],
});

describe('JUnit', () => {
  const attributesOf = (tag: string, xml: string): readonly Record<string, string>[] =>
    [...xml.matchAll(new RegExp(`<${tag}((?: [\\w]+="[^"<]*")*)/?>`, 'g'))].map(([, written = '']) =>
      Object.fromEntries([...written.matchAll(/ (\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value])),
    );

  it('counts what it holds: gaps fail, unknowns err, exempt ones are skipped', () => {
    const xml = write('junit');
    expect(attributesOf('testsuites', xml)).toMatchObject([{ tests: '7', failures: '1', errors: '2', skipped: '2' }]);
    expect(attributesOf('testsuite', xml)).toMatchObject([
      { name: 'manifests/web.yaml', tests: '6', failures: '1', errors: '1', skipped: '2' },
      { name: 'input', tests: '1', errors: '1' },
    ]);
    expect(attributesOf('testcase', xml)).toHaveLength(7);
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml.match(/<error /g)).toHaveLength(2);
    expect(xml.match(/<skipped /g)).toHaveLength(2);
  });

  it('fails what --fail-on fails', () => {
    const xml = formatted(aReport(), 'junit', { colour: false, failOn: 'Warning', at: 0 });
    expect(attributesOf('testsuites', xml)).toMatchObject([{ failures: '2', errors: '2' }]);
  });

  it('has nothing in it that XML cannot hold, and nothing of others as markup', () => {
    const xml = write('junit', hostileReport);
    const tags = [...xml.matchAll(/<\/?(\w+)/g)].map(([, tag]) => tag);
    expect(new Set(tags)).toEqual(new Set(['testsuites', 'testsuite', 'testcase', 'failure', 'error']));
    // eslint-disable-next-line no-control-regex -- these are the characters that are meant
    expect(xml).not.toMatch(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uD800-\uDFFF]/);
  });

  it('escapes whatever there is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeXml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replaceAll(/&(?:amp|lt|gt|quot|apos|#\d+);/g, '')).not.toContain('&');
      }),
    );
  });
});

describe('GitHub annotations', () => {
  it('are one command a gap, on file and line', () => {
    const lines = write('github').split('\n');
    expect(lines.filter((line) => line.startsWith('::'))).toHaveLength(4);
    expect(lines[1]).toMatch(
      /^::error file=manifests\/web\.yaml,line=7,title=AgentMissing::Deployment shop\/web would run/,
    );
    expect(lines.map((line) => /^::(\w+)/.exec(line)?.[1])).toEqual(expect.arrayContaining(['notice', 'warning']));
  });

  it('let nobody else give commands', () => {
    const commands = write('github', hostileReport)
      .split('\n')
      .filter((line) => line.startsWith('::'));
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(command).not.toMatch(/[\r\n]|file=[^,]*::error::/);
  });
});

describe("GitLab's report", () => {
  it('has path, line, severity and a fingerprint of its own for every gap', () => {
    const entries = JSON.parse(write('gitlab')) as readonly Record<string, unknown>[];
    expect(entries).toHaveLength(3);
    expect(entries[0]).toEqual({
      description: expect.stringContaining('Deployment shop/web would run unprotected on the 2 nodes that fit'),
      check_name: 'AgentMissing',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      severity: 'critical',
      location: { path: 'manifests/web.yaml', lines: { begin: 7 } },
    });
    expect(new Set(entries.map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });
});

describe('Markdown', () => {
  it('is a table with a row for each workload', () => {
    const rows = write('markdown')
      .split('\n')
      .filter((line) => line.startsWith('| '));
    expect(rows).toHaveLength(1 + everyVerdict.length);
  });

  it('keeps the words of others in their cell, and text', () => {
    const lines = write('markdown', hostileReport).split('\n');
    const row = lines.find((line) => line.startsWith('| Unprotected')) ?? '';
    expect(row.replaceAll(/\\./g, '').split('|')).toHaveLength(9);
    expect(row.replaceAll(/\\./g, '')).not.toMatch(/[<>`]/);
  });
});

describe('JSON and YAML', () => {
  it('are the same report', () => {
    expect(load(write('yaml'))).toEqual(JSON.parse(write('json')));
    expect(JSON.parse(write('json'))).toEqual(aReport());
  });
});

describe('the table', () => {
  it('has columns that line up', () => {
    const lines = write('wide')
      .split('\n')
      .slice(0, 1 + everyVerdict.length);
    const at = lines[0]?.indexOf('NODES') ?? -1;
    for (const line of lines) expect(line.slice(at - 2, at + 1)).toMatch(/^ {2}\S/);
  });

  it('says what is skipped, and how it was judged', () => {
    expect(write('table')).toMatch(/2 objects of other kinds skipped: ConfigMap 2\nnote: judged by files alone\n$/);
  });
});
