// How asking an agent's pods goes, for the status of its ProtectionAgent.

export interface ScrapeStanding {
  /** Pods that have been asked. */
  readonly asked: number;
  /** Of them those whose last answer was none. */
  readonly failing: number;
  /** The most frequent failures first, each with one node of those that have it. */
  readonly examples: readonly {
    readonly node: string;
    readonly pod: string;
    readonly words: string;
    readonly pods: number;
  }[];
  /** Settings that would let pods say more, with how many would; the most frequent first. */
  readonly hints: readonly { readonly hint: string; readonly pods: number }[];
}

interface Looked {
  readonly wasAsked: boolean;
  readonly failure: string | undefined;
  readonly hint: string | undefined;
  readonly target: { readonly node: string; readonly namespace: string; readonly pod: string };
}

/** As many as a status has room for. */
const mostExamples = 5;
const mostHints = 3;

export const standingOf = (instances: readonly Looked[]): ScrapeStanding => {
  const asked = instances.filter(({ wasAsked }) => wasAsked);
  const failing = asked.filter(({ failure }) => failure !== undefined);
  const byWords = Object.entries(Object.groupBy(failing, ({ failure = '' }) => failure));
  const byHint = Object.entries(Object.groupBy(asked, ({ hint = '' }) => hint));
  return {
    asked: asked.length,
    failing: failing.length,
    examples: byWords
      .map(([words, alike = []]) => {
        // The first by name, so that the status stays the same while the failures do.
        const { target } = alike.reduce((a, b) => (a.target.node <= b.target.node ? a : b));
        return { node: target.node, pod: `${target.namespace}/${target.pod}`, words, pods: alike.length };
      })
      .toSorted((a, b) => b.pods - a.pods || (a.words < b.words ? -1 : 1))
      .slice(0, mostExamples),
    hints: byHint
      .filter(([hint]) => hint !== '')
      .map(([hint, alike = []]) => ({ hint, pods: alike.length }))
      .toSorted((a, b) => b.pods - a.pods || (a.hint < b.hint ? -1 : 1))
      .slice(0, mostHints),
  };
};
