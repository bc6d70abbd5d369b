// Whatever strangers wrote into a finding, or people into its case: no order to a terminal, no markup on a page, no formula in a table.
import { assert, constantFrom, oneof, property, string, nat, array, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { auditRecord } from '../../domain/findings/audit-record.ts';
import type { StandingFinding } from '../../domain/findings/finding-object.ts';
import { aFinding, aVerifiedFinding, now } from '../../domain/findings/testing/finding.ts';
import { plainPaint } from '../output/paint.ts';
import { auditMarkdown } from './audit-markdown.ts';
import { signed } from './export.ts';
import { findingRows } from './rows.ts';
import { story } from './story.ts';

const hostile = oneof(
  constantFrom(
    '\u001b]0;evil\u0007\u001b[2J\u009b31m\u202eevil\u2066',
    'a | b\n\n# evil\r\n- evil\n\n```\nevil',
    '<script>evil()</script><!-- &lt;img src=x&gt;',
    '[evil](https://evil.example.com) ![x](y) https://evil.example.com www.evil.example.com',
    '=HYPERLINK("https://evil.example.com")',
    '\t@SUM(A1)',
    '\ud800\udfff\u0000\u2028\u2029',
  ),
  string({ unit: 'binary', maxLength: 60 }),
);

/** What the API lets nobody fill in freely. */
const closed = new Set([
  'phase',
  'severity',
  'from',
  'to',
  'resolution',
  'suspendedReason',
  'required',
  'observedBefore',
]);
const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\d/.test(text);

const spoilt = (finding: StandingFinding, places: readonly (readonly [number, string])[]): StandingFinding => {
  const copy = structuredClone(finding);
  const replace: ((text: string) => void)[] = [];
  const walk = (part: object): void => {
    for (const [key, value] of Object.entries(part) as readonly [string, unknown][]) {
      if (typeof value === 'object' && value !== null) walk(value);
      else if (typeof value === 'string' && !closed.has(key) && !isTime(value))
        replace.push((text) => void Reflect.set(part, key, text));
    }
  };
  // Names the API server checks.
  walk({ spec: copy.spec, status: copy.status });
  for (const [place, text] of places) replace[place % replace.length]?.(text);
  return copy;
};

// oxlint-disable-next-line no-control-regex
const orders = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const forAll = (check: (finding: StandingFinding) => void): void =>
  assert(
    property(
      constantFrom(aFinding(), aVerifiedFinding()),
      array(tuple(nat(), hostile), { minLength: 1, maxLength: 20 }),
      (finding, places) => {
        check(spoilt(finding, places));
      },
    ),
    { numRuns: 300 },
  );

test('what is shown gives a terminal no orders, and breaks no line', () => {
  const linesOf = (finding: StandingFinding): string => [...story(finding, { paint: plainPaint, now })].join('');
  forAll((finding) => expect(linesOf(finding)).not.toMatch(orders));
});

test('the page for auditors has the headings and tables that it has, and nothing else', () => {
  const options = { exportedAt: new Date(now).toISOString(), cluster: undefined };
  const headings = ['Found', 'Owned', 'Done', 'Verified'];
  forAll((finding) => {
    const page = auditMarkdown(signed(auditRecord(finding, options)));
    expect(page).not.toMatch(orders);
    const lines = page.split('\n').map((line) => line.replaceAll(/\\./g, ''));
    expect(lines.filter((line) => line.startsWith('#')).slice(1)).toEqual(headings.map((heading) => `## ${heading}`));
    for (const line of lines) {
      const text = line.replace(/<https?:\/\/[^\s<>|]+>$/, '');
      expect(text).not.toMatch(/[<>[\]]|:\/\/|^```/);
      if (text.startsWith('|')) expect([4, 5, 6]).toContain(text.split('|').length - 1);
    }
  });
});

test('the table holds no formula', () => {
  forAll((finding) => {
    const table = [
      ...findingRows([{ apiVersion: 'workloadprotection.dev/v1alpha1', kind: 'Finding', ...finding }], {
        format: 'csv',
        paint: plainPaint,
        now,
        isOfSeveral: true,
      }),
    ].join('');
    expect(table).not.toMatch(orders);
    expect(table).not.toMatch(/(?:^|,)"?\s*[=+@]/m);
  });
});
