// What an agent needs for seeing a behaviour, where it does not see it by itself, as the tables in docs/ingest.md have it.

export type Sight =
  /** One of these rules, or of the user's under any name. */
  | { readonly by: 'rules'; readonly rules: readonly string[]; readonly remedy: string }
  /** Any policy of the user's may be one that sees it. */
  | { readonly by: 'policies'; readonly remedy: string }
  | { readonly by: 'nothing'; readonly remedy: string };

/** Undefined where it sees it by itself, or nobody knows what it needs. */
export const sightOf = (agentType: string, behaviour: string): Sight | undefined => sights[agentType]?.[behaviour];

const rules = (remedy: string, ...names: readonly string[]): Sight => ({ by: 'rules', rules: names, remedy });

const ours = 'load config/falco/posture-rules.yaml';
const incubating = "load Falco's incubating rules";
const stable = "load Falco's stable rules";
const switchedOn = 'switch it on in Datadog';
const another: Sight = {
  by: 'nothing',
  remedy:
    'Falco, Datadog, Kubescape and Tracee have one; or name a behaviour of your own, which match describes by a rule of yours',
};

const sights: Readonly<Record<string, Readonly<Record<string, Sight>>>> = {
  Falco: {
    CompilerInContainer: rules(ours, 'Compiler Run in Container'),
    PackageManagerInContainer: rules(incubating, 'Launch Package Management Process in Container'),
    InteractiveShell: rules(stable, 'Terminal shell in container'),
    LegacyMetadataService: rules(
      incubating,
      'Contact EC2 Instance Metadata Service From Container',
      'Contact cloud metadata service from container',
    ),
    BinaryDrift: rules(stable, 'Drop and execute new binary in container'),
    NetworkToolInContainer: rules(
      incubating,
      'Launch Suspicious Network Tool in Container',
      'Netcat Remote Code Execution in Container',
    ),
    SshServerInContainer: rules(ours, 'SSH Server Run in Container'),
  },
  Tetragon: {
    InteractiveShell: { by: 'policies', remedy: 'give it a TracingPolicy with the tag terminal' },
    LegacyMetadataService: { by: 'policies', remedy: 'give it a TracingPolicy on connections' },
    BinaryDrift: another,
  },
  Datadog: {
    CompilerInContainer: rules(switchedOn, 'compiler_in_container_v2'),
    PackageManagerInContainer: rules(switchedOn, 'package_management_in_container_v2'),
    InteractiveShell: rules(switchedOn, 'interactive_shell_in_container_v2', 'tty_shell_in_container'),
    LegacyMetadataService: rules(switchedOn, 'aws_imds', 'webapp_imds_V1_request'),
    BinaryDrift: rules(switchedOn, 'new_binary_execution_in_container_v2'),
    NetworkToolInContainer: rules(switchedOn, 'net_util_in_container_v3'),
  },
  KubeArmor: { BinaryDrift: another },
};
