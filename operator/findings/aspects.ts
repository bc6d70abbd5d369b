// What a Finding's conditions say: whether its silence is proven, whether a claimed fix has failed, whether its image has changed.
import { imagesNow, type ImageChange } from '../../domain/findings/image-change.ts';
import { hasFixFailed } from '../../domain/findings/life-cycle.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import { cut, type Aspect } from '../status.ts';

/** Five references of images would be no sentence any more. */
const longestSentence = 2048;

export const aspectsOf = ({ state, image, imageChange, subject }: FindingRecord): readonly Aspect[] => {
  const verified = state.phase === 'Resolved' && state.resolution === 'Verified';
  const failed = hasFixFailed(state);
  return [
    {
      type: 'Verified',
      status: verified ? 'True' : 'False',
      reason: verified ? 'SilenceObserved' : 'NotObserved',
      message: verified
        ? 'The behaviour stayed away for the whole quiet period, and somebody listened.'
        : 'The quiet period has not been observed.',
    },
    {
      type: 'FixFailed',
      status: failed ? 'True' : 'False',
      reason: failed ? 'SeenSince' : 'NotSeenSince',
      message: failed
        ? 'The behaviour was seen again after a fix was claimed. Claim it anew once it is fixed: set spec.case.phase to Remediating, then to Fixed.'
        : 'The behaviour has not been seen since a fix was claimed, or none was.',
    },
    ...(image === undefined ? [] : [imageAspect(subject.name, image, imageChange)]),
  ];
};

const imageAspect = (name: string, image: string, change: ImageChange | undefined): Aspect => ({
  type: 'ImageChanged',
  status: change === undefined ? 'False' : 'True',
  reason: change === undefined ? 'NotObserved' : 'AnotherRuns',
  message: cut(
    change === undefined
      ? `The behaviour was last seen in ${image}; that all pods run another image has not been observed.`
      : `${name} runs ${imagesNow(change)} on ${change.pods === 1 ? 'its only pod' : `all ${change.pods} pods`}; the behaviour was last seen in ${change.from}.`,
    longestSentence,
  ),
});
