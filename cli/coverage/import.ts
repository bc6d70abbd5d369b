// `coverage import`: a snapshot from a file back into a cluster, under its own name and with its own digest.
import { importedAnnotation } from '../../domain/snapshot/annotations.ts';
import { resources } from '../../kube/resource.ts';
import { classify } from '../../kube/errors.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import type { CoverageSlice } from '../../crds/schema/coverage-slice.ts';
import { flagsHelp, parseFlags, type FlagTable } from '../flags/table.ts';
import { checkDocument, parseDocument, type CoverageDocument } from '../export/document.ts';
import { reachCluster, readExport, type ClusterReach } from '../export/reach.ts';
import { UsageError, type Verb } from '../verb.ts';

const flags = {
  context: { placeholder: 'NAME', help: 'Context of the kubeconfig. Default: the current one.' },
  kubeconfig: { placeholder: 'FILE', help: 'Kubeconfig. Default: as kubectl finds it.' },
} as const satisfies FlagTable;

export const importVerb: Verb = {
  name: 'import',
  summary: 'Restores an exported snapshot into a cluster.',
  help: `Makes a snapshot again from an export (JSON, or HTML with the evidence in it), under its own name, marked as imported. It needs the CRDs, no operator, and the rights to create coveragereports and coverageslices and to patch coveragereports/status.

Usage: kubectl protection coverage import FILE|- [flags]

Example:
  kubectl protection coverage import coverage.json

Flags:
${flagsHelp(flags)}

Exit code: 0 where it is there, 1 where the file was changed since it was exported, 2 where it could not be made.
`,
  run: async (args, io) => {
    const given = parseFlags(flags, args, 1);
    const [file] = given.positionals;
    if (file === undefined) throw new UsageError('say which file to import');
    const text = await readExport(file, io);
    if (text === undefined) throw new UsageError(`${file}: there is no such file`);
    const document = parseDocument(text);
    const { troubles } = checkDocument(document, undefined);
    if (troubles.length > 0) {
      io.stderr.write(`CHANGED ${file}: nothing is imported\n${troubles.map((trouble) => `  ${trouble}\n`).join('')}`);
      return 1;
    }
    if (document.report.spec.snapshotOf === undefined || document.report.status.snapshot === undefined) {
      throw new UsageError(`${file} is an export of a report that goes on changing: only a snapshot can be restored`);
    }
    const reach = await reachCluster({ context: given.text('context'), kubeconfig: given.text('kubeconfig') }, io);
    try {
      const outcome = await restore(reach, document);
      io.stdout.write(`${outcome} ${document.report.metadata.name} in ${reach.source}\n${document.digest}\n`);
      return 0;
    } finally {
      await reach.close();
    }
  },
};

const fieldManager = 'kubectl-protection';

const restore = async (reach: ClusterReach, { report, slices, digest }: CoverageDocument): Promise<string> => {
  const { name } = report.metadata;
  const present = await reach.report(name);
  if (present?.status?.snapshot !== undefined) {
    if (present.status.snapshot.digest === digest) return 'already there:';
    throw new Error(`there is a CoverageReport ${name} with another digest: delete it first, if it is not wanted`);
  }
  if (present !== undefined && present.metadata.annotations?.[importedAnnotation] === undefined) {
    throw new Error(`there is a CoverageReport ${name} that no import began: delete it first, if it is not wanted`);
  }
  // One that broke off is begun again.
  for (const slice of await reach.slices(name))
    await reach.writer.delete(resources.coverageSlices, { name: slice.metadata.name });
  const made = await reach.writer.apply(
    resources.coverageReports,
    { metadata: { name, annotations: { [importedAnnotation]: 'true' } }, spec: report.spec },
    { fieldManager },
  );
  const owner = { apiVersion, kind: 'CoverageReport', name, uid: made.metadata.uid, controller: true };
  for (const slice of slices) await make(reach, slice, owner);
  // The digest last: what has none is no snapshot.
  await reach.writer.applyStatus(
    resources.coverageReports,
    {
      metadata: { name, uid: made.metadata.uid },
      status: { ...report.status, snapshot: { ...report.status.snapshot, imported: true } },
    },
    { fieldManager },
  );
  return 'restored';
};

const make = async (reach: ClusterReach, slice: CoverageSlice, owner: object): Promise<void> => {
  const { metadata, apiVersion: _, kind: __, ...content } = slice;
  try {
    await reach.writer.create(resources.coverageSlices, {
      metadata: {
        name: metadata.name,
        labels: { 'app.kubernetes.io/managed-by': fieldManager },
        ownerReferences: [owner],
      },
      ...content,
    });
  } catch (error) {
    if (classify(error) !== 'exists') throw error;
    throw new Error(
      `there is a CoverageSlice ${metadata.name} of another report: wait until it is deleted, and try again`,
      {
        cause: error,
      },
    );
  }
};
