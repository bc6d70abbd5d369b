// What no node can mend, in CEL. It must say what `isInescapable` says; the API server's own tests of it are in the end-to-end suite.
import type { Conflict, Inescapable, KeptOut } from '../../../domain/placement/inescapable.ts';
import type { Exemption, LabelExpression, LabelSelector, Policy } from '../../../domain/types.ts';
import {
  breakGlassAnnotation,
  breakGlassUntilAnnotation,
  longestReason,
  shortestReason,
} from '../../../facts/break-glass.ts';

export interface Variable {
  readonly name: string;
  readonly expression: string;
}

/** In this order, since later ones use earlier ones. */
export const variablesOf = (
  { agents, sidecars }: Inescapable,
  { exemptions, admission }: Policy,
  now: number,
): readonly Variable[] => [
  { name: 'nodeSelector', expression: 'object.spec.?nodeSelector.orValue({})' },
  { name: 'runtimeClass', expression: 'object.spec.?runtimeClassName.orValue("")' },
  { name: 'labels', expression: 'object.metadata.?labels.orValue({})' },
  { name: 'annotations', expression: 'object.metadata.?annotations.orValue({})' },
  { name: 'namespaceLabels', expression: 'namespaceObject.metadata.?labels.orValue({})' },
  { name: 'containers', expression: 'object.spec.containers + object.spec.?initContainers.orValue([])' },
  {
    name: 'mayCarrySidecar',
    expression: anyOf([
      ...sidecars.labels.map((key) => `${quoted(key)} in variables.labels`),
      `variables.containers.exists(container, container.name in ${listed(sidecars.containers)} || ${listed(sidecars.images)}.exists(part, container.?image.orValue("").contains(part)))`,
    ]),
  },
  { name: 'isSandboxed', expression: allOf(agents.map(({ runtimeClasses }) => isBlindTo(runtimeClasses))) },
  { name: 'isKeptOut', expression: allOf(agents.map(keptOut)) },
  { name: 'isExempt', expression: anyOf(exemptions.filter(({ expiresAt }) => expiresAt > now).map(holds)) },
  { name: 'breaksGlass', expression: admission.breakGlass === 'Allowed' ? breaksGlass : 'false' },
];

/** What must hold for the pod to be let through. */
export const validation =
  '!variables.isKeptOut || variables.mayCarrySidecar || variables.isExempt || variables.breaksGlass';

const isBlindTo = (runtimeClasses: readonly string[]): string => `variables.runtimeClass in ${listed(runtimeClasses)}`;

const keptOut = ({ runtimeClasses, everyOf }: KeptOut): string =>
  anyOf([isBlindTo(runtimeClasses), allOf(everyOf.map((any) => anyOf(any.map(conflicts))))]);

const conflicts = ({ key, isAmong, values }: Conflict): string => {
  const [selector, label] = ['variables.nodeSelector', quoted(key)];
  const among = `${selector}[${label}] in ${listed(values)}`;
  return `${label} in ${selector} && ${isAmong ? among : `!(${among})`}`;
};

const holds = ({ selector, expiresAt }: Exemption): string =>
  allOf([
    ...selected(selector.namespace, 'variables.namespaceLabels'),
    ...selected(selector.pod, 'variables.labels'),
    isBefore(`timestamp(${quoted(new Date(expiresAt).toISOString())})`),
  ]);

const selected = (selector: LabelSelector | undefined, labels: string): readonly string[] =>
  selector === undefined
    ? []
    : [
        ...Object.entries(selector.matchLabels).map(([key, value]) =>
          expression({ key, operator: 'In', values: [value] }, labels),
        ),
        ...selector.matchExpressions.map((each) => expression(each, labels)),
      ];

const expression = ({ key, operator, values }: LabelExpression, labels: string): string => {
  const [isThere, isAmong] = [`${quoted(key)} in ${labels}`, `${labels}[${quoted(key)}] in ${listed(values)}`];
  switch (operator) {
    case 'In':
      return `${isThere} && ${isAmong}`;
    case 'NotIn':
      return `!(${isThere} && ${isAmong})`;
    case 'Exists':
      return isThere;
    case 'DoesNotExist':
      return `!(${isThere})`;
  }
};

/** CEL has no clock, but the API server has stamped the pod just now. */
const isBefore = (end: string): string =>
  `(has(object.metadata.creationTimestamp) ? timestamp(object.metadata.creationTimestamp) < ${end} : true)`;

const instant = String.raw`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`;

const breaksGlass = [
  `variables.annotations[?${JSON.stringify(breakGlassAnnotation)}].orValue("").trim().size() >= ${shortestReason}`,
  `variables.annotations[?${JSON.stringify(breakGlassAnnotation)}].orValue("").size() <= ${longestReason}`,
  `variables.annotations[?${JSON.stringify(breakGlassUntilAnnotation)}].orValue("").matches(${JSON.stringify(instant)})`,
  isBefore(`timestamp(variables.annotations[${JSON.stringify(breakGlassUntilAnnotation)}])`),
].join(' && ');

const anyOf = (parts: readonly string[]): string => joined(parts, ' || ', 'false');

const allOf = (parts: readonly string[]): string => joined(parts, ' && ', 'true');

const joined = (parts: readonly string[], by: string, none: string): string =>
  parts.length === 0 ? none : parts.map((part) => `(${part})`).join(by);

const listed = (values: readonly string[]): string => `[${values.map(quoted).join(', ')}]`;

const quoted = (text: string): string => JSON.stringify(text);
