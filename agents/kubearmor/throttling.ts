// KubeArmor's one word on losses: past so many alerts a second of a container it sends an alert that says so, and then none at all
// of that container for a while. How many those would have been, nobody counts.
import type { HealthIssue } from '../../domain/telemetry/types.ts';
import { object, text, textOrNone } from '../read.ts';

export interface Throttling {
  /** As the alert names it; where it says none, the alert is about the host. */
  readonly node?: string;
  readonly pod?: { readonly namespace: string; readonly name: string };
  readonly container?: string;
  /** How long the container's alerts are dropped for, in milliseconds. */
  readonly duration: number;
  /** For the agent on that node, until the duration is over. Names no pod, so that nodes in the same plight share one gap. */
  readonly issue: HealthIssue;
}

/** Undefined for every other alert. */
export const throttlingIn = (alert: unknown): Throttling | undefined => {
  const { Type, Operation, HostName, NamespaceName, PodName, ContainerName, ...limits } = object(alert);
  if (Type !== 'SystemEvent' || Operation !== 'AlertThreshold') return undefined;
  const seconds = positive(limits.DroppingAlertsInterval) ?? defaultSeconds;
  const perSecond = positive(limits.MaxAlertsPerSec) ?? defaultPerSecond;
  const [node, pod, container] = [textOrNone(HostName), textOrNone(PodName), textOrNone(ContainerName)];
  return {
    ...(node === undefined ? {} : { node }),
    ...(pod === undefined ? {} : { pod: { namespace: text(NamespaceName), name: pod } }),
    ...(container === undefined ? {} : { container }),
    duration: seconds * 1000,
    issue: {
      reason: 'AgentHealth',
      cause: `KubeArmor drops all alerts of a container for ${seconds} s after more than ${perSecond} in a second`,
      remedy:
        'Make the policy that alerts so often more precise, or raise maxAlertPerSec in the KubeArmorConfig (in the ConfigMap kubearmor-config without its operator)',
    },
  };
};

/** KubeArmor's own, for an alert that leaves them out. */
const defaultSeconds = 30;
const defaultPerSecond = 10;
/** A day: more is no interval that anyone would set, and must not keep an issue alive for ever. */
const maximum = 86_400;

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? Math.min(value, maximum) : undefined;
