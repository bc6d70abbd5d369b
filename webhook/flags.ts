// The webhook's flags: those that every process has, and its own.
import { commonFlags } from '../process/common-flags.ts';
import { addressFlag, choiceFlag, durationFlag, httpsUrlFlag, labelFlag, switchFlag } from '../process/flag-kinds.ts';

/** Who keeps the certificate. */
const certificateSources = ['Product', 'Secret'] as const;

export const failurePolicies = ['Ignore', 'Fail'] as const;

export const webhookFlags = {
  ...commonFlags({ metricsAddress: '0.0.0.0:8081' }),
  address: addressFlag('Where admission is served over HTTPS.', '0.0.0.0:9443'),
  advertiseUrl: httpsUrlFlag(
    'URL by which the API server reaches this process where it runs outside of the cluster; its host goes into the certificate, and port 0 stands for the port of --address. Left out: by the Service.',
    'URL',
  ),
  serviceName: labelFlag(
    'Service in our namespace by which API servers reach us.',
    'NAME',
    'workload-protection-webhook',
  ),
  certificateSource: choiceFlag(
    'Who keeps the certificate. Product: this process issues and renews it, together with its other replicas. Secret: somebody else, such as cert-manager; it is served and reloaded from the Secret, which is never written.',
    certificateSources,
    'Product',
  ),
  certificateSecret: labelFlag(
    'Secret in our namespace with tls.crt, tls.key and ca.crt.',
    'NAME',
    'workload-protection-webhook-tls',
  ),
  publishAuthority: switchFlag(
    'Write ca.crt of the Secret, and --advertise-url, into the webhook configurations. Switched off where somebody else does, such as cert-manager.',
    true,
  ),
  failurePolicy: choiceFlag(
    'What an error inside this process amounts to. Ignore: the object is let through with a warning. Fail: it is refused. Set failurePolicy of the ValidatingWebhookConfiguration to the same.',
    failurePolicies,
    'Ignore',
  ),
  drainPeriod: durationFlag(
    'How long open connections are still answered, and sent elsewhere, after the process was asked to stop.',
    '12s',
    { max: '5m' },
  ),
};
