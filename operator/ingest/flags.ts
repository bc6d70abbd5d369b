// The flags of taking events in.
import { addressFlag, choiceFlag, countFlag, labelFlag, textFlag } from '../../process/flag-kinds.ts';

export const ingestFlags = {
  ingestAddress: addressFlag('Where events are taken in over HTTPS, under /ingest/v1/.', '0.0.0.0:8444'),
  ingestServiceName: labelFlag(
    'Service in our namespace by which agents reach it; the certificate names it.',
    'NAME',
    'workload-protection-operator',
  ),
  ingestPeerAddress: textFlag(
    'Where the other replicas reach the ingest address of this one, as host:port: while it leads they hand over there what they have taken in. Left out: they keep it until they lead themselves.',
    'HOST:PORT',
  ),
  ingestCertificateSource: choiceFlag(
    'Who keeps the certificate of the ingest address. Product: this process issues and renews it, together with its other replicas. Secret: somebody else, such as cert-manager; it is served and reloaded from the Secret, which is never written.',
    ['Product', 'Secret'],
    'Product',
  ),
  ingestCertificateSecret: labelFlag(
    'Secret in our namespace with tls.crt, tls.key and ca.crt of the ingest address.',
    'NAME',
    'workload-protection-ingest-tls',
  ),
  ingestSendersSecret: labelFlag(
    'Secret in our namespace that says who may send events: NAME.token for the bearer token of a sender, ca.crt for the authority of client certificates. It is read again when it changes.',
    'NAME',
    'workload-protection-ingest-senders',
  ),
  journalDir: textFlag(
    'Folder on a volume of its own for what was taken in, before it is acknowledged.',
    'FOLDER',
    '/var/lib/workload-protection',
  ),
  journalLimit: countFlag(
    'Mebibytes that the journal may hold; past them senders are answered 503. Leave a fifth of the volume free.',
    800,
    { min: 64, max: 1_000_000 },
  ),
};
