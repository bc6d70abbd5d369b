// Detection policies and rules as the API writes them.
import type { CoverageReportStatus } from '../../crds/schema/coverage-report.ts';
import type { PolicyUse, RuleUse } from '../../domain/coverage/loaded-report.ts';
import type { RulesetPolicy } from '../../domain/telemetry/ruleset.ts';
import { cut } from '../status.ts';

type WrittenPolicy = NonNullable<CoverageReportStatus['policies']>[number];
type WrittenRule = NonNullable<CoverageReportStatus['rules']>[number];

/** The API's limits on names, versions and what agents say. */
export const longest = { name: 253, version: 128, namespace: 63, kind: 63, message: 512 } as const;

/** What identifies a detection policy, in a report or in a ruleset. */
export const writtenIdentity = (
  policy: Pick<RulesetPolicy, 'name' | 'agent' | 'version' | 'status' | 'type' | 'declaredBy'> & {
    readonly source: string | undefined;
  },
): Omit<WrittenPolicy, 'nodes' | 'rules'> => {
  const { name, agent, version, source, status, type, declaredBy } = policy;
  return {
    name: cut(name, longest.name),
    agent,
    ...(version === undefined ? {} : { version: cut(version, longest.version) }),
    ...(source === undefined ? {} : { source }),
    status,
    ...(type === undefined ? {} : { type }),
    ...(declaredBy === undefined
      ? {}
      : {
          declaredBy: {
            kind: cut(declaredBy.kind, longest.kind),
            ...(declaredBy.namespace === undefined ? {} : { namespace: cut(declaredBy.namespace, longest.namespace) }),
            name: cut(declaredBy.name, longest.name),
          },
        }),
  };
};

export const writtenPolicy = ({ nodes, rules, ...policy }: PolicyUse): WrittenPolicy => ({
  ...writtenIdentity(policy),
  nodes,
  ...(rules === undefined ? {} : { rules: { ...rules } }),
});

export const writtenRule = ({ name, policy, agent, status, message, nodes }: RuleUse): WrittenRule => ({
  name: cut(name, longest.name),
  policy: cut(policy, longest.name),
  agent,
  status,
  ...(message === undefined ? {} : { message: cut(message, longest.message) }),
  nodes,
});
