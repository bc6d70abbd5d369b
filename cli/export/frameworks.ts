// What auditors ask by, and what coverage does and does not show of it. Short on purpose: an assessor decides what is enough.

export interface Control {
  readonly id: string;
  /** In our own words. */
  readonly about: string;
  readonly shows: string;
  readonly doesNotShow: string;
}

export interface Framework {
  readonly title: string;
  readonly controls: readonly Control[];
}

export const frameworkNames = ['pci-dss', 'hipaa', 'soc2', 'iso27001'] as const;
export type FrameworkName = (typeof frameworkNames)[number];

const where =
  'On which nodes and workloads a runtime security agent works, how that is known, and each gap with its cause.';
const failures = 'When protection failed or was missing, for which assets and why, with the history of the report.';

export const frameworks: Readonly<Record<FrameworkName, Framework>> = {
  'pci-dss': {
    title: 'PCI DSS 4.0',
    controls: [
      {
        id: '5.2.1',
        about:
          'Protection against malware is deployed on all system components, but for those evaluated as not at risk.',
        shows: `${where} Exemptions with reason and end.`,
        doesNotShow:
          'That your assessor accepts the agent as protection against malware, or which components are in scope.',
      },
      {
        id: '5.3.2',
        about: 'That protection scans, or analyses the behaviour of systems or processes continuously.',
        shows:
          'Whether the agent is running and, at evidence Reporting or Loaded, that it answered and which rules it had loaded.',
        doesNotShow: 'That the rules detect any certain malware.',
      },
      {
        id: '10.7.2',
        about: 'Failures of critical security controls are detected, alerted and addressed promptly.',
        shows: failures,
        doesNotShow: 'That somebody was alerted and acted; keep the records of your incidents beside it.',
      },
    ],
  },
  hipaa: {
    title: 'HIPAA Security Rule (45 CFR Part 164, Subpart C)',
    controls: [
      {
        id: '164.308(a)(1)(ii)(D)',
        about: 'Records of activity in information systems are reviewed regularly.',
        shows: 'That the state of monitoring was looked at, by the dates of snapshots and of the history.',
        doesNotShow: 'That anybody reviewed the events themselves.',
      },
      {
        id: '164.308(a)(5)(ii)(B)',
        about: 'Procedures guard against, detect and report malicious software.',
        shows: where,
        doesNotShow: 'The procedures, nor which workloads hold electronic protected health information.',
      },
      {
        id: '164.312(b)',
        about: 'Mechanisms record and examine activity in systems that hold electronic protected health information.',
        shows: 'Which nodes and workloads an agent watches, and where events were dropped or telemetry was stale.',
        doesNotShow: 'That the records are kept, or for how long.',
      },
    ],
  },
  soc2: {
    title: 'SOC 2 (Trust Services Criteria)',
    controls: [
      {
        id: 'CC6.8',
        about: 'Controls prevent, or detect and act upon, unauthorised or malicious software.',
        shows: where,
        doesNotShow: 'What was detected, and how it was acted upon.',
      },
      {
        id: 'CC7.1',
        about: 'Changes of configuration that introduce vulnerabilities are detected.',
        shows: 'Drift between declared and loaded detection policies, outdated agents, and changes against a baseline.',
        doesNotShow: 'Vulnerabilities of the software that runs in the cluster.',
      },
      {
        id: 'CC7.2',
        about: 'System components are monitored for anomalies that indicate malicious acts.',
        shows: failures,
        doesNotShow: 'The analysis of anomalies. One snapshot shows a moment; a period is shown by several.',
      },
    ],
  },
  iso27001: {
    title: 'ISO/IEC 27001:2022, Annex A',
    controls: [
      {
        id: 'A.8.7',
        about: 'Protection against malware is in place.',
        shows: where,
        doesNotShow: 'The awareness of users, which this control asks for as well.',
      },
      {
        id: 'A.8.9',
        about: 'Configurations, security configurations among them, are established, monitored and reviewed.',
        shows: 'What policies require of each asset, what agents have loaded, and where these differ.',
        doesNotShow: 'The configuration of anything but the agents.',
      },
      {
        id: 'A.8.16',
        about: 'Networks, systems and applications are monitored for anomalous behaviour.',
        shows: failures,
        doesNotShow: 'The monitoring of networks, and what was done about anomalies.',
      },
    ],
  },
};
