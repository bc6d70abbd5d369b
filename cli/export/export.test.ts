import { describe, expect, test } from 'vitest';
import { loadAll } from 'js-yaml';
import { written } from '../coverage/export.ts';
import { checkDocument, parseDocument, type CoverageDocument } from './document.ts';
import { frameworkNames, frameworks } from './frameworks.ts';
import { aDocument, blind } from './testing/documents.ts';

const document = aDocument();
const digest = document.report.status.snapshot?.digest ?? '';

type Path = readonly (string | number)[];

/** The same with another value at one place; undefined takes away what is there. */
const changed = (path: Path, value: unknown, from: unknown = document): CoverageDocument => {
  const [step, ...rest] = path;
  if (step === undefined) return value as CoverageDocument;
  const copy = (Array.isArray(from) ? [...(from as unknown[])] : { ...(from as object) }) as Record<string, unknown>;
  const inner = changed(rest, value, copy[step]);
  if (inner === undefined && Array.isArray(copy)) copy.splice(Number(step), 1);
  else copy[step] = inner;
  return copy as unknown as CoverageDocument;
};

describe('an export checks itself', () => {
  test('as JSON and inside its page, and its digest is that of the snapshot', () => {
    for (const format of ['json', 'html'] as const) {
      const read = parseDocument(written(document, format, undefined));
      expect(checkDocument(read, undefined)).toEqual({ digest, troubles: [] });
      expect(read).toEqual(document);
    }
  });

  test('in whatever order its keys and slices stand', () => {
    const turned = Object.fromEntries(
      Object.entries({ ...document, slices: document.slices.toReversed() }).toReversed(),
    );
    expect(checkDocument(parseDocument(JSON.stringify(turned)), digest).troubles).toEqual([]);
  });

  test.each<readonly [string, Path, unknown]>([
    ['an asset that is said to be protected', ['slices', 0, 'profiles', 0, 'state'], 'Protected'],
    ['an asset left out', ['slices', 1, 'profiles', 0, 'names', 0], undefined],
    ['another figure', ['report', 'status', 'counts', 'nodes', 'protected'], 3],
    ['another time', ['report', 'status', 'snapshot', 'takenAt'], '2026-11-21T06:00:00Z'],
    ['another scope', ['report', 'spec', 'scope'], {}],
    ['a slice left out', ['slices', 1], undefined],
    ['another digest', ['digest'], `sha256:${'0'.repeat(64)}`],
    ['another digest of the snapshot', ['report', 'status', 'snapshot', 'digest'], `sha256:${'0'.repeat(64)}`],
  ])('and notices %s', (_, path, value) => {
    expect(checkDocument(changed(path, value), undefined).troubles).not.toEqual([]);
  });

  test('not by what differs between copies: conditions and the mark of an import', () => {
    const imported = changed(['report', 'status', 'snapshot', 'imported'], true);
    const copy = changed(['report', 'status', 'conditions'], [], imported);
    expect(checkDocument(copy, digest).troubles).toEqual([]);
  });

  test('against a digest from elsewhere', () => {
    expect(checkDocument(document, `sha256:${'0'.repeat(64)}`).troubles).toHaveLength(1);
  });

  test('also where it is of a report that goes on changing', () => {
    const live = aDocument(undefined, 'cluster', false);
    expect(live.report.status.snapshot).toBeUndefined();
    expect(checkDocument(live, undefined)).toEqual({ digest: live.digest, troubles: [] });
  });
});

test.each([
  ['', 'no JSON'],
  ['nothing', 'no JSON'],
  ['{"kind":"CoverageExport"}', 'no export'],
  ['[]', 'no export'],
  ['{"kind":"CoverageExport","report":{"metadata":{"name":"x"},"status":{}},"slices":[{}]}', 'no export'],
  ['<!doctype html><p>hello', 'holds no evidence'],
])('%s is no export', (text, why) => {
  expect(() => parseDocument(text)).toThrow(why);
});

test('CSV has one line for each asset, the worst first, and no cell that a spreadsheet would run', () => {
  const lines = written(document, 'csv', undefined).split('\r\n');
  expect(lines).toHaveLength(9);
  expect(lines[1]).toBe(
    `node,,gpu-1,NoAgent,,AgentMissing,The DaemonSet falco/falco does not tolerate dedicated=gpu:NoSchedule.,Add the toleration to the DaemonSet falco/falco.,,,,,,,,2026-11-22T06:00:00Z`,
  );
  expect(lines[2]).toMatch(/^workload,ml,Job\/<train>,NoAgent,.*,everything,High,/);
  expect(lines[6]).toContain(
    'legacy,Deployment/old,Exempt,,,,,,,,everything,"moves out, ""soon""",2027-01-01T00:00:00Z',
  );
});

describe('the page', () => {
  const page = written(document, 'html', 'pci-dss');

  test('says which cluster, when, and what to compare with, and loads nothing', () => {
    for (const said of [
      'prod &lt;1&gt;',
      '<dd><code>6c1d</code></dd>',
      '2026-11-22T06:00:00Z',
      digest,
      'coverage verify',
      'Incomplete infrastructure coverage',
    ]) {
      expect(page).toContain(said);
    }
    expect(page).not.toMatch(/\b(?:src|href)="(?!#)|@import|url\(/);
  });

  test('has one hexagon for each node, with what it is told by', () => {
    expect(page.match(/<use href="#hexagon"\/>/g)).toHaveLength(3);
    expect(page).toContain('<title>gpu-1, NoAgent: The DaemonSet falco/falco does not tolerate');
  });

  test('names the controls of the framework that is asked for, and of all where none is', () => {
    expect(page).toContain('10.7.2');
    expect(page).not.toContain('CC6.8');
    const all = written(document, 'html', undefined);
    for (const name of frameworkNames)
      for (const { id } of frameworks[name].controls) expect(all).toContain(`<td>${id}</td>`);
  });

  test('says where it is heading, by the history', () => {
    expect(page).toContain('Workloads protected: 50.0 %, 10 points better than 2026-11-22T04:00:00.000Z (40.0 %).');
  });

  test('takes names for text, whatever they hold', () => {
    expect(page).toContain('workload ml/Job/&lt;train&gt;');
    expect(page).not.toContain('<train>');
  });
});

interface OcsfEvent {
  readonly metadata: { readonly uid: string };
  readonly compliance: { readonly status: string };
  readonly severity: string;
  readonly remediation?: { readonly desc: string };
  readonly resources: readonly { readonly uid: string }[];
}

describe('OCSF', () => {
  const events = written(document, 'ocsf', 'soc2')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as OcsfEvent);

  test('has one Compliance Finding for each asset that runs', () => {
    expect(events).toHaveLength(6);
    for (const event of events) {
      expect(event).toMatchObject({
        class_uid: 2003,
        category_uid: 2,
        type_uid: 200301,
        time: Date.parse('2026-11-22T06:00:00Z'),
      });
      expect(event.metadata).toMatchObject({ version: '1.4.0', product: { name: 'Workload Protection Operator' } });
      expect(event.compliance).toMatchObject({ requirements: ['CC6.8', 'CC7.1', 'CC7.2'] });
    }
    expect(new Set(events.map((event) => event.metadata.uid)).size).toBe(6);
  });

  test('says how each stands, how severe that is, and what mends it', () => {
    const of = (name: string): unknown => {
      const event = events.find(({ resources }) => resources[0]?.uid === name);
      return [event?.compliance.status, event?.severity, event?.remediation?.desc];
    };
    expect(of('node/gpu-1')).toEqual(['Fail', 'Medium', blind.reasons?.[0]?.remedy]);
    expect(of('workload/ml/Job/<train>')).toEqual(['Fail', 'High', blind.reasons?.[0]?.remedy]);
    expect(of('node/node-1')).toEqual(['Pass', 'Informational', undefined]);
    expect(of('workload/legacy/Deployment/old')).toEqual(['Warning', 'Medium', undefined]);
  });
});

test('the JSON is YAML too, so that kubectl and other tools read it', () => {
  expect(loadAll(written(document, 'json', undefined))).toHaveLength(1);
});
