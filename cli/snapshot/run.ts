// `snapshot`: freezes a report now, and waits until it is whole.
import { clusterReportName } from '../../crds/schema/coverage-report.ts';
import { snapshotName } from '../../domain/snapshot/snapshot-name.ts';
import { sleep, systemClock } from '../../kube/clock.ts';
import { resources } from '../../kube/resource.ts';
import { flagsHelp, parseFlags, type FlagTable } from '../flags/table.ts';
import { reachCluster, type ClusterReach } from '../export/reach.ts';
import { UsageError, type Verb } from '../verb.ts';

const flags = {
  name: { placeholder: 'NAME', help: 'How it is called. Default: the name of the report, and the time.' },
  timeout: { placeholder: 'SECONDS', help: 'How long to wait until it is whole. Default: 60; 0 does not wait.' },
  context: { placeholder: 'NAME', help: 'Context of the kubeconfig. Default: the current one.' },
  kubeconfig: { placeholder: 'FILE', help: 'Kubeconfig. Default: as kubectl finds it.' },
} as const satisfies FlagTable;

const lookEveryMs = 500;
const defaultTimeout = '60';

export const snapshotVerb: Verb = {
  name: 'snapshot',
  summary: 'Freezes a report, with every asset, under a digest.',
  help: `Makes a snapshot of a report: an object that never changes, with the state of every asset. The operator fills it.

Usage: kubectl protection snapshot [REPORT] [flags]

Examples:
  kubectl protection snapshot
  kubectl protection snapshot payments --name payments-before-audit

Flags:
${flagsHelp(flags)}

Exit code: 0 where it is whole, 2 where it is not.
`,
  run: async (args, io) => {
    const given = parseFlags(flags, args, 1);
    const of = given.positionals[0] ?? clusterReportName;
    const seconds = Number(given.text('timeout') ?? defaultTimeout);
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600) {
      throw new UsageError('--timeout must be a number of seconds from 0 to 3600');
    }
    const reach = await reachCluster({ context: given.text('context'), kubeconfig: given.text('kubeconfig') }, io);
    try {
      const source = await reach.report(of);
      if (source === undefined) throw new Error(`${reach.source} has no CoverageReport ${of}`);
      if (source.spec.snapshotOf !== undefined) throw new UsageError(`${of} is a snapshot itself`);
      const name = given.text('name') ?? snapshotName(of, io.now());
      const { scope } = source.spec;
      await reach.writer.create(resources.coverageReports, {
        metadata: { name },
        spec: { snapshotOf: { name: of }, ...(scope === undefined ? {} : { scope }) },
      });
      const digest = seconds === 0 ? undefined : await untilWhole(reach, name, seconds);
      io.stdout.write(`${name}\n${digest === undefined ? '' : `${digest}\n`}`);
      return 0;
    } finally {
      await reach.close();
    }
  },
};

const untilWhole = async (reach: ClusterReach, name: string, seconds: number): Promise<string> => {
  const end = systemClock.monotonic() + seconds * 1000;
  for (;;) {
    const snapshot = await reach.report(name);
    if (snapshot === undefined) throw new Error(`somebody deleted ${name} while it was being taken`);
    if (snapshot.status?.snapshot !== undefined) return snapshot.status.snapshot.digest;
    if (systemClock.monotonic() > end) {
      const why = snapshot.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
      throw new Error(
        `${name} is not whole after ${seconds} s: ${why ?? 'no operator has come to it; see whether it runs'}`,
      );
    }
    await sleep(systemClock, lookEveryMs);
  }
};
