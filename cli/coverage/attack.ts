// `coverage attack`: the ATT&CK matrix, where detection is thin, and which rule at hand would fill it.
import { attackName, techniqueIdIn, tacticIdIn } from '../../domain/attack/lookup.ts';
import { attackVersion, techniques } from '../../domain/attack/techniques.ts';
import { thinTactics, type ThinTactic, type ThinTechnique } from '../../domain/attack/thin.ts';
import type { Platform } from '../../domain/attack/types.ts';
import { flagsHelp, valuesOf, type Given } from '../flags/table.ts';
import { columns } from '../output/columns.ts';
import type { Paint } from '../output/paint.ts';
import { plain, plural } from '../output/text.ts';
import type { Verb } from '../verb.ts';
import { filterFlags, filtersOf, filterValues } from './filter-flags.ts';
import { connectionFlags, helpFlag, outputFlag, watchFlag } from './flags.ts';
import { listed, listFormats, type Column } from './listing.ts';
import { runSession } from './session.ts';
import type { EvaluatedReport } from './source.ts';

const platforms = ['Containers', 'Linux', 'All'] as const;
/** Three a tactic fit on a screen. */
const thinShown = 3;
const unseenShown = 6;

const flags = {
  tactic: {
    ...filterFlags.tactic,
    help: 'Only this tactic, with all of its thin techniques: TA0004, or privilege-escalation.',
  },
  technique: {
    ...filterFlags.technique,
    help: 'Only this technique: which rules of which agents cover it, and which would.',
  },
  platform: {
    placeholder: 'NAME',
    values: platforms,
    help: `Techniques of ${platforms.join(', ')}. Default: Containers.`,
  },
  ...outputFlag(listFormats),
  ...watchFlag,
  ...connectionFlags,
  ...helpFlag,
};

const help = `Shows which parts of MITRE ATT&CK loaded rules cover, on how many nodes; and per tactic the techniques that least is seen of, with the rule at hand
that would fill them: one that is switched off, filtered, refused, declared and not loaded, or loaded on other nodes only.

Usage:
  kubectl protection coverage attack [flags]

Examples:
  kubectl protection coverage attack
  kubectl protection coverage attack --tactic defense-evasion --platform All
  kubectl protection coverage attack --technique T1611

  # Which nodes do not see it.
  kubectl protection coverage --technique '!T1611' --assets nodes

Techniques of the table are those of ATT&CK ${attackVersion} for the platforms Containers and Linux. A rule on a sub-technique counts for its technique, not the other
way round.

Flags:
${flagsHelp(flags)}
`;

type Matrix = NonNullable<EvaluatedReport['status']['attack']>;
type ReportedTechnique = NonNullable<NonNullable<NonNullable<Matrix['tactics']>[number]>['techniques']>[number];

export const attackVerb: Verb = {
  name: 'attack',
  summary: 'The ATT&CK matrix, where it is thin, and which rules would fill it.',
  help,
  values: { ...filterValues, ...valuesOf(flags) },
  run: (args, io) =>
    runSession({ flags, check: filtersOf }, args, io, async ({ given, report, format, paint, write, note }) => {
      const matrix = report.status.attack;
      if (matrix === undefined || matrix.nodes === 0) {
        note('the report holds no ATT&CK matrix: no agent tells which rules it has loaded');
        if (format === 'table' || format === 'wide') return 0;
      }
      const said = matrix ?? { nodes: 0, workloads: 0, unmappedRules: 0 };
      const tactics = thinTactics(said, platformsOf(given)).filter(({ id }) => isWanted(given, 'tactic', id));
      if (format === 'table' || format === 'wide') {
        const ids = given.texts('technique').flatMap((text) => techniqueIdIn(text) ?? []);
        write(
          ids.length > 0
            ? ids.flatMap((id) => [...techniqueBlock(id, said, paint)])
            : matrixTable(tactics, said, { paint, all: given.texts('tactic').length > 0 || format === 'wide' }),
        );
      } else {
        const rows = techniqueRows(tactics, said).filter(({ id }) => isWanted(given, 'technique', id));
        write(
          listed({ kind: 'TechniqueList', report: report.metadata.name, rows, columns: rowColumns }, format, paint),
        );
      }
      return 0;
    }),
};

const platformsOf = (given: Given): readonly Platform[] => {
  const asked = given.text('platform') ?? 'Containers';
  if (asked === 'All') return ['Containers', 'Linux', 'Cloud'];
  return asked === 'Linux' ? ['Linux'] : ['Containers'];
};

const isWanted = (given: Given, flag: 'tactic' | 'technique', id: string): boolean => {
  const idIn = flag === 'tactic' ? tacticIdIn : techniqueIdIn;
  const wanted = given.texts(flag).map(idIn);
  return wanted.length === 0 || wanted.includes(id) || wanted.includes(id.split('.')[0]);
};

function* matrixTable(
  tactics: readonly ThinTactic[],
  { nodes, unmappedRules, unknown = [] }: Matrix,
  { paint, all }: { readonly paint: Paint; readonly all: boolean },
): Generator<string> {
  const shown = tactics.filter(({ total, rules }) => total > 0 || rules > 0);
  yield* columns({
    header: ['TACTIC', 'NAME', 'RULES', 'TECHNIQUES COVERED ON EVERY NODE', 'THIN'],
    rows: shown.map(({ id, name, rules, covered, total, thin }) => [
      id,
      name,
      `${rules}`,
      `${covered}/${total}`,
      `${thin.length}`,
    ]),
    stateOf: (index) =>
      shown[index]?.rules === 0 ? 'NoAgent' : shown[index]?.thin.length === 0 ? 'Protected' : undefined,
    paint,
  });
  yield `\n${paint.bold(`Thin techniques, of ${plural(nodes, 'node')}`)}\n`;
  for (const { id, name, thin } of shown) {
    if (thin.length === 0) continue;
    yield `${paint.bold(`${id} ${name}`)}\n`;
    const isHopeless = ({ rules, required, fillers }: ThinTechnique): boolean =>
      rules === 0 && !required && fillers.length === 0;
    const telling = thin.filter((technique) => !isHopeless(technique));
    for (const technique of all ? telling : telling.slice(0, thinShown)) yield* thinLines(technique, nodes);
    const more = all ? 0 : telling.length - thinShown;
    if (more > 0) yield `${paint.dim(`  and ${more} more: kubectl protection coverage attack --tactic ${id}`)}\n`;
    // Of these there is no more to say than their names.
    const unseen = thin.filter(isHopeless).map((technique) => attackName(technique.id));
    const unnamed = all ? 0 : Math.max(0, unseen.length - unseenShown);
    if (unseen.length > 0) {
      yield `  no rule at hand: ${unseen.slice(0, unseen.length - unnamed).join(', ')}${unnamed > 0 ? ` and ${unnamed} more` : ''}\n`;
    }
  }
  if (unmappedRules > 0) yield `\n${plural(unmappedRules, 'loaded rule names', 'loaded rules name')} no technique.\n`;
  for (const { id, agent, policy } of unknown) {
    yield `\nNot in the table of ATT&CK ${attackVersion}: ${plain(id)}, in ${plain(policy)} of ${agent}\n`;
  }
}

function* thinLines(technique: ThinTechnique, nodes: number): Generator<string> {
  const { id, uncoveredNodes, required, fillers } = technique;
  const lack = uncoveredNodes === nodes ? 'seen nowhere' : `not seen on ${uncoveredNodes} of ${plural(nodes, 'node')}`;
  yield `  ${attackName(id)}: ${lack}${required ? ', required' : ''}\n`;
  const [first] = fillers;
  if (first === undefined) return;
  const more = fillers.length > 1 ? ` (and ${fillers.length - 1} more)` : '';
  yield `    would be filled by ${plain(first.rule)} of ${first.agent} (${plain(first.policy)}), ${whyNot[first.why]}${more}\n`;
}

const whyNot: Readonly<Record<ThinTechnique['fillers'][number]['why'], string>> = {
  LoadedElsewhere: 'which other nodes have loaded',
  Disabled: 'which is switched off',
  Filtered: 'which the agent leaves out',
  Failed: 'which the agent refused',
  NotLoaded: 'which is known and not loaded',
};

function* techniqueBlock(id: string, { nodes, workloads, tactics = [] }: Matrix, paint: Paint): Generator<string> {
  const of = tactics.filter((tactic) => (tactic.techniques ?? []).some((technique) => technique.id === id));
  const said = of.flatMap(({ techniques: list }) => list ?? []).find((technique) => technique.id === id);
  yield `${paint.bold(attackName(id))}\n`;
  const known = techniques.get(id);
  if (known === undefined) yield `  not in the table of ATT&CK ${attackVersion}\n`;
  const serves = known?.tactics ?? of.map((tactic) => tactic.id);
  if (serves.length > 0) yield `  tactics: ${serves.map(attackName).join(', ')}\n`;
  if (said === undefined || said.rules === 0)
    yield `  covered by no loaded rule${said?.required === true ? ', and required' : ''}\n`;
  else {
    const shares = [
      `${said.nodes} of ${plural(nodes, 'node')}`,
      ...(workloads > 0 ? [`${said.workloads} of ${plural(workloads, 'workload')}`] : []),
    ];
    yield `  covered by ${plural(said.rules, 'rule')} on ${shares.join(', ')}${said.required ? ', required' : ''}\n`;
    for (const { rule, policy, agent } of said.examples ?? [])
      yield `    ${plain(rule)}  (${plain(policy)}, ${agent})\n`;
  }
  const fillers = said?.fillers ?? [];
  if (fillers.length > 0) yield '  would be filled by\n';
  for (const { rule, policy, agent, why } of fillers)
    yield `    ${plain(rule)}  (${plain(policy)}, ${agent}), ${whyNot[why]}\n`;
}

interface TechniqueRow extends ReportedTechnique {
  readonly name: string;
  readonly tactic: string;
  readonly uncoveredNodes: number;
}

/** Every technique of the matrix and the table, under each of its tactics. */
const techniqueRows = (tactics: readonly ThinTactic[], matrix: Matrix): readonly TechniqueRow[] =>
  tactics.flatMap(({ id: tactic, thin }) => {
    const said = matrix.tactics?.find(({ id }) => id === tactic)?.techniques ?? [];
    const whole = said.filter(({ id }) => !thin.some((each) => each.id === id));
    const missing = thin.map((each) => said.find(({ id }) => id === each.id) ?? { ...each, workloads: 0, fillers: [] });
    return [...missing, ...whole].map((technique) => ({
      tactic,
      name: attackName(technique.id),
      ...technique,
      uncoveredNodes: Math.max(0, matrix.nodes - technique.nodes),
    }));
  });

const rowColumns: readonly Column<TechniqueRow>[] = [
  { title: 'TACTIC', cell: ({ tactic }) => tactic },
  { title: 'TECHNIQUE', cell: ({ id }) => id },
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'RULES', cell: ({ rules }) => rules },
  { title: 'NODES', cell: ({ nodes }) => nodes },
  { title: 'UNCOVERED NODES', cell: ({ uncoveredNodes }) => uncoveredNodes },
  { title: 'REQUIRED', cell: ({ required }) => (required ? 'yes' : '') },
  { title: 'DISABLED RULES', cell: ({ disabledRules }) => disabledRules },
  { title: 'FILLERS', cell: ({ fillers = [] }) => fillers.map(({ rule }) => rule).join(';') },
];
