/** Names, versions and identifiers that occur in several kinds, each with the limit that Kubernetes or its owner gives it. */
import type { z } from 'zod';
import { text } from './fields.ts';

/** A DNS subdomain: the name of most objects. */
export function objectName(description: string): z.ZodString {
  return text(description, {
    max: 253,
    min: 1,
    pattern: /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    mustBe: 'must be the name of an object: lower-case letters, digits, "-" and ".", such as "falco"',
  });
}

/** A DNS label: the name of a namespace or a container. */
export function labelName(description: string): z.ZodString {
  return text(description, {
    max: 63,
    min: 1,
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    mustBe: 'must be a name of lower-case letters, digits and "-", such as "kube-system"',
  });
}

/** Agents name versions as 7.65.0, v1.7.0, 0.44 or 14.7.4-rc1. */
export function versionText(name: string, description: string): z.ZodString {
  return text(description, {
    max: 64,
    pattern: /^v?[0-9]+(\.[0-9]+){0,3}([-+][0-9A-Za-z.+-]+)?$/,
    mustBe: `${name} must be a version such as "0.44.1" or "v1.7.0"`,
  });
}

export function tacticId(description: string): z.ZodString {
  return text(description, {
    max: 6,
    pattern: /^TA[0-9]{4}$/,
    mustBe: 'tactic must be a MITRE ATT&CK tactic such as "TA0002"',
  });
}

export function techniqueId(description: string): z.ZodString {
  return text(description, {
    max: 9,
    pattern: /^T[0-9]{4}(\.[0-9]{3})?$/,
    mustBe: 'a technique must be a MITRE ATT&CK technique or sub-technique such as "T1059" or "T1552.005"',
  });
}

/** A version as an agent reports it: anything, since an image tag may be all that is known. */
export function reportedVersion(description: string): z.ZodString {
  return text(description, { max: 128 });
}
