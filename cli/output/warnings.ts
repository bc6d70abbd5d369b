// What the API server warns of, as kubectl shows it: on standard error, each once.
import type { Io } from '../verb.ts';
import { plain } from './text.ts';

export const showWarnings = ({ stderr }: Pick<Io, 'stderr'>): ((text: string) => void) => {
  const shown = new Set<string>();
  return (text) => {
    if (shown.has(text)) return;
    shown.add(text);
    stderr.write(`Warning: ${plain(text)}\n`);
  };
};
