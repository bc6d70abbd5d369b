/** Detection policies and rules as reports and slices list them. */
import { count, group, oneOf, text } from './fields.ts';
import { reportedVersion } from './names.ts';
import { policyStatuses, policyTypes } from './vocabulary.ts';

/** What identifies a detection policy and says how it stands, in a report or in a ruleset. */
export const detectionPolicyFields = {
  name: text('Its name as the agent reports it.', { max: 253 }),
  agent: text('The ProtectionAgent that has it.', { max: 253 }).optional(),
  version: reportedVersion('Its version, or the digest of its content.').optional(),
  source: text('Where it comes from, such as ConfigMap, OCI or RemoteConfiguration.', { max: 63 }).optional(),
  status: oneOf(
    'How it stands. Declared: an object says so, and no agent has confirmed it. Missing: an object declares it, and the agent has not loaded it. Outdated or Drifted: it is loaded in an older version, or with another content, than an object declares.',
    policyStatuses,
  ),
  type: oneOf("What it is for, where the agent's tags say so.", policyTypes).optional(),
  declaredBy: group('The object that declares it, where one does.', {
    kind: text('Its kind.', { max: 63 }),
    namespace: text('Its namespace, where it has one.', { max: 63 }).optional(),
    name: text('Its name.', { max: 253 }),
  }).optional(),
} as const;

export const ruleCounts = group('Its rules by status.', {
  loaded: count('Loaded.').default(0),
  filtered: count('Left out by the agent on purpose, for instance because they are for another version of it.').default(
    0,
  ),
  disabled: count('Switched off.').default(0),
  failed: count('Refused by the agent.').default(0),
  missing: count('Declared or required, but not there.').default(0),
});
