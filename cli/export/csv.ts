// An export as a table for spreadsheets: one line for each asset.
import { csvLine } from '../output/csv.ts';
import { assetsIn } from './assets.ts';
import type { CoverageDocument } from './document.ts';

const header = [
  'kind',
  'namespace',
  'name',
  'state',
  'evidence',
  'reasons',
  'causes',
  'remedies',
  'agents',
  'policies',
  'criticality',
  'exemptionPolicy',
  'exemptionReason',
  'exemptUntil',
  'pods',
  'evaluatedAt',
] as const;

export const csvExport = (document: CoverageDocument): string => {
  const { evaluatedAt } = document.report.status;
  const lines = assetsIn(document).map(({ kind, name, profile }) => {
    const { reasons, agents, policies = [], exemption } = profile;
    const [namespace, rest] = kind === 'node' ? ['', name] : split(name);
    const said = (pick: (reason: (typeof reasons)[number]) => string): string => reasons.map(pick).join('\n');
    return csvLine([
      kind,
      namespace,
      rest,
      profile.state,
      profile.evidence,
      said(({ reason }) => reason),
      said(({ cause }) => cause),
      said(({ remedy }) => remedy),
      agents.map((agent) => (agent.version === undefined ? agent.name : `${agent.name} ${agent.version}`)).join('\n'),
      policies.join('\n'),
      profile.criticality,
      exemption?.policy,
      exemption?.reason,
      exemption?.expiresAt,
      profile.pods,
      evaluatedAt,
    ]);
  });
  return csvLine(header) + lines.join('');
};

/** `shop/Deployment/web` → `shop` and `Deployment/web`. */
const split = (name: string): readonly [string, string] => {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
};
