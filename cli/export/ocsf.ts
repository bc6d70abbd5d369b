// An export as OCSF Compliance Findings (class 2003), one line of JSON for each asset: what a SIEM takes in without an adapter.
import { assetsIn, type ExportedAsset } from './assets.ts';
import type { CoverageDocument } from './document.ts';
import { frameworks, type FrameworkName } from './frameworks.ts';

const ocsfVersion = '1.4.0';
const product = { name: 'Workload Protection Operator', vendor_name: 'workloadprotection.dev' } as const;
const classUid = 2003;
/** "Create": an export tells a moment, and knows nothing of what it told before. */
const activityId = 1;

const outcomes = {
  Unknown: { status_id: 0, status: 'Unknown' },
  Pass: { status_id: 1, status: 'Pass' },
  Warning: { status_id: 2, status: 'Warning' },
  Fail: { status_id: 3, status: 'Fail' },
} as const;

const severities = {
  Informational: { severity_id: 1, severity: 'Informational' },
  Low: { severity_id: 2, severity: 'Low' },
  Medium: { severity_id: 3, severity: 'Medium' },
  High: { severity_id: 4, severity: 'High' },
  Critical: { severity_id: 5, severity: 'Critical' },
} as const;

export const ocsfExport = (document: CoverageDocument, framework: FrameworkName | undefined): string => {
  const toEvent = eventIn(document, framework);
  return assetsIn(document)
    .filter(({ profile: { state } }) => state !== 'NotRunning')
    .map((asset) => `${JSON.stringify(toEvent(asset))}\n`)
    .join('');
};

const eventIn = (document: CoverageDocument, framework: FrameworkName | undefined) => {
  const { metadata, status } = document.report;
  const at = status.snapshot?.takenAt ?? status.evaluatedAt ?? document.exportedAt;
  const time = Date.parse(at);
  const cluster = status.snapshot?.cluster ?? status.snapshot?.clusterId;
  const chosen = framework && frameworks[framework];
  return ({ kind, name, profile }: ExportedAsset): object => {
    const outcome = outcomeOf(profile.state);
    const [reason] = profile.reasons;
    const severity = outcome === 'Pass' ? 'Informational' : (profile.criticality ?? 'Medium');
    const title = `Runtime protection of ${kind} ${name}: ${profile.state}`;
    return {
      class_uid: classUid,
      class_name: 'Compliance Finding',
      category_uid: 2,
      category_name: 'Findings',
      activity_id: activityId,
      activity_name: 'Create',
      type_uid: classUid * 100 + activityId,
      type_name: 'Compliance Finding: Create',
      time,
      ...severities[severity],
      status_id: 1,
      status: 'New',
      message: reason?.cause ?? title,
      metadata: {
        version: ocsfVersion,
        product,
        uid: `${document.digest}/${kind}/${name}`,
        ...(cluster === undefined ? {} : { labels: [`cluster:${cluster}`] }),
      },
      finding_info: {
        uid: `${metadata.name}/${kind}/${name}`,
        title,
        created_time: time,
        ...(profile.reasons.length === 0
          ? {}
          : { desc: profile.reasons.map((each) => `${each.reason}: ${each.cause}`).join('\n') }),
        types: profile.reasons.map((each) => each.reason),
      },
      compliance: {
        control: 'Runtime protection of workloads',
        standards: [chosen?.title ?? 'Workload Protection baseline and policies'],
        requirements: chosen?.controls.map(({ id }) => id) ?? [...(profile.policies ?? [])],
        ...outcomes[outcome],
        status_code: profile.state,
      },
      ...(reason === undefined
        ? {}
        : { remediation: { desc: profile.reasons.map(({ remedy }) => remedy).join('\n') } }),
      resources: [resourceOf(kind, name)],
      unmapped: {
        report: metadata.name,
        digest: document.digest,
        evidence: profile.evidence ?? 'None',
        agents: profile.agents.map((agent) => agent.name),
        ...(profile.exemption === undefined ? {} : { exemption: profile.exemption }),
      },
    };
  };
};

const outcomeOf = (state: ExportedAsset['profile']['state']): keyof typeof outcomes => {
  if (state === 'Protected') return 'Pass';
  if (state === 'Unknown') return 'Unknown';
  return state === 'Warning' || state === 'Exempt' ? 'Warning' : 'Fail';
};

const resourceOf = (kind: ExportedAsset['kind'], name: string): object => {
  if (kind === 'node') return { type: 'Node', name, uid: `node/${name}` };
  const [namespace = '', type = '', ...rest] = name.split('/');
  return { type, name: rest.join('/'), namespace, uid: `workload/${name}` };
};
