// Takes the startup taint off a node. `spec.taints` is an atomic list, so that server-side apply would take everybody else's taints
// off with it: one entry goes by a JSON patch, which tests that the entry still stands where it was read.
import { isStartupTaint } from '../../../domain/nodes/plan.ts';
import type { Writer } from '../../../kube/apply.ts';
import { classify } from '../../../kube/errors.ts';
import { resources } from '../../../kube/resource.ts';

/** Others write taints too, the node controller above all; each attempt reads anew. */
const attempts = 5;

interface LiveNode {
  readonly metadata: { readonly uid: string };
  readonly spec?: { readonly taints?: readonly { readonly key?: string; readonly effect?: string }[] };
}

/** Whether it was there and is gone now; false where it was not there, or the node of that name is another by now. */
export const removeStartupTaint = async (
  writer: Pick<Writer, 'get' | 'jsonPatch'>,
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<boolean> => {
  for (let attempt = 1; ; attempt++) {
    const live = await writer.get<LiveNode>(resources.nodes, { name });
    if (live.metadata.uid !== uid) return false;
    const taints = live.spec?.taints ?? [];
    const index = taints.findIndex(({ key = '', effect = '' }) => isStartupTaint({ key, effect }));
    if (index === -1) return false;
    const path = `/spec/taints/${index}`;
    try {
      await writer.jsonPatch(resources.nodes, { name }, [
        { op: 'test', path, value: taints[index] },
        { op: 'remove', path },
      ]);
      return true;
    } catch (error) {
      const isOutrun = classify(error) === 'invalid' || classify(error) === 'conflict';
      if (!isOutrun || attempt === attempts) throw error;
    }
  }
};
