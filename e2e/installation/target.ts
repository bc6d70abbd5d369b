// Where the product is installed: a control plane of ours, or a cluster of the user's.
import { execFile } from 'node:child_process';
import path from 'node:path';
import type { ServiceAccountAccess } from '../control-plane/control-plane.ts';

/** A ControlPlane is one. */
export interface Target {
  readonly binaries: { readonly kubectl: string; readonly helm: string };
  /** Of whoever installs; its current context is the cluster. */
  readonly kubeconfig: string;
  readonly kubernetesVersion: string;
  /** For what the installation writes: values, logs, journals. */
  readonly directory: string;
  readonly kubeconfigFor: (account: ServiceAccountAccess) => Promise<string>;
}

export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<string>;

export interface KubectlOptions {
  /** Given to standard input. */
  readonly input?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const kubectlDeadlineMs = 60_000;
const largestOutput = 64 * 1024 * 1024;

/** kubectl as whoever installs; gives its standard output, and rejects with its own words. Warnings go to standard error and are dropped. */
export const kubectlFor =
  (target: Pick<Target, 'binaries' | 'kubeconfig' | 'directory'>): Kubectl =>
  async (args, { input, deadlineMs = kubectlDeadlineMs, signal } = {}) =>
    // What kubectl remembers of a cluster is filed under its port, which may have been another cluster's.
    runTool(
      target.binaries.kubectl,
      ['--kubeconfig', target.kubeconfig, '--cache-dir', path.join(target.directory, 'kubectl-cache'), ...args],
      { input, deadlineMs, signal },
    );

export const runTool = async (
  command: string,
  args: readonly string[],
  options: {
    readonly input?: string | undefined;
    readonly deadlineMs: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      {
        timeout: options.deadlineMs,
        maxBuffer: largestOutput,
        encoding: 'utf8',
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const why = error.killed === true ? `was ended after ${options.deadlineMs / 1000} s` : `failed`;
        reject(
          new Error(`${path.basename(command)} ${shown(args)} ${why}: ${stderr.trim() || error.message}`, {
            cause: error,
          }),
        );
      },
    );
    // A tool that ends before it has read everything says so by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });

/** Without the paths that every call has. */
const shown = (args: readonly string[]): string =>
  args.filter((arg, at) => !hidden.has(arg) && !hidden.has(args[at - 1] ?? '')).join(' ');

const hidden: ReadonlySet<string> = new Set(['--kubeconfig', '--cache-dir']);
