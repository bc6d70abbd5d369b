// Looks for one sample in an exposition while it comes in, and holds no more of it than a line: a kubelet of a full node writes
// megabytes, and what is wanted stands in the first half.
import { parseExposition, samplesOf } from '../../agents/exposition.ts';
import { KubeletTrouble } from './trouble.ts';

/** Ours is thirty characters long; a longer line is another one. */
const longestLine = 1024;

/** The value; undefined where the exposition ends without it. Stops reading as soon as it is found. */
export const findSample = async (
  chunks: AsyncIterable<Buffer>,
  name: string,
  mostBytes: number,
): Promise<number | undefined> => {
  let size = 0;
  let rest = '';
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > mostBytes)
      throw new KubeletTrouble('oversize', `its answer is larger than ${mostBytes / 1024 / 1024} MiB`);
    // One character a byte: only names and numbers are looked at, and none is cut in two.
    const text = rest + chunk.toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    const value = valueIn(text.slice(0, end), name);
    if (value !== undefined) return value;
    rest = text.slice(end);
    // What comes next still belongs to that line.
    if (rest.length > longestLine) rest = '#';
  }
  return valueIn(rest, name);
};

const valueIn = (text: string, name: string): number | undefined => {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + name.length)) {
    if (at > 0 && text[at - 1] !== '\n') continue;
    const end = text.indexOf('\n', at);
    const line = text.slice(at, Math.min(end === -1 ? text.length : end, at + longestLine));
    const [sample] = samplesOf(parseExposition(line, new Set([name])), name);
    if (sample !== undefined) return sample.value;
  }
  return undefined;
};
