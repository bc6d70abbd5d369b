// The flags of findings.
import { countFlag, durationFlag, textFlag } from '../../process/flag-kinds.ts';

export const findingFlags = {
  findingRetention: durationFlag('How long a resolved finding is kept.', '2160h', { max: '87600h' }),
  findingsPerNamespace: countFlag(
    'Findings that one namespace may have; what would make a further one is counted and left alone.',
    1000,
    { min: 1, max: 100_000 },
  ),
  teamKeys: textFlag(
    'Labels, or else annotations, that name a team: of the pods of a workload, of the workload, or of its namespace; the first that is there, with commas between.',
    'KEYS',
    'team,app.kubernetes.io/team,owner',
  ),
};
