// Image references: `registry:5000/path/name:tag@sha256:…`.

export interface ImageReference {
  /** Registry and path, without tag and digest. */
  readonly repository: string;
  readonly tag: string | undefined;
}

export const parseImage = (image: string): ImageReference => {
  const withoutDigest = image.split('@', 1)[0] ?? image;
  const colon = withoutDigest.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  if (colon <= withoutDigest.lastIndexOf('/')) return { repository: withoutDigest, tag: undefined };
  return { repository: withoutDigest.slice(0, colon), tag: withoutDigest.slice(colon + 1) };
};

/** Whether the image's repository ends in `suffix` at a path boundary: a mirror keeps the trailing path. */
export const isFromRepository = (image: string, suffix: string): boolean => {
  const { repository } = parseImage(image);
  return repository === suffix || repository.endsWith(`/${suffix}`);
};
