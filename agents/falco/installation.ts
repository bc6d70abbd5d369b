// One DaemonSet of Falco: its settings, and the rules files that it reads, in order, with the object that declares each.
import type { DeclaredPolicy } from '../../domain/telemetry/types.ts';
import { parseRules, type RulesContent } from './rules/items.ts';
import { effectiveRules, type EffectiveFile } from './rules/effective.ts';
import type { RuleSettings } from './rules/settings.ts';

/** A file at a path where Falco may read rules. */
export interface SourceFile {
  readonly path: string;
  /** Undefined where no object holds it. */
  readonly content: RulesContent | undefined;
  /** Undefined where nothing declares it, such as a file in the image. */
  readonly policy: Omit<DeclaredPolicy, 'rules'> | undefined;
  /** What to mend if Falco refuses it. */
  readonly mend: string;
}

export interface Installation {
  /** Of the DaemonSet, as `namespace/name`. */
  readonly name: string;
  /** The nodes of the DaemonSet, by the labels that its pod template asks for. */
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly settings: RuleSettings;
  readonly sources: readonly SourceFile[];
  readonly notes: readonly string[];
}

/** A file's content in a rules catalogue. */
export interface CatalogueFile {
  /** The base name of the file. */
  readonly name: string;
  readonly digest: string;
  readonly content: RulesContent;
  /** The ConfigMap that holds it. */
  readonly heldBy: string;
}

export interface PlacedFile {
  readonly source: SourceFile;
  readonly effective: EffectiveFile | undefined;
}

/**
 * The files that Falco reads, in its order. `known` stands in for a file that no object holds; the first of its name where a
 * catalogue has several versions of it.
 */
export const placedFiles = (installation: Installation, known: readonly CatalogueFile[]): readonly PlacedFile[] => {
  const order = readOrder(installation);
  const effective = effectiveRules(
    order.map(({ path, content }) => ({
      name: path,
      content: content ?? known.find(({ name }) => name === baseName(path))?.content,
    })),
    installation.settings,
  );
  const byPath = new Map(effective.map((file) => [file.name, file]));
  return order.map((source) => ({ source, effective: byPath.get(source.path) }));
};

/** Declared, but nowhere that Falco reads rules. */
export const unreadFiles = (installation: Installation): readonly SourceFile[] => {
  const read = new Set(readOrder(installation).map(({ path }) => path));
  return installation.sources.filter(({ path }) => !read.has(path));
};

/** Each entry of rules_files is a file, or a directory whose files are read in order of their names. */
const readOrder = ({ settings, sources }: Installation): readonly SourceFile[] => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const order = new Map<string, SourceFile>();
  for (const entry of settings.rulesFiles) {
    const path = entry.replace(/\/+$/, '');
    const file = byPath.get(path);
    const children = sources.filter(
      (source) => directoryOf(source.path) === path && !baseName(source.path).startsWith('.'),
    );
    const found = file !== undefined ? [file] : children.length > 0 ? children.toSorted(byName) : assumed(path);
    for (const source of found) if (!order.has(source.path)) order.set(source.path, source);
  }
  return [...order.values()];
};

/** A file that no object declares may be in the image or an artifact; one for local rules then has none in it. */
const assumed = (path: string): readonly SourceFile[] => {
  if (!/\.ya?ml$/.test(path)) return [];
  const content = baseName(path) === 'falco_rules.local.yaml' ? parseRules('') : undefined;
  return [{ path, content, policy: undefined, mend: '' }];
};

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const byName = (a: SourceFile, b: SourceFile): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
