// ProtectionAgent → the domain's AgentDefinition.
import { parseDuration } from '../crds/schema/duration.ts';
import {
  protectionAgentSchema,
  type ProtectionAgent,
  type ProtectionAgentSpec,
} from '../crds/schema/protection-agent.ts';
import type { AgentDefinition, AgentTelemetry, ProtectionSwitch, Recognition } from '../domain/types.ts';
import { toLabelSelector } from './label-selector.ts';
import { parseSpec, type Result } from './parse.ts';

export const toAgentDefinition = (raw: unknown): Result<AgentDefinition> => {
  const parsed = parseSpec<ProtectionAgent>(protectionAgentSchema, raw);
  return parsed.ok ? { ok: true, value: agentDefinitionOf(parsed.value) } : parsed;
};

/** Of an object that is parsed already. */
export const agentDefinitionOf = ({ metadata, spec }: ProtectionAgent): AgentDefinition => ({
  name: metadata.name,
  type: spec.type,
  namespaces: spec.pods?.namespaces ?? [],
  pods: spec.pods === undefined ? noRecognition : recognitionOf(spec.pods),
  sidecar: spec.sidecar && recognitionOf(spec.sidecar),
  protection: (spec.protection?.anyOf ?? []).map(switchOf),
  protectionRemedy: spec.protection?.remedy ?? '',
  minVersion: spec.minVersion,
  operatingSystems: spec.operatingSystems,
  runtimeHandlers: spec.runtimeHandlers,
  telemetry: telemetryOf(spec),
  ...(spec.canary === undefined ? {} : { canary: parseDuration(spec.canary.interval) }),
});

/** Intervals without a reading after which the last one is stale, where nothing else is said. */
const staleIntervals = 3;
/** Its heartbeats are minutes apart, whatever interval is written. */
const datadogStaleAfterMs = 900_000;

const telemetryOf = ({ type, telemetry }: ProtectionAgentSpec): AgentTelemetry => {
  const interval = parseDuration(telemetry.interval);
  const usual = type === 'Datadog' ? datadogStaleAfterMs : staleIntervals * interval;
  return {
    mode: telemetry.mode,
    interval,
    staleAfter: telemetry.staleAfter === undefined ? usual : parseDuration(telemetry.staleAfter),
  };
};

/** Of an agent that exists as a sidecar only: without a name or an image no container is ever recognised. */
const noRecognition: Recognition = { selector: undefined, containerNames: [], images: [], minimumEvidence: 1 };

type WrittenRecognition = NonNullable<ProtectionAgentSpec['sidecar']>;

const recognitionOf = ({ selector, container, images, minimumEvidence }: WrittenRecognition): Recognition => ({
  selector: toLabelSelector(selector),
  containerNames: container?.names ?? [],
  images: images ?? [],
  minimumEvidence,
});

type WrittenSwitch = NonNullable<ProtectionAgentSpec['protection']>['anyOf'][number];

const switchOf = ({ container, env, configMap, nodeLabel, containerPresent }: WrittenSwitch): ProtectionSwitch => {
  if (env !== undefined) return { kind: 'env', container, name: env.name, value: env.value };
  if (configMap !== undefined) {
    const { nameSuffix, key, yamlPath, value } = configMap;
    return { kind: 'configMap', nameSuffix, key, path: yamlPath, value };
  }
  if (nodeLabel !== undefined) return { kind: 'nodeLabel', key: nodeLabel.key, notValues: nodeLabel.notValues ?? [] };
  // The schema lets exactly one of the four through.
  return { kind: 'containerPresent', container: containerPresent ?? '' };
};
