// docs/start-transcript.md: what `npm start` printed, and what the commands printed that it offers. Written only where UPDATE_CAPTURES=1
// asks for it.
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..', '..');

export const isCapturing = (): boolean => process.env['UPDATE_CAPTURES'] === '1';

export interface Said {
  readonly command: string;
  readonly printed: string;
}

export interface Shown {
  readonly pid: number;
  readonly progress: string;
  readonly result: string;
  readonly said: readonly Said[];
  /** What was printed after Ctrl-C. */
  readonly end: string;
}

export const writeTranscript = async (shown: Shown): Promise<void> => {
  if (isCapturing()) await writeFile(path.join(root, 'docs', 'start-transcript.md'), transcriptOf(shown));
};

const transcriptOf = ({ pid, progress, result, said, end }: Shown): string => {
  const general = (text: string): string =>
    text
      .replaceAll(root, '~/workload-protection-operator')
      .replaceAll(homedir(), '~')
      .replaceAll(`start-${pid}`, 'start-4711')
      .trim();
  return `# What \`npm start\` shows

Written by its own test, with the control plane's programs already built (the first run fetches or builds them, about ten minutes with Go).
Seconds hang on what else the machine does: on two cores that do nothing else it takes half a minute. Paths are shortened to \`~\`.

\`\`\`console
$ npm start
${progress
  .split('\n')
  .map((line) => general(line).padStart(line.trimEnd().length))
  .join('\n')
  .trimEnd()}
${general(result)}
\`\`\`

The commands, in another shell:

\`\`\`console
${said.map(({ command, printed }) => general(`$ ${command}\n${printed}`)).join('\n\n')}
\`\`\`

And Ctrl-C in the first:

\`\`\`console
^C
${end.trimEnd()}
$
\`\`\`
`;
};
