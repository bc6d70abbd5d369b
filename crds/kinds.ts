/** The five kinds, in the order in which a reader meets them. */
import { coverageReportTable } from './schema/coverage-report.ts';
import { coverageSliceTable } from './schema/coverage-slice.ts';
import { findingTable } from './schema/finding.ts';
import type { KindTable } from './schema/kind.ts';
import { protectionAgentTable } from './schema/protection-agent.ts';
import { workloadPolicyTable } from './schema/workload-policy.ts';

export const kinds: readonly KindTable[] = [
  protectionAgentTable,
  workloadPolicyTable,
  coverageReportTable,
  coverageSliceTable,
  findingTable,
];
