// KubeArmor, as its plain chart (1.7.4) renders it and as its operator does: one DaemonSet for each flavour of node.
import { createHash } from 'node:crypto';
import type { Manifest, StringMap } from '../manifest.ts';
import { daemonSet, everywhere, hostPath, type AgentOptions } from './daemon-set.ts';

export interface KubeArmorFlavour {
  /** `none` means that nothing can be blocked on such nodes. */
  readonly enforcer: 'apparmor' | 'bpf' | 'none';
  readonly runtime: 'containerd' | 'crio' | 'docker';
  /** Path with underscores for slashes, as a label value must be. */
  readonly socket: string;
  readonly btf: 'yes' | 'no';
  readonly seccomp: 'yes' | 'no';
}

export const kubeArmor = (options: AgentOptions = {}): readonly Manifest[] => {
  const { namespace = 'kubearmor', name = 'kubearmor' } = options;
  const podLabels = { 'kubearmor-app': 'kubearmor' };
  return [
    daemonSet(
      {
        name,
        namespace,
        labels: podLabels,
        podLabels,
        tolerations: everywhere,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        podSpec: podSpec(options),
      },
      options,
    ),
  ];
};

export const defaultFlavour: KubeArmorFlavour = {
  enforcer: 'bpf',
  runtime: 'containerd',
  socket: 'run_containerd_containerd.sock',
  btf: 'yes',
  seccomp: 'yes',
};

export const kubeArmorByOperator = (
  options: AgentOptions & { readonly flavour?: KubeArmorFlavour } = {},
): readonly Manifest[] => {
  const { namespace = 'kubearmor', flavour = defaultFlavour } = options;
  const flavourLabels = kubeArmorNodeLabels(flavour);
  const podLabels = { 'kubearmor-app': 'kubearmor', ...flavourLabels };
  return [
    daemonSet(
      {
        name: options.name ?? flavourName(flavour),
        namespace,
        labels: podLabels,
        podLabels,
        tolerations: everywhere,
        nodeSelector: { 'kubernetes.io/os': 'linux', ...flavourLabels },
        podSpec: podSpec(options),
      },
      options,
    ),
  ];
};

/** What the operator's snitch job writes on a node that it has looked at. */
export const kubeArmorNodeLabels = (flavour: KubeArmorFlavour): StringMap =>
  Object.fromEntries(Object.entries(flavour).map(([key, value]) => [`kubearmor.io/${key}`, value]));

const flavourName = (flavour: KubeArmorFlavour): string => {
  const digest = createHash('sha256').update(JSON.stringify(flavour)).digest('hex');
  return `kubearmor-${flavour.enforcer}-${flavour.runtime}-${digest.slice(0, 5)}`;
};

const podSpec = ({ image = 'docker.io/kubearmor/kubearmor', version = 'v1.7.4' }: AgentOptions): DaemonSetPodSpec => ({
  hostNetwork: true,
  hostPID: true,
  initContainers: [{ name: 'init', image: `docker.io/kubearmor/kubearmor-init:${version}` }],
  containers: [
    {
      name: 'kubearmor',
      image: `${image}:${version}`,
      args: ['-gRPC=32767'],
      ports: [{ containerPort: 32767 }],
      livenessProbe: { grpc: { port: 32766 } },
      securityContext: { capabilities: { add: ['SYS_ADMIN', 'SYS_PTRACE', 'MAC_ADMIN'] } },
    },
  ],
  volumes: [hostPath('sys-kernel-debug-path', '/sys/kernel/debug')],
});

type DaemonSetPodSpec = Readonly<Record<string, unknown>>;
