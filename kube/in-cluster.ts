import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterAccess } from './access.ts';
import { tokenFile } from './token-file.ts';

export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The cluster that this process runs in: no library, since @kubernetes/client-node would add 60 MB to each replica. */
export async function inCluster(at: { host: string; port: string; folder: string }): Promise<ClusterAccess> {
  const token = tokenFile(join(at.folder, 'token'));
  const namespace = await readFile(join(at.folder, 'namespace'), 'utf8').catch(() => '');
  await token();
  return {
    server: `https://${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`,
    namespace: namespace.trim() || undefined,
    source: `the ServiceAccount in ${at.folder}`,
    tls: async () => ({ ca: await readFile(join(at.folder, 'ca.crt'), 'utf8') }),
    authorise: async (fresh) => ({ authorization: `Bearer ${await token(fresh)}` }),
  };
}
