// The flags that the verbs about findings share.
import { connectionFlags as reportFlags, helpFlag } from '../coverage/flags.ts';
import type { FlagTable } from '../flags/table.ts';

const { context, kubeconfig, 'no-color': noColor } = reportFlags;

export const connectionFlags = { context, kubeconfig } as const satisfies FlagTable;
export const colourFlag = { 'no-color': noColor } as const satisfies FlagTable;

export const watchFlag = {
  watch: { short: 'w', help: 'Show it again whenever something changes, until interrupted.' },
} as const satisfies FlagTable;

/** Where findings are looked for, as kubectl has it. */
export const scopeFlags = {
  namespace: {
    short: 'n',
    placeholder: 'NAME',
    multiple: true,
    help: 'Findings in it; those of nodes are in the namespace of the operator. Default: the namespace of the context.',
  },
  'all-namespaces': { short: 'A', help: 'Findings in all namespaces.' },
} as const satisfies FlagTable;

/** Of verbs that change cases. */
export const caseFlags = {
  namespace: {
    short: 'n',
    placeholder: 'NAME',
    help: 'Namespace of findings that are named without one. Default: the namespace of the context.',
  },
  ...connectionFlags,
  ...helpFlag,
} as const satisfies FlagTable;

export { helpFlag };
