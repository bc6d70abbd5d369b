// The behaviours that the product knows: what they are, by which rules of which agents and by which processes they are recognised,
// how bad they are, and how they are mended. Every default can be tuned by a policy. Source of rule names: the agents' own rule sets.
import { matchesAny } from './match.ts';
import type { Comparison, EventField, EventMatcher, SecurityEvent, Severity } from './types.ts';

export interface Behaviour {
  readonly name: string;
  /** What was seen, for people. */
  readonly means: string;
  /** Why it is a risk although nothing bad may have happened. */
  readonly risk: string;
  readonly severity: Severity;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  /** Of events; empty for behaviours that are read from the node itself. */
  readonly match: readonly EventMatcher[];
  /** In containers only: the same on the node is administration. */
  readonly inContainers: boolean;
  /** Events from younger pods are left alone, in milliseconds. */
  readonly minimumPodAge: number;
  /** Off until a policy gives a minimumVersion. */
  readonly needsVersion: boolean;
  readonly advice: string;
  readonly links: readonly string[];
}

const minute = 60_000;

const comparison = (field: EventField, how: Partial<Omit<Comparison, 'field'>>): Comparison => ({
  field,
  equals: [],
  prefix: [],
  suffix: [],
  glob: [],
  ...how,
});

/** By name, or by another name or id of the rule, which stands among the event's tags. */
const rules = (...equals: readonly string[]): readonly EventMatcher[] => [
  { allOf: [comparison('Rule', { equals })] },
  { allOf: [comparison('Tag', { equals })] },
];
const processes = (...equals: readonly string[]): EventMatcher => ({ allOf: [comparison('ProcessName', { equals })] });
const processGlobs = (...glob: readonly string[]): EventMatcher => ({ allOf: [comparison('ProcessName', { glob })] });

const compilers = [
  'gcc',
  'g++',
  'cc',
  'c++',
  'cc1',
  'cc1plus',
  'clang',
  'clang++',
  'cpp',
  'ld',
  'as',
  'make',
  'gmake',
  'cmake',
  'ninja',
  'javac',
  'rustc',
  'cargo',
  'tcc',
  'gfortran',
  'ghc',
  'bcc',
];
const compilersByVersion = ['gcc-*', 'g++-*', 'cpp-*', 'clang-*', 'clang++-*', 'gfortran-*'];
/** What `gcc` and `ld` are links to, which is all that agents see that ask the kernel for the file: `x86_64-linux-gnu-gcc-12`. */
const compilersByTarget = ['gcc', 'g++', 'cpp', 'as', 'ld', 'gfortran'].flatMap((tool) =>
  ['*-linux-gnu*', '*-linux-musl*'].flatMap((target) => [
    `${target}-${tool}`,
    `${target}-${tool}-*`,
    `${target}-${tool}.*`,
  ]),
);
/** Of all that the program does, only what builds. */
const goBuilds: EventMatcher = {
  allOf: [
    comparison('ProcessName', { equals: ['go'] }),
    comparison('Arguments', { glob: ['build*', 'run *', 'install *', '*go build*', '*go run *', '*go install *'] }),
  ],
};
const packageManagers = [
  'apt',
  'apt-get',
  'aptitude',
  'dpkg',
  'yum',
  'dnf',
  'dnf-3',
  'dnf5',
  'microdnf',
  'tdnf',
  'rpm',
  'zypper',
  'apk',
  'pacman',
  'pip',
  'pip3',
  'npm',
  'yarn',
  'pnpm',
  'gem',
  'conda',
  'mamba',
  'micromamba',
];
const packageManagersByVersion = ['pip3.*', 'pip2.*'];
const networkTools = [
  'nc',
  'nc.openbsd',
  'nc.traditional',
  'ncat',
  'netcat',
  'nmap',
  'socat',
  'telnet',
  'telnet.netkit',
  'inetutils-telnet',
  'tcpdump',
  'tshark',
  'hping3',
  'masscan',
  'dig',
  'zgrab',
  'arp-scan',
];
const shells = ['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'fish', 'csh', 'tcsh'];
const metadataService = ['169.254.169.254', '169.254.169.254:80', '[fd00:ec2::254]:80', 'fd00:ec2::254'];

export const behaviours: readonly Behaviour[] = [
  {
    name: 'CompilerInContainer',
    means: 'A compiler or build tool ran in a container.',
    risk: 'Production images hold finished programs. A compiler lets an intruder build what no scanner has seen, and tells of an image that was never trimmed.',
    severity: 'Medium',
    tactics: ['TA0005'],
    techniques: ['T1027.004'],
    match: [
      ...rules(
        'compiler_in_container_v2',
        'compiler_in_container',
        'Compiler Run in Container',
        'Compiler run in container',
      ),
      processes(...compilers),
      processGlobs(...compilersByVersion, ...compilersByTarget),
      goBuilds,
    ],
    inContainers: true,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Build in one stage and copy only what was built into the final image (FROM … AS build; COPY --from=build). Remove build-essential, gcc, make and the like from the final stage, or use a distroless base. Then roll out and claim the fix; silence will prove it.',
    links: ['https://docs.docker.com/build/building/multi-stage/'],
  },
  {
    name: 'PackageManagerInContainer',
    means: 'A package manager ran in a container.',
    risk: 'What is installed at runtime is in no image, no scan and no review, and is gone at the next restart; an intruder installs tools the same way.',
    severity: 'Medium',
    tactics: ['TA0002'],
    techniques: ['T1072'],
    match: [
      ...rules(
        'Launch Package Management Process in Container',
        'Update Package Repository',
        'package_management_in_container_v2',
        'package_management_in_container',
      ),
      processes(...packageManagers),
      processGlobs(...packageManagersByVersion),
    ],
    inContainers: true,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Install packages when the image is built, not when the container starts: move apt-get, apk or pip from the entry point into the Dockerfile. Where possible drop the package manager from the final image and set readOnlyRootFilesystem: true.',
    links: ['https://kubernetes.io/docs/concepts/security/pod-security-standards/'],
  },
  {
    name: 'InteractiveShell',
    means: 'Somebody worked in an interactive shell in a container.',
    risk: 'Changes made by hand are in no image and no review, and a shell with a terminal is how intruders work, too.',
    severity: 'Medium',
    tactics: ['TA0002'],
    techniques: ['T1059.004', 'T1609'],
    match: [
      ...rules(
        'Terminal shell in container',
        'tty_shell_in_container',
        'interactive_shell_in_container_v2',
        'interactive_shell_in_container',
        'Exec to pod',
        'R2000',
      ),
      {
        allOf: [comparison('ProcessName', { equals: shells }), comparison('Tag', { equals: ['terminal'] })],
      },
    ],
    inContainers: true,
    minimumPodAge: 10 * minute,
    needsVersion: false,
    advice:
      'Find out who opened it (the audit log of the API server names the user of pods/exec) and what for. Give debugging its own way, kubectl debug with an ephemeral container, take pods/exec out of everyday roles, and remove the shell from the image.',
    links: ['https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/'],
  },
  {
    name: 'LegacyMetadataService',
    means:
      'A container asked the metadata service of the cloud for the credentials of its node, in the old way (IMDSv1).',
    risk: 'Whoever can make the container fetch an address gets the credentials of the node.',
    severity: 'High',
    tactics: ['TA0006'],
    techniques: ['T1552.005'],
    match: [
      ...rules(
        'Contact EC2 Instance Metadata Service From Container',
        'Contact cloud metadata service from container',
        'aws_imds',
        'webapp_imds_V1_request',
      ),
      { allOf: [comparison('Destination', { equals: metadataService })] },
    ],
    inContainers: true,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Give the workload an identity of its own (EKS Pod Identity or IRSA, Workload Identity on GKE and AKS), require IMDSv2 with a hop limit of 1 on the node group, and refuse 169.254.169.254/32 by a NetworkPolicy.',
    links: ['https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html'],
  },
  {
    name: 'BinaryDrift',
    means: 'A program ran that the image does not contain.',
    risk: 'The image was scanned and signed; this program was not.',
    severity: 'High',
    tactics: ['TA0003', 'TA0005'],
    techniques: ['T1036', 'T1105'],
    match: [
      ...rules(
        'Drop and execute new binary in container',
        'Container Drift Detected (chmod)',
        'Container Drift Detected (open+create)',
        'new_binary_execution_in_container_v2',
        'new_binary_execution_in_container',
        'R1001',
        'Drifted process executed',
        'dropped_executable',
        'TRC-1022',
        'New executable dropped',
      ),
    ],
    inContainers: true,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Put the program into the image, or find out who dropped it there. Then make drift impossible: readOnlyRootFilesystem: true, and volumes that must be written mounted with noexec where the runtime allows it.',
    links: ['https://kubernetes.io/docs/tasks/configure-pod-container/security-context/'],
  },
  {
    name: 'NetworkToolInContainer',
    means: 'A network tool ran in a container.',
    risk: 'Scanners and netcats are how an intruder looks around and carries data out; few workloads need them.',
    severity: 'Medium',
    tactics: ['TA0007', 'TA0011'],
    techniques: ['T1046', 'T1095'],
    match: [
      ...rules(
        'Launch Suspicious Network Tool in Container',
        'Netcat Remote Code Execution in Container',
        'net_util_in_container_v3',
        'net_util_in_container_v2',
        'net_util_in_container',
      ),
      processes(...networkTools),
    ],
    inContainers: true,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Remove the tools from the image; for debugging attach an ephemeral container that has them. Probes need none of them: use httpGet, tcpSocket or grpc.',
    links: ['https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/'],
  },
  {
    name: 'SshServerInContainer',
    means: 'An SSH server ran in a container.',
    risk: 'It is a second way in, with its own keys and its own log, past the API server and its audit.',
    severity: 'High',
    tactics: ['TA0003', 'TA0008'],
    techniques: ['T1021.004'],
    match: [
      processes('sshd', 'sshd-session', 'dropbear'),
      ...rules('SSH Server Run in Container', 'ssh_server_in_container'),
    ],
    inContainers: true,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Remove sshd or dropbear from the image. People get in by kubectl exec or kubectl debug, which the API server authorises and audits; files go by kubectl cp or an object store.',
    links: ['https://kubernetes.io/docs/concepts/security/rbac-good-practices/'],
  },
  {
    name: 'OutdatedCgroups',
    means: 'The node runs with cgroup v1.',
    risk: 'Kubernetes has deprecated cgroup v1; memory limits are weaker there, and agents see less.',
    severity: 'Medium',
    tactics: [],
    techniques: [],
    match: [],
    inContainers: false,
    minimumPodAge: 0,
    needsVersion: false,
    advice:
      'Replace the node by one whose image boots with cgroup v2 (Ubuntu 22.04, Amazon Linux 2023, Bottlerocket 1.13 and later), or boot with systemd.unified_cgroup_hierarchy=1. Then take failCgroupV1: false out of the configuration of its kubelet, so that none starts so again.',
    links: ['https://kubernetes.io/docs/concepts/architecture/cgroups/'],
  },
  {
    name: 'OutdatedKernel',
    means: 'The kernel of the node is older than the policy allows.',
    risk: 'Known holes stay open, and eBPF agents lack what they need to see.',
    severity: 'Medium',
    tactics: [],
    techniques: [],
    match: [],
    inContainers: false,
    minimumPodAge: 0,
    needsVersion: true,
    advice: 'Update the image of the node pool and replace its nodes.',
    links: [],
  },
  {
    name: 'OutdatedContainerRuntime',
    means: 'The container runtime of the node is older than the policy allows.',
    risk: 'Holes through which containers escape are mended in the runtime.',
    severity: 'Medium',
    tactics: [],
    techniques: [],
    match: [],
    inContainers: false,
    minimumPodAge: 0,
    needsVersion: true,
    advice: 'Update the image of the node pool and replace its nodes.',
    links: [],
  },
];

export const behaviourNamed = (name: string): Behaviour | undefined => behaviours.find((known) => known.name === name);

/** Whether the event is the behaviour, as far as the event alone tells. */
export const isBehaviour = ({ match, inContainers }: Behaviour, event: SecurityEvent): boolean =>
  !(inContainers && event.origin.onHost === true) && matchesAny(match, event);
