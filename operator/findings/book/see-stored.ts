// What stands in the cluster, as the watch brings it: findings that another leader has left, what people have decided on them, and that
// one is gone.
import type { Finding } from '../../../crds/schema/finding.ts';
import { seeCase } from '../../../domain/findings/case-stamp.ts';
import { defaultQuiet } from '../../../domain/findings/classify.ts';
import type { FindingCase } from '../../../domain/findings/life-cycle.ts';
import { recordOf } from '../record-of-status.ts';
import type { FindingRegistry } from './registry.ts';
import type { Written } from './written.ts';

/** `finding`: undefined where it is gone. */
export type SeeStored = (key: string, finding: Finding | undefined) => void;

export interface SeeStoredOptions {
  readonly findings: FindingRegistry;
  readonly touch: Written['touch'];
  readonly isTerminating: (namespace: string) => boolean;
  /** When the last leader was known to live. */
  readonly aliveUntil: () => number | undefined;
}

export const createSeeStored = ({ findings, touch, isTerminating, aliveUntil }: SeeStoredOptions): SeeStored => {
  const seeGone = (key: string): void => {
    const known = findings.get(key);
    // An event that is not written yet must not go with the object: that is made anew.
    if (known?.pending === undefined || isTerminating(known.identity.namespace)) findings.drop(key);
    else touch(known, true);
  };

  return (key, object) => {
    if (object === undefined) {
      seeGone(key);
      return;
    }
    const known = findings.get(key);
    const { namespace = '', name } = object.metadata;
    const restored = known === undefined ? recordOf(object, defaultQuiet, aliveUntil()) : undefined;
    const finding = known ?? (restored && findings.add({ namespace, name }, restored));
    if (finding === undefined) return;
    finding.case = caseOf(object, finding.case);
    // As it is written, so that nothing is written because another leader reads it.
    if (known === undefined) finding.evidence = object.status?.quiet?.evidence ?? finding.evidence;
  };
};

/** As the object has it, with whoever decided. */
const caseOf = ({ metadata, spec }: Finding, before: FindingCase): FindingCase => {
  const { phase, riskAcceptedUntil } = spec.case;
  const { uid, generation, annotations } = metadata;
  const until = riskAcceptedUntil === undefined ? undefined : Date.parse(riskAcceptedUntil);
  return seeCase({ uid, generation, annotations, phase, riskAcceptedUntil: until }, before);
};
