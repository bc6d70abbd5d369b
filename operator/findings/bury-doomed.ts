// A finding goes with its namespace: what is left of it is its tombstone, made of what still stands.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import { standingFinding } from '../sinks/deliverable.ts';
import type { RawObject } from '../watches.ts';
import type { LiveFinding } from './book/live-finding.ts';
import { detailsOf } from './subject-details.ts';
import type { Tombstones } from './tombstones.ts';

/** Does nothing where the namespace stays, or where either is missing. */
export type BuryDoomed = (finding: LiveFinding | undefined, object: RawObject | undefined) => void;

export const createBuryDoomed =
  (
    model: Pick<CoverageModel, 'isTerminating' | 'inventory' | 'servicesIn'>,
    tombstones: Pick<Tombstones, 'bury'>,
    operatorNamespace: string,
  ): BuryDoomed =>
  (finding, object) => {
    if (finding === undefined || object === undefined) return;
    const { namespace } = finding.identity;
    if (namespace === operatorNamespace || !model.isTerminating(namespace)) return;
    tombstones.bury(finding, object, detailsOf(model, finding.record, standingFinding(object)?.status.subject));
  };
