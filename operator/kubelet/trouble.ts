// Why a kubelet did not say: an outcome to count by, and words that say what would mend it.
import { outcomes as agentOutcomes, troubleOf as agentTroubleOf } from '../telemetry/trouble.ts';

export const kubeletOutcomes = [...agentOutcomes, 'unauthorised', 'forbidden', 'absent'] as const;
export type KubeletOutcome = (typeof kubeletOutcomes)[number];

export class KubeletTrouble extends Error {
  readonly outcome: Exclude<KubeletOutcome, 'ok'>;

  constructor(outcome: Exclude<KubeletOutcome, 'ok'>, message: string) {
    super(message);
    this.name = 'KubeletTrouble';
    this.outcome = outcome;
  }
}

/** Whatever was thrown while asking, in our words. */
export const troubleOf = (error: unknown, port: number): KubeletTrouble => {
  if (error instanceof KubeletTrouble) return error;
  const { outcome, message } = agentTroubleOf(error, port);
  // Certificates are the one thing that is set up otherwise than for agents.
  return new KubeletTrouble(outcome, outcome === 'untrusted' ? untrusted(error, port) : message);
};

const untrusted = (error: unknown, port: number): string => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'its certificate does not name the internal address of its node';
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet';
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO')
    return `TLS on port ${port} failed (${code})`;
  return `${unsigned} (${code})`;
};

const unsigned =
  'no trusted authority signed its certificate: let the cluster sign it (serverTLSBootstrap in its configuration, and approved requests), or name the authority that did (--kubelet-ca-file, the value operator.kubeletMetrics.caConfigMap)';

export const unauthorised = (): KubeletTrouble =>
  new KubeletTrouble(
    'unauthorised',
    'it does not take our token: let it ask the API server whose it is (authentication.webhook.enabled in its configuration)',
  );

export const forbidden = (): KubeletTrouble =>
  new KubeletTrouble(
    'forbidden',
    'it does not let us read its metrics: give the ServiceAccount of --kubelet-service-account the right to get nodes/metrics, as the chart does with operator.kubeletMetrics.enabled',
  );
