// Which rules file an OCI artifact brings. No object says it: these are the files in the artifacts that the Falco project publishes.

export interface ArtifactReference {
  /** The last part of its repository. */
  readonly name: string;
  readonly tag: string | undefined;
}

/** `falco-rules:5`, `ghcr.io/falcosecurity/rules/falco-rules:5.1.0`, `registry:5000/rules/mine@sha256:…`. */
export const parseReference = (reference: string): ArtifactReference => {
  const [repository = ''] = reference.split('@');
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  const [name = '', tag] = last.split(':');
  return { name, tag: tag === '' ? undefined : tag };
};

/** Undefined for an artifact that the Falco project does not publish. */
export const rulesFileIn = (artifact: string): string | undefined => files.get(artifact);

/** Plugins are artifacts too; those with rules are named so by convention. */
export const isRulesArtifact = (artifact: string): boolean => files.has(artifact) || artifact.endsWith('-rules');

const files: ReadonlyMap<string, string> = new Map([
  ['falco-rules', 'falco_rules.yaml'],
  ['falco-incubating-rules', 'falco-incubating_rules.yaml'],
  ['falco-sandbox-rules', 'falco-sandbox_rules.yaml'],
  ['k8saudit-rules', 'k8s_audit_rules.yaml'],
]);
