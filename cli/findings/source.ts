// Findings of a cluster, read and worked on with the rights of whoever asks. Nothing but the API server is needed.
import { findingSchema, type Finding } from '../../crds/schema/finding.ts';
import type { FindingObject } from '../../domain/findings/finding-object.ts';
import { createWriter, type JsonPatch } from '../../kube/apply.ts';
import { systemClock } from '../../kube/clock.ts';
import { loadCluster } from '../../kube/config.ts';
import { classify, KubeError } from '../../kube/errors.ts';
import { listPages } from '../../kube/list.ts';
import { resourceName, resources } from '../../kube/resource.ts';
import { createTransport } from '../../kube/transport.ts';
import { changesIn } from '../coverage/changes.ts';
import { nearestTo } from '../coverage/suggest.ts';
import type { Given } from '../flags/table.ts';
import { showWarnings } from '../output/warnings.ts';
import type { Io } from '../verb.ts';

/** As the API server has it. Its schema fits ours, since it checks by it; an older operator may leave lists out. */
export type StoredFinding = FindingObject & Pick<Finding, 'apiVersion' | 'kind' | 'metadata'>;

export interface FindingPlace {
  readonly namespace: string;
  readonly name: string;
}

export interface FindingSource {
  /** Which cluster, for people. */
  readonly source: string;
  /** The namespace of the context. */
  readonly namespace: string;
  /** Of one namespace, or of all. */
  readonly list: (namespace: string | undefined) => Promise<readonly StoredFinding[]>;
  readonly get: (place: FindingPlace) => Promise<StoredFinding>;
  /** JSON merge patch; with a resourceVersion in it, only of that version. */
  readonly merge: (place: FindingPlace, patch: object) => Promise<void>;
  readonly patch: (place: FindingPlace, patch: JsonPatch) => Promise<void>;
  /** Comes back with each change, until the signal. */
  readonly changes: (namespace: string | undefined, signal: AbortSignal) => AsyncIterable<void>;
  readonly close: () => Promise<void>;
}

/** Thousands of findings take a second or two; the rest is for slow networks. */
const deadlineMs = 120_000;
const resource = resources.findings;

export const openFindings = async ({ text }: Given, io: Pick<Io, 'env' | 'stderr'>): Promise<FindingSource> => {
  const where = { context: text('context'), kubeconfig: text('kubeconfig') };
  const access = await loadCluster({ ...where, env: io.env }).catch((error: unknown) => {
    throw new Error('no cluster can be asked; name one with --context or --kubeconfig', { cause: error });
  });
  const transport = createTransport(access, {
    userAgent: 'kubectl-protection',
    clock: systemClock,
    onWarning: showWarnings(io),
  });
  const writer = createWriter(transport);
  const list = async (namespace: string | undefined): Promise<readonly StoredFinding[]> => {
    const found: StoredFinding[] = [];
    const take = (page: readonly unknown[]): void => {
      for (const raw of page) found.push(whole(raw));
    };
    try {
      await listPages(transport, { resource, namespace }, take, AbortSignal.timeout(deadlineMs));
    } catch (error) {
      throw explained(error, access.source, namespace) ?? error;
    }
    return found;
  };
  return {
    source: access.source,
    namespace: access.namespace ?? 'default',
    list,
    get: async (place) => {
      try {
        return whole(await writer.get(resource, place));
      } catch (error) {
        if (classify(error) !== 'notFound') throw inItsWords(error);
      }
      const near = nearestTo(
        place.name,
        (await list(place.namespace)).map(({ metadata: { name } }) => name),
      );
      const hint = near === '' ? '; one of another namespace is named with -n, or as NAMESPACE/NAME' : near;
      throw new Error(`namespace ${place.namespace} has no finding ${place.name}${hint}`);
    },
    merge: async (place, patch) => {
      await writer.mergePatch(resource, place, patch);
    },
    patch: async (place, patch) => {
      await writer.jsonPatch(resource, place, patch);
    },
    changes: (namespace, signal) => changesIn(transport, { resource, namespace }, signal),
    close: () => transport.close(),
  };
};

/** Items of a list come without their kind. */
const whole = (raw: unknown): StoredFinding => {
  const { metadata, spec, status } = raw as StoredFinding;
  const { managedFields: _, ...kept } = metadata as typeof metadata & { managedFields?: unknown };
  const { apiVersion, kind, spec: empty } = findingSchema.parse({});
  return {
    apiVersion,
    kind,
    metadata: kept,
    spec: { ...empty, ...spec, case: { ...empty.case, ...spec?.case } },
    ...(status === undefined ? {} : { status }),
  };
};

/** What the API server answered, without how it was asked. */
export const inItsWords = (error: unknown): Error => {
  if (!(error instanceof KubeError)) return error instanceof Error ? error : new Error(String(error));
  return new Error(error.message.slice(`${error.request}: `.length));
};

const explained = (error: unknown, source: string, namespace: string | undefined): Error | undefined => {
  const kind = classify(error);
  if (kind === 'forbidden') {
    return new Error(
      namespace === undefined
        ? `you may not read the findings of all namespaces in ${source}: name one with -n, or ask for the cluster role view, bound in the whole cluster`
        : `you may not read the findings of namespace ${namespace} in ${source}: ask for the cluster role view there, which the chart adds them to (rbac.aggregate)`,
    );
  }
  return kind === 'notFound'
    ? new Error(
        `${source} has no ${resourceName(resource)}: install the operator there, with its CRDs, or name another cluster with --context`,
      )
    : undefined;
};
