// `coverage verify`: whether an exported file is still what it was. It asks no cluster.
import { flagsHelp, parseFlags, type FlagTable } from '../flags/table.ts';
import { checkDocument, parseDocument, type CoverageDocument } from '../export/document.ts';
import { frameworkNames } from '../export/frameworks.ts';
import { htmlExport } from '../export/html.ts';
import { readExport } from '../export/reach.ts';
import { UsageError, type Verb } from '../verb.ts';

const flags = {
  digest: {
    placeholder: 'sha256:…',
    help: 'The digest as the operator said it when the snapshot was taken: in its log, or in the Event SnapshotTaken.',
  },
} as const satisfies FlagTable;

export const verifyVerb: Verb = {
  name: 'verify',
  summary: 'Whether an exported file is still what it was; offline.',
  help: `Takes the digest of what a file says again, and compares. Somebody who changes a file can change its digest as well: --digest holds it against what was said elsewhere.

Usage: kubectl protection coverage verify FILE|- [flags]

Examples:
  kubectl protection coverage verify coverage.json
  kubectl protection coverage verify coverage.html --digest sha256:…

Flags:
${flagsHelp(flags)}

Exit code: 0 where all is well, 1 where the file was changed, 2 where it cannot be read.
`,
  run: async (args, io) => {
    const given = parseFlags(flags, args, 1);
    const [file] = given.positionals;
    if (file === undefined) throw new UsageError('say which file to verify');
    const text = await readExport(file, io);
    if (text === undefined) throw new UsageError(`${file}: there is no such file`);
    const document = parseDocument(text);
    const { digest, troubles } = checkDocument(document, given.text('digest'));
    const all = [...troubles, ...(isPage(text) && !isRendered(text, document) ? [pageDiffers] : [])];
    if (all.length > 0) {
      io.stdout.write(`CHANGED ${file}\n${all.map((trouble) => `  ${trouble}\n`).join('')}`);
      return 1;
    }
    io.stdout.write(`OK ${file}: ${describe(document)}\n${digest}\n`);
    return 0;
  },
};

const pageDiffers =
  'the evidence in the page is whole, but the page shows something else: somebody changed it, or another version of this command wrote it';

const isPage = (text: string): boolean => text.trimStart().startsWith('<');

/** Whatever frameworks it was made with. */
const isRendered = (page: string, document: CoverageDocument): boolean =>
  [undefined, ...frameworkNames].some((framework) => htmlExport(document, framework) === page);

const describe = ({ report, slices }: CoverageDocument): string => {
  const { snapshot, evaluatedAt } = report.status;
  const assets = slices.reduce(
    (sum, { profiles }) => sum + profiles.reduce((of, { names }) => of + names.length, 0),
    0,
  );
  const what =
    snapshot === undefined
      ? `report ${report.metadata.name} as of ${evaluatedAt ?? 'an unknown time'}, not a snapshot`
      : `snapshot ${report.metadata.name} of ${report.spec.snapshotOf?.name ?? '?'}, taken at ${snapshot.takenAt}${snapshot.cluster === undefined ? '' : ` in ${snapshot.cluster}`}`;
  return `${what}, ${assets} assets`;
};
