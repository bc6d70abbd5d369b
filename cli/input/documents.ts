// Text → the Kubernetes objects in it, each with its line: YAML of several documents, JSON, and lists of objects in either. A document
// that is broken is a problem with its line, and the others are read all the same.
import { CORE_SCHEMA, constructFromEvents, EVENT_ID, mergeTag, parseEvents, YAMLException, type Event } from 'js-yaml';
import { isObject, list, object, text, type Raw } from '../../facts/read.ts';
import type { Problem, SourceText } from './files.ts';

export interface FoundObject {
  readonly raw: Raw;
  readonly file: string | undefined;
  /** Of its `metadata.name`, else of its first line; from 1. */
  readonly line: number;
}

export interface FoundObjects {
  readonly objects: readonly FoundObject[];
  readonly problems: readonly Problem[];
}

export const readObjects = ({ file, text: whole }: SourceText): FoundObjects => {
  const objects: FoundObject[] = [];
  const problems: Problem[] = [];
  for (const { text: part, firstLine } of documentsIn(whole)) {
    const lineOf = linesOf(part, firstLine);
    try {
      const events = parseEvents(part, {});
      const contents = constructFromEvents(events, { source: part, schema });
      for (const [index, tree] of treesOf(events, part).entries()) {
        const found = objectsIn(contents[index], tree);
        if (found.every(({ raw }) => isKubernetes(raw))) {
          objects.push(...found.map(({ raw, at }) => ({ raw, file, line: lineOf(at) })));
        } else {
          problems.push({ file, line: lineOf(tree.at), message: whyNoObject(contents[index]) });
        }
      }
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      problems.push({ file, line: firstLine + (error.mark?.line ?? 0), message: whyBroken(error, part) });
    }
  }
  return { objects, problems };
};

/** Merge keys are YAML 1.1, and so is much that is written by hand. */
const schema = CORE_SCHEMA.withTags(mergeTag);

interface Part {
  readonly text: string;
  readonly firstLine: number;
}

/** `---` at the start of a line begins a document wherever it stands, in a block of text too. */
const documentsIn = (whole: string): readonly Part[] => {
  const parts: Part[] = [];
  let lines: string[] = [];
  let firstLine = 1;
  const all = whole.replace(/^\uFEFF/, '').split('\n');
  const finish = (): void => {
    // Nothing but comments, directives and the marker: no document.
    if (lines.some((line) => !/^(?:\s*(?:#.*)?|---\s*(?:#.*)?|%.*|\.\.\.\s*)$/.test(line.replace(/\r$/, '')))) {
      parts.push({ text: lines.join('\n'), firstLine });
    }
  };
  for (const [index, line] of all.entries()) {
    if (/^---(?:\s|$)/.test(line)) {
      finish();
      lines = [];
      firstLine = index + 1;
    }
    lines.push(line);
  }
  finish();
  return parts;
};

const linesOf = (part: string, firstLine: number): ((offset: number) => number) => {
  const starts = [0];
  for (let at = part.indexOf('\n'); at >= 0; at = part.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return firstLine + low;
  };
};

/** Where values stand: enough to find a name, or an item of a list. */
interface Tree {
  readonly at: number;
  readonly fields: ReadonlyMap<string, Tree>;
  readonly items: readonly Tree[];
}

const treesOf = (events: readonly Event[], source: string): readonly Tree[] => {
  let next = 0;
  const noFields: ReadonlyMap<string, Tree> = new Map();
  const read = (): Tree | undefined => {
    const event = events[next++];
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return { at: event.valueStart, fields: noFields, items: [] };
      case EVENT_ID.ALIAS:
        return { at: event.anchorStart, fields: noFields, items: [] };
      case EVENT_ID.SEQUENCE:
        return { at: event.start, fields: noFields, items: [...remaining()] };
      case EVENT_ID.MAPPING:
        return { at: event.start, fields: fieldsOf([...remaining()], source), items: [] };
      case EVENT_ID.POP:
      case EVENT_ID.DOCUMENT:
      case undefined:
        return undefined;
    }
  };
  function* remaining(): Generator<Tree> {
    for (let node = read(); node !== undefined; node = read()) yield node;
  }
  const trees: Tree[] = [];
  while (next < events.length) {
    next += 1;
    trees.push([...remaining()][0] ?? { at: 0, fields: noFields, items: [] });
  }
  return trees;
};

/** Keys and values take turns. */
const fieldsOf = (parts: readonly Tree[], source: string): ReadonlyMap<string, Tree> => {
  const fields = new Map<string, Tree>();
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const [key, value] = [parts[index], parts[index + 1]];
    if (key !== undefined && value !== undefined) fields.set(keyAt(source, key.at), value);
  }
  return fields;
};

/** The keys that matter are plain words, quoted in JSON. */
const keyAt = (source: string, at: number): string => /["']?([A-Za-z]*)/y.exec(source.slice(at, at + 64))?.[1] ?? '';

interface Placed {
  readonly raw: Raw;
  readonly at: number;
}

const objectsIn = (content: unknown, tree: Tree): readonly Placed[] => {
  // A document of nothing, as templates often leave behind.
  if (content === null || content === undefined) return [];
  const raw = object(content);
  if (text(raw.kind).endsWith('List') && Array.isArray(raw.items)) {
    const items = tree.fields.get('items')?.items ?? [];
    return list(raw.items).flatMap((item, index) => objectsIn(item, items[index] ?? tree));
  }
  return [{ raw, at: tree.fields.get('metadata')?.fields.get('name')?.at ?? tree.at }];
};

const isKubernetes = (raw: Raw): boolean => text(raw.kind) !== '' && text(raw.apiVersion) !== '';

const whyNoObject = (content: unknown): string =>
  isObject(content)
    ? 'it has no apiVersion and kind, so it is no Kubernetes object; the values of a chart are not rendered here: pipe what helm template makes of them, as in helm template NAME CHART -f VALUES | kubectl protection check -f -'
    : 'it is no Kubernetes object';

const whyBroken = (error: YAMLException, part: string): string =>
  part.includes('{{')
    ? `${error.reason}; it looks like a template: pipe what helm template makes of it`
    : `this is no valid YAML: ${error.reason}`;
