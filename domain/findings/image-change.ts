// Whether a workload still runs the image in which a behaviour was last seen. That all of it runs another is evidence of a fix, and no proof.

export interface ImageChange {
  /** In which the behaviour was last seen. */
  readonly from: string;
  /** What all pods run now; a few of them where they are many. */
  readonly to: readonly string[];
  readonly pods: number;
  /** When it was first found so. */
  readonly since: number;
}

export interface RunningImage {
  readonly image: string;
  /** Undefined where it is not known. */
  readonly digest: string | undefined;
}

/** Where a rollout meets the next one there are two or three. */
const mostImages = 5;

/** `running`: of the container, in each pod that runs; read only as far as it takes. Where nothing runs, it stays as it was. */
export const imageChangeOf = (
  seenIn: { readonly image: string | undefined; readonly digest: string | undefined },
  running: Iterable<RunningImage>,
  before: ImageChange | undefined,
  now: number,
): ImageChange | undefined => {
  const { image, digest } = seenIn;
  if (image === undefined) return undefined;
  const to = new Set<string>();
  let pods = 0;
  for (const each of running) {
    if (!isOther(each, image, digest)) return undefined;
    to.add(each.image === image ? named(each) : each.image);
    pods++;
  }
  if (pods === 0) return before;
  const from = named({ image, digest });
  const since = before?.from === from ? before.since : now;
  return { from, to: [...to].toSorted().slice(0, mostImages), pods, since };
};

/** A tag may be moved to another image: only digests tell then, and what is not known is the same. */
const isOther = (running: RunningImage, image: string, digest: string | undefined): boolean =>
  running.image !== image || (running.digest !== undefined && digest !== undefined && running.digest !== digest);

/** `registry/app:11.0@sha256:…`, as a pod could name it. */
const named = ({ image, digest }: RunningImage): string =>
  digest === undefined || image.includes('@') ? image : `${image}@${digest}`;

/** How many pods there are is worth no write of its own. */
export const isSameChange = (one: ImageChange | undefined, other: ImageChange | undefined): boolean =>
  one?.from === other?.from && one?.to.join(' ') === other?.to.join(' ');

/** `registry/app:12.0`, or several with "and" before the last. */
export const imagesNow = ({ to }: Pick<ImageChange, 'to'>): string =>
  to.length <= 1 ? (to[0] ?? '') : `${to.slice(0, -1).join(', ')} and ${to.at(-1)}`;
