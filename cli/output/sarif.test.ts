import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { aGap, aReport, aResult } from '../testing/reports.ts';
import { sarif } from './sarif.ts';

const message = z.strictObject({ text: z.string().min(1), markdown: z.string().min(1).optional() });
const level = z.enum(['none', 'note', 'warning', 'error']);
const location = z.strictObject({
  physicalLocation: z.strictObject({
    // A relative reference that begins with no slash, or the file's own: no backslash, nothing that has to be escaped.
    artifactLocation: z.strictObject({ uri: z.string().regex(/^(?:file:\/\/\/|(?!\/))[A-Za-z0-9._~/%:-]+$/) }),
    region: z.strictObject({ startLine: z.int().min(1) }),
  }),
  logicalLocations: z
    .array(z.strictObject({ name: z.string(), fullyQualifiedName: z.string(), kind: z.string() }))
    .optional(),
});

/** What the standard demands of what we write; strict, so that no field is made up. */
const log = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z
    .array(
      z.strictObject({
        tool: z.strictObject({
          driver: z.strictObject({
            name: z.string().min(1),
            fullName: z.string(),
            rules: z.array(
              z.strictObject({
                id: z.string().min(1),
                shortDescription: message,
                fullDescription: message,
                help: message,
                defaultConfiguration: z.strictObject({ level }),
                properties: z.strictObject({ tags: z.array(z.string()).max(10), precision: z.string() }),
              }),
            ),
          }),
        }),
        columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
        invocations: z.array(
          z.strictObject({
            executionSuccessful: z.boolean(),
            exitCode: z.int(),
            toolExecutionNotifications: z.array(
              z.strictObject({ level, message, locations: z.array(location).optional() }),
            ),
          }),
        ),
        results: z.array(
          z.strictObject({
            ruleId: z.string(),
            ruleIndex: z.int().min(0),
            level,
            message,
            locations: z.array(location).length(1),
            partialFingerprints: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
            properties: z.record(z.string(), z.unknown()),
          }),
        ),
      }),
    )
    .length(1),
});

const runOf = (report = aReport()) => {
  const [run] = log.parse(JSON.parse(sarif(report))).runs;
  if (run === undefined) throw new Error('there is no run');
  return run;
};

describe('SARIF', () => {
  it('has the form of the standard, with a rule for every reason that occurs', () => {
    const { tool, results } = runOf();
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(['AgentMissing', 'NotYetReported']);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  it('has a result for every gap, on the line of the workload, by how bad it is', () => {
    const { results } = runOf();
    expect(results.map((result) => result.level)).toEqual(['error', 'note', 'warning']);
    expect(results[0]?.locations[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'manifests/web.yaml' },
      region: { startLine: 7 },
    });
    expect(results[0]?.message.text).toContain('Add the toleration');
  });

  it('has what could not be read as a notification, and then no success', () => {
    expect(runOf().invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 1 });
    expect(runOf(aReport({ problems: [] })).invocations[0]).toMatchObject({ executionSuccessful: true });
  });

  it('has a path where there is no file, since GitHub refuses a result without one', () => {
    const { file: _, ...piped } = aResult({ name: 'a b' });
    const { results } = runOf(aReport({ results: [piped] }));
    expect(results[0]?.locations[0]?.physicalLocation.artifactLocation.uri).toBe('k8s/shop/deployment/a_b.yaml');
  });

  it('keeps the fingerprint while the same is wrong, wherever it stands and on however many nodes', () => {
    const fingerprint = (result: ReturnType<typeof aResult>): unknown =>
      runOf(aReport({ results: [result] })).results[0]?.partialFingerprints;
    const before = fingerprint(aResult());
    expect(fingerprint(aResult({ file: 'elsewhere.yaml', line: 99, gaps: [aGap({ nodes: 40 })] }))).toEqual(before);
    expect(fingerprint(aResult({ name: 'other' }))).not.toEqual(before);
    expect(fingerprint(aResult({ gaps: [aGap({ reason: 'SandboxedRuntime' })] }))).not.toEqual(before);
  });

  it.each([
    ['escapes a path with spaces', 'my manifests/web.yaml', 'my%20manifests/web.yaml'],
    ['escapes what begins a query or a fragment', 'a#b?c.yaml', 'a%23b%3Fc.yaml'],
    [
      'has a whole path as the address of the file',
      '/srv/my manifests/web.yaml',
      'file:///srv/my%20manifests/web.yaml',
    ],
    ['has a path with a drive as the address of the file', 'C:/manifests/web.yaml', 'file:///C:/manifests/web.yaml'],
  ])('%s', (_, file, expected) => {
    const { results } = runOf(aReport({ results: [aResult({ file })] }));
    expect(results[0]?.locations[0]?.physicalLocation.artifactLocation.uri).toBe(expected);
  });
});
