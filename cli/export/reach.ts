// Where reports come from and go to: a cluster, with the rights of whoever asks, or a file.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CoverageReport } from '../../crds/schema/coverage-report.ts';
import type { CoverageSlice } from '../../crds/schema/coverage-slice.ts';
import { systemClock } from '../../kube/clock.ts';
import { createWriter, type Writer } from '../../kube/apply.ts';
import { loadCluster } from '../../kube/config.ts';
import { classify } from '../../kube/errors.ts';
import { listPages } from '../../kube/list.ts';
import { resources, type Resource } from '../../kube/resource.ts';
import { createTransport } from '../../kube/transport.ts';
import { showWarnings } from '../output/warnings.ts';
import type { Io } from '../verb.ts';
import { documentOf, parseDocument, type CoverageDocument } from './document.ts';

export interface ClusterReach {
  /** For people: which cluster. */
  readonly source: string;
  readonly writer: Writer;
  readonly document: (report: string) => Promise<CoverageDocument>;
  readonly report: (name: string) => Promise<CoverageReport | undefined>;
  readonly slices: (report: string) => Promise<readonly CoverageSlice[]>;
  /** Undefined where it may not be listed, or there is no such kind. */
  readonly list: (resource: Resource) => Promise<readonly unknown[] | undefined>;
  readonly close: () => Promise<void>;
}

export interface Where {
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
}

/** A hundred slices are a few megabytes; pods of a large fleet are not read here. */
const deadlineMs = 120_000;

export const reachCluster = async (where: Where, io: Io): Promise<ClusterReach> => {
  const access = await loadCluster({ ...where, env: io.env }).catch((error: unknown) => {
    throw new Error('no cluster can be asked; name one with --context or --kubeconfig, or name a file', {
      cause: error,
    });
  });
  const transport = createTransport(access, {
    userAgent: 'kubectl-protection',
    clock: systemClock,
    onWarning: showWarnings(io),
  });
  const writer = createWriter(transport);
  const read = async (resource: Resource, fieldSelector?: string): Promise<readonly unknown[]> => {
    const items: unknown[] = [];
    const take = (page: readonly unknown[]): void => void items.push(...page);
    await listPages(transport, { resource, fieldSelector }, take, AbortSignal.timeout(deadlineMs));
    return items;
  };
  const report = async (name: string): Promise<CoverageReport | undefined> => {
    try {
      return await writer.get<CoverageReport>(resources.coverageReports, { name });
    } catch (error) {
      if (classify(error) === 'notFound') return undefined;
      throw error;
    }
  };
  const slices = async (name: string): Promise<readonly CoverageSlice[]> =>
    (await read(resources.coverageSlices, `spec.report=${name}`)) as readonly CoverageSlice[];
  return {
    source: access.source,
    writer,
    report,
    slices,
    document: async (name) => {
      const found = await report(name);
      if (found === undefined)
        throw new Error(`${access.source} has no CoverageReport ${name}, and there is no such file`);
      const isSnapshot = found.spec.snapshotOf !== undefined;
      if (isSnapshot && found.status?.snapshot === undefined) {
        throw new Error(
          `the snapshot ${name} is not complete yet: wait for it (kubectl wait --for=condition=Ready cov/${name})`,
        );
      }
      return documentOf(found, await slices(name), io.now());
    },
    list: async (resource) => {
      try {
        return await read(resource);
      } catch (error) {
        const kind = classify(error);
        if (kind === 'forbidden' || kind === 'notFound') return undefined;
        throw error;
      }
    },
    close: () => transport.close(),
  };
};

/** Five thousand nodes are some megabytes; this is room for what is to come. */
const largestFile = 256 * 1024 * 1024;

/** Undefined where there is no such file. */
export const readExport = async (given: string, io: Io): Promise<string | undefined> => {
  if (given === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  }
  const file = path.resolve(io.cwd, given);
  try {
    const { size } = await stat(file);
    if (size > largestFile) throw new Error(`${given} has ${size} bytes, and ${largestFile} are the most that is read`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** A file where there is one, else a report of the cluster. */
export const readMoment = async (
  given: string,
  io: Io,
  cluster: () => Promise<ClusterReach>,
): Promise<CoverageDocument> => {
  const written = await readExport(given, io);
  if (written === undefined) return (await cluster()).document(given);
  try {
    return parseDocument(written);
  } catch (error) {
    throw new Error(`${given} cannot be read`, { cause: error });
  }
};
