import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { operatorFlags } from '../operator/flags.ts';
import { flagOf } from '../process/flags.ts';
import { webhookFlags } from '../webhook/flags.ts';
import { flagsFile, flagsPage } from './flags-reference.ts';
import { row } from './generated.ts';
import { metricsFile, metricsPage } from './metrics-reference.ts';
import { foundReasons, reasonsFile, reasonsPage } from './reasons.ts';
import { reasons } from '../domain/reason.ts';

const stored = async (file: string): Promise<string> =>
  readFile(path.join(path.dirname(import.meta.dirname), file), 'utf8');

describe('the generated references', () => {
  it.each([
    [reasonsFile, reasonsPage],
    [metricsFile, metricsPage],
    [flagsFile, flagsPage],
  ])('%s is up to date', async (file, page) => {
    expect(await stored(file), 'out of date: run "npm run generate"').toBe(await page());
  });

  it('name no reason that nobody finds', () => {
    expect([...foundReasons()].toSorted()).toEqual(Object.keys(reasons).toSorted());
  });

  it('name the metrics whose names users rely on, with their labels', async () => {
    const page = await metricsPage();
    expect(page).toContain('| `workload_protection_assets` | gauge | `asset`, `state` |');
    expect(page).toContain('| `workload_protection_gaps` | gauge | `reason` |');
    expect(page).toContain('| `workload_protection_agent_nodes` | gauge | `agent`, `version` |');
    expect(page).toContain('| `workload_protection_report_evaluated_timestamp_seconds` | gauge | `report` |');
    expect(page).not.toContain('| `process_');
  });

  it('name every flag', () => {
    const page = flagsPage();
    for (const name of [...Object.keys(operatorFlags), ...Object.keys(webhookFlags)])
      expect(page).toContain(`| \`${flagOf(name)}`);
  });

  it('keep a table whole where a text has a bar in it', () => {
    expect(row(['a|b', 'c'])).toBe(String.raw`| a\|b | c |`);
  });
});
