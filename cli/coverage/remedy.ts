// Remedies are sentences with commands in them: taken apart, so that a command stands on a line of its own and can be pasted.

export interface RemedyPart {
  readonly kind: 'words' | 'command';
  readonly text: string;
}

/** In the order of the sentence. A command begins after a colon or with the sentence, and ends before a semicolon or a bracket. */
export const remedyParts = (remedy: string): readonly RemedyPart[] => {
  const parts: RemedyPart[] = [];
  let rest = remedy.trim();
  while (rest !== '') {
    const start = /^(?:kubectl|helm) /.test(rest) ? 0 : rest.search(/(?<=: )(?:kubectl|helm) /);
    if (start === -1) {
      parts.push({ kind: 'words', text: rest });
      break;
    }
    const words = rest.slice(0, start).trim();
    if (words !== '') parts.push({ kind: 'words', text: words });
    const command = commandAt(rest.slice(start));
    parts.push({ kind: 'command', text: command.trim() });
    rest = rest
      .slice(start + command.length)
      .replace(/^;/, '')
      .trim();
  }
  return parts;
};

/** The one command that mends it, as it can be pasted; undefined where there is none, where there are several to choose from, or where
 * one has a name to be filled in. */
export const commandIn = (remedy: string): string | undefined => {
  const commands = remedyParts(remedy).filter(({ kind }) => kind === 'command');
  const [first] = commands;
  return first === undefined || commands.length > 1 || hasBlank(first.text) ? undefined : first.text;
};

/** `<pod>`, `<cpu>`: outside of quotes, where a shell would take it for a file. */
const hasBlank = (command: string): boolean => /<[a-z][a-z -]*>/.test(command.replaceAll(/'[^']*'/g, ''));

/** Whatever stands in single quotes belongs to it: patches and templates are full of semicolons and brackets. */
const commandAt = (text: string): string => {
  let isQuoted = false;
  for (const [index, letter] of text.split('').entries()) {
    if (letter === "'") isQuoted = !isQuoted;
    else if (!isQuoted && (letter === ';' || (letter === '(' && text[index - 1] === ' '))) return text.slice(0, index);
  }
  return text;
};
