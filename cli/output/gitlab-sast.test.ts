import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { aGap, aReport, aResult } from '../testing/reports.ts';
import { gitlabSast } from './gitlab-sast.ts';

const tool = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  version: z.string().min(1),
  vendor: z.strictObject({ name: z.string().min(1) }),
});
const time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/);

/** What GitLab demands of such a report; strict, so that no field is made up. */
const schema = z.strictObject({
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  schema: z.url(),
  scan: z.strictObject({
    analyzer: tool,
    scanner: tool,
    type: z.literal('sast'),
    start_time: time,
    end_time: time,
    status: z.enum(['success', 'failure']),
    messages: z.array(z.strictObject({ level: z.enum(['info', 'warn', 'fatal']), value: z.string().min(1) })),
  }),
  vulnerabilities: z.array(
    z.strictObject({
      id: z.string().min(1),
      name: z.string().max(255),
      description: z.string().max(1_048_576),
      severity: z.enum(['Info', 'Unknown', 'Low', 'Medium', 'High', 'Critical']),
      solution: z.string().max(7000),
      location: z.strictObject({ file: z.string().min(1), start_line: z.int().min(1) }),
      identifiers: z
        .array(z.strictObject({ type: z.string().min(1), name: z.string().min(1), value: z.string().min(1) }))
        .min(1)
        .max(20),
    }),
  ),
});

const at = Date.parse('2026-06-01T12:30:00.5Z');
const parse = (report: Parameters<typeof gitlabSast>[0]) => schema.parse(JSON.parse(gitlabSast(report, at)));

describe('the security report for GitLab', () => {
  it('is of the form that GitLab takes, with each gap where it stands', () => {
    const { scan, vulnerabilities } = parse({ ...aReport(), problems: [] });
    expect([scan.start_time, scan.status]).toEqual(['2026-06-01T12:30:00', 'success']);
    expect(vulnerabilities[0]).toMatchObject({
      severity: 'Critical',
      location: { file: 'manifests/web.yaml', start_line: 7 },
      identifiers: [{ value: 'AgentMissing' }],
    });
  });

  it('keeps to the limits, whatever is long', () => {
    const long = aResult({
      name: 'a'.repeat(400),
      gaps: [aGap({ remedy: 'b'.repeat(9000), cause: 'c'.repeat(9000) })],
    });
    expect(parse({ ...aReport(), results: [long] }).vulnerabilities).toHaveLength(1);
  });

  it('has the same id while the same is wrong with the same workload', () => {
    const idOf = (line: number): string | undefined =>
      parse({
        ...aReport(),
        results: [aResult({ line, nodes: { total: line, protected: 0, unprotected: line, unknown: 0 } })],
      }).vulnerabilities[0]?.id;
    expect(idOf(7)).toBe(idOf(70));
  });

  it('says what could not be read', () => {
    const { scan } = parse({ ...aReport(), problems: [{ file: 'a.yaml', line: 3, message: 'it is no object' }] });
    expect(scan).toMatchObject({ status: 'failure', messages: [{ value: 'a.yaml: it is no object' }] });
  });
});
