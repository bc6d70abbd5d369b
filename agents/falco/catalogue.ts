// A rules catalogue: a ConfigMap that holds rules files which reach Falco by another way, such as those of an OCI artifact, so that
// their rules and techniques are known wherever a file of the same digest is loaded. Several versions of a file may stand side by side.
import { catalogueLabel, type DeclareInput } from '../agent.ts';
import type { CatalogueFile } from './installation.ts';
import { parseRules } from './rules/items.ts';

export interface Catalogue {
  readonly files: readonly CatalogueFile[];
  readonly notes: readonly string[];
}

export const readCatalogue = ({ agent, configMaps, digest }: DeclareInput): Catalogue => {
  const files = configMaps
    .filter(({ labels }) => Object.hasOwn(labels, catalogueLabel) && labels[catalogueLabel] === agent)
    .flatMap(({ namespace, name, data }) =>
      Object.entries(data).map(([key, text]) => ({
        name: key,
        digest: digest(text),
        content: parseRules(text),
        heldBy: `ConfigMap ${namespace}/${name}`,
      })),
    )
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.heldBy, b.heldBy));
  return {
    files,
    notes: files.flatMap(({ name, heldBy, content }) =>
      content.failure === undefined
        ? []
        : [`${name} in the rules catalogue ${heldBy} cannot be used: ${content.failure}.`],
    ),
  };
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
