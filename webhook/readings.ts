// The few objects that are read while a request waits, since no cache holds them: each by one GET with a deadline. What cannot be read
// in time is not known, and who does not know refuses nothing.
import { classify } from '../kube/errors.ts';
import type { Log } from '../kube/log.ts';
import { pathOf, resources } from '../kube/resource.ts';
import type { Transport } from '../kube/transport.ts';
import type { PodLookup } from './placement.ts';
import type { Lookup } from './report/validate.ts';

export interface Readings {
  readonly pod: PodLookup;
  readonly report: Lookup;
}

/** The API server waits for the answer for a few seconds in all. */
const deadlineMs = 1000;

export const createReadings = (transport: Transport, log: Log): Readings => {
  const read: Lookup = async (path) => {
    try {
      return { found: await transport.request({ method: 'GET', path, deadlineMs }) };
    } catch (error) {
      if (classify(error) === 'notFound') return { found: undefined };
      log.warn({ path, error }, 'cannot be read in time; what hangs on it is not judged');
      return 'unknown';
    }
  };
  return {
    pod: async (namespace, name) => {
      const answer = await read(pathOf(resources.pods, { namespace, name }));
      return answer === 'unknown' ? undefined : answer.found;
    },
    report: (name) => read(pathOf(resources.coverageReports, { name })),
  };
};
