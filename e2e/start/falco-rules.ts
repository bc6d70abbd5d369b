// The rules files that the Falco of the demonstration has: one from a registry, which no object of the cluster holds, and two from a
// ConfigMap.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { rulesCatalogue } from '../installation/rules-catalogue.ts';

const publishedFile = 'falco_rules.yaml';
const published = `- rule: Terminal shell in container
  desc: A shell with a terminal.
  condition: spawned_process and container and proc.name in (bash, sh, zsh) and proc.tty != 0
  output: x
  priority: NOTICE
  tags: [maturity_stable, container, shell, mitre_execution, T1059]
- rule: Debugfs Launched in Privileged Container
  desc: A way out of a container.
  condition: spawned_process and container and proc.name = debugfs
  output: x
  priority: WARNING
  tags: [maturity_stable, container, mitre_privilege_escalation, T1611]
`;
export const shopFile = 'shop-rules.yaml';
const shop = `- rule: Service account token read
  desc: Something other than the program of the image reads the token.
  condition: open_read and container and fd.name contains serviceaccount/token
  output: x
  priority: WARNING
  tags: [container, mitre_credential_access, T1528]
- rule: Deploy from inside
  desc: A container that deploys containers. Switched off since a migration set it off.
  condition: spawned_process and container and proc.name = kubectl
  output: x
  priority: NOTICE
  enabled: false
  tags: [container, mitre_execution, T1610]
`;

/** The product's own rules for compilers in containers, as its documents have them installed. */
const posture = (): string => {
  const file = path.join(import.meta.dirname, '..', '..', 'config', 'falco', 'posture-rules.yaml');
  return (load(readFileSync(file, 'utf8')) as { readonly data: { readonly 'rules.yaml': string } }).data['rules.yaml'];
};

/** The chart's `customRules`. */
export const customRules = (): Readonly<Record<string, string>> => ({ 'posture.yaml': posture(), [shopFile]: shop });

/** What each Falco says that it has loaded. */
export const loadedRules = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ [publishedFile]: published, ...customRules() }).map(([file, content]) => [
      file,
      createHash('sha256').update(content).digest('hex'),
    ]),
  );

/** So that the operator knows what the published file holds. */
export const catalogue = rulesCatalogue({ [publishedFile]: published });
