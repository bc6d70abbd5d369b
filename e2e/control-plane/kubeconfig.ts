import { dump } from 'js-yaml';

export interface KubeconfigInput {
  readonly name: string;
  readonly server: string;
  readonly certificateAuthority: string;
  readonly token: string;
  readonly user: string;
  readonly namespace?: string;
}

/** A kubeconfig with one context. The authority is in it, so that TLS is verified as anywhere else. */
export function kubeconfig(input: KubeconfigInput): string {
  const { name, user } = input;
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: {
          server: input.server,
          'certificate-authority-data': Buffer.from(input.certificateAuthority).toString('base64'),
        },
      },
    ],
    users: [{ name: user, user: { token: input.token } }],
    contexts: [
      {
        name,
        context: { cluster: name, user, ...(input.namespace === undefined ? {} : { namespace: input.namespace }) },
      },
    ],
  });
}
