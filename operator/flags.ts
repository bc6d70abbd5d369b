// The operator's flags: those that every process has, and its own.
import { commonFlags } from '../process/common-flags.ts';
import { addressFlag, durationFlag, switchFlag } from '../process/flag-kinds.ts';
import { findingFlags } from './findings/flags.ts';
import { ingestFlags } from './ingest/flags.ts';
import { kubeletFlags } from './kubelet/flags.ts';
import { sinkFlags } from './sinks/flags.ts';

export const operatorFlags = {
  ...commonFlags({ metricsAddress: '0.0.0.0:8080' }),
  leaderElect: switchFlag('Write only while holding the Lease, so that several replicas can run.', true),
  apiAddress: addressFlag('Where the read API will be served over HTTPS; nothing listens here yet.', '0.0.0.0:8443'),
  ...ingestFlags,
  ...findingFlags,
  ...kubeletFlags,
  ...sinkFlags,
  releaseNodes: switchFlag(
    'Take what the operator has written onto nodes off them, and end: the startup taint and the condition WorkloadProtected. Before the operator is removed for good; fails while a WorkloadPolicy still asks for the startup taint.',
    false,
  ),
  failClosed: switchFlag(
    'Keep the ValidatingWebhookConfiguration workload-protection-fail-closed: in namespaces with the label workloadprotection.dev/fail-closed=true no pod is made that the webhook has not judged. The chart gives the rights for it.',
    false,
  ),
  admissionPolicies: switchFlag(
    'Keep a ValidatingAdmissionPolicy for each WorkloadPolicy with the annotation workloadprotection.dev/admission-policy=true, as far as it can be said in CEL: API servers then enforce it without us. The chart gives the rights for it.',
    false,
  ),
  failClosedFallback: durationFlag(
    'How long no replica of the webhook may have answered before pods of these namespaces are let through unjudged.',
    '60s',
    { max: '1h' },
  ),
  openReports: switchFlag(
    'Keep a Report of the OpenReports API (or a PolicyReport, where only that is installed) in each namespace with workloads, and one on nodes. The chart gives the rights for it.',
    false,
  ),
};
