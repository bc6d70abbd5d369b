// The flags that every process of ours has, with the same names and meanings.
import { addressFlag, choiceFlag, labelFlag, textFlag } from './flag-kinds.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export const logFormats = ['json', 'pretty'] as const;

export const commonFlags = (defaults: { readonly metricsAddress: string }) => ({
  kubeconfig: textFlag(
    'Kubeconfig file. Left out: the cluster that this process runs in, else the current context as kubectl finds it.',
    'FILE',
  ),
  namespace: labelFlag('Namespace that our own objects live in.', 'NAME', 'workload-protection'),
  clusterName: textFlag('Name of this cluster in logs and in what is sent out of it.', 'NAME', ''),
  metricsAddress: addressFlag('Where /metrics, /healthz and /readyz are served over HTTP.', defaults.metricsAddress),
  logLevel: choiceFlag('The least severe level that is logged.', logLevels, 'info'),
  logFormat: choiceFlag('How logs are written: one JSON object a line, or for reading.', logFormats, 'json'),
});
