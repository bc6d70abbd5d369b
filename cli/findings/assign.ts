// `findings assign NAME…`: whose it is, until when, and how far the work is.
import type { FlagTable } from '../flags/table.ts';
import { UsageError } from '../verb.ts';
import { caseVerb, mergeCase } from './case-verb.ts';
import { dayOf, instantOf } from './day.ts';

/** Fixed and RiskAccepted have verbs of their own. */
const phases = ['New', 'Triaged', 'Remediating'] as const;

const flags = {
  owner: { placeholder: 'NAME', help: "Who works on it, such as an e-mail address; '' for nobody." },
  team: { placeholder: 'NAME', help: "The team that it belongs to; '' for that of the workload's labels." },
  due: { placeholder: 'DAY', help: "By when it should be fixed: 2027-03-01, or 14d from now; '' for no day." },
  phase: { placeholder: 'PHASE', values: phases, help: `How far the work is: ${phases.join(', ')}.` },
  remediation: { placeholder: 'TEXT', help: "What is being done about it; '' for nothing." },
} as const satisfies FlagTable;

export const assignVerb = caseVerb({
  name: 'assign',
  summary: 'Gives findings to an owner, a team, a day.',
  about: 'Says who works on findings, for which team, until when, and what is being done.',
  flags,
  examples: [
    'kubectl protection findings assign shop/compiler-in-container-checkout-1a2b3c4d --owner dana@example.com --team payments --due 14d',
    "kubectl protection findings assign NAME --phase Remediating --remediation 'two-stage build from release 12 on'",
  ],
  prepare: ({ text }, _word, now) => {
    const due = text('due');
    const fields = {
      ...field('owner', text('owner')),
      ...field('team', text('team')),
      ...field('dueDate', due === undefined || due === '' ? due : dayOf(instantOf('due', due, now))),
      ...field('phase', text('phase')),
      ...field('remediation', text('remediation')),
    };
    const said = Object.entries(fields).map(([name, value]) => `${name} ${value ?? 'taken away'}`);
    if (said.length === 0) throw new UsageError('say what: --owner, --team, --due, --phase or --remediation');
    return async (source, place) => {
      await mergeCase(source, place, fields);
      return said.join(', ');
    };
  },
});

/** An empty text takes the field away. */
const field = (name: string, value: string | undefined): Readonly<Record<string, string | null>> =>
  value === undefined ? {} : { [name]: value === '' ? null : value };
