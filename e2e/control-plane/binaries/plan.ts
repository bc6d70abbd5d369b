import { isEnvtestBinary, isToolBinary } from './names.ts';
import type { BinaryName, KubernetesBinary, ToolBinary } from './names.ts';

/** What is at hand on this machine, found out beforehand so that the decision below is a pure function. */
export interface AtHand {
  /** Programs in the folder that KUBEBUILDER_ASSETS names, if its version is the wanted one. */
  readonly assets: ReadonlySet<BinaryName>;
  readonly cache: ReadonlySet<BinaryName>;
  readonly go: boolean;
}

export interface BinaryPlan {
  readonly fromAssets: readonly BinaryName[];
  readonly fromCache: readonly BinaryName[];
  /** To be tried first; what it does not bring goes to `build` if Go is there. */
  readonly fromArchive: readonly KubernetesBinary[];
  readonly build: { readonly kubernetes: readonly KubernetesBinary[]; readonly tools: readonly ToolBinary[] };
}

/**
 * KUBEBUILDER_ASSETS, then our cache, then the envtest archive, then a build.
 *
 * The archive has neither scheduler nor controller-manager. Where these must be built anyway the same build brings the
 * other three for nothing, so the archive is asked only when it can spare the build, or when there is no Go.
 */
export function planBinaries(wanted: readonly BinaryName[], atHand: AtHand): BinaryPlan {
  const fromAssets = wanted.filter((name) => atHand.assets.has(name));
  const fromCache = wanted.filter((name) => !atHand.assets.has(name) && atHand.cache.has(name));
  const missing = wanted.filter((name) => !atHand.assets.has(name) && !atHand.cache.has(name));
  const tools = missing.filter(isToolBinary);
  const kubernetes = missing.filter((name): name is KubernetesBinary => !isToolBinary(name));
  const archive = kubernetes.filter(isEnvtestBinary);
  const archiveSparesTheBuild = archive.length === kubernetes.length;
  return {
    fromAssets,
    fromCache,
    fromArchive: archiveSparesTheBuild || !atHand.go ? archive : [],
    build: { kubernetes, tools },
  };
}
