// What people decide on a finding's case, followed at once: of two decisions that come together one would be lost at the next look.
import { advance, type Transition } from '../../../domain/findings/life-cycle.ts';
import { withHistory } from '../../../domain/findings/record.ts';
import type { LiveFinding } from './live-finding.ts';
import type { Written } from './written.ts';

export interface FollowCaseOptions {
  readonly touch: Written['touch'];
  readonly onTransition: (finding: LiveFinding, transition: Transition) => void;
}

export const createFollowCase =
  ({ touch, onTransition }: FollowCaseOptions) =>
  (finding: LiveFinding, now: number): void => {
    const { record } = finding;
    const { state, transitions } = advance(record.state, {
      now,
      elapsed: 0,
      listening: record.state.quiet.listening,
      provenAgo: Number.POSITIVE_INFINITY,
      hearing: record.state.quiet.hearing,
      case: finding.case,
      // Silence is judged where somebody looks who listens.
      required: Number.POSITIVE_INFINITY,
      requiredRuns: undefined,
      cleanRuns: 0,
      isGone: false,
    });
    if (transitions.length === 0 && state.fixedAt === record.state.fixedAt) return;
    finding.record = withHistory({ ...record, state }, transitions);
    for (const transition of transitions) onTransition(finding, transition);
    touch(finding, true);
  };
