// AdmissionReview, admission.k8s.io/v1: what the API server asks, and what it is told.
import type { JsonPatch } from '../kube/apply.ts';
import { z } from 'zod';

const groupVersionKind = z.object({ group: z.string().default(''), version: z.string(), kind: z.string().min(1) });

const request = z.object({
  uid: z.string().min(1),
  kind: groupVersionKind,
  subResource: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  dryRun: z.boolean().optional(),
  userInfo: z.object({ username: z.string().default('') }).prefault({}),
  object: z.unknown().optional(),
  oldObject: z.unknown().optional(),
});

const review = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request,
});

export type AdmissionRequest = Readonly<z.infer<typeof request>>;

/** What a webhook decides. */
export interface Ruling {
  readonly allowed: boolean;
  /** Why not, for a person. */
  readonly message?: string | undefined;
  /** Of a refusal: 403 for what is not permitted, 422 for what is not valid. */
  readonly code?: 403 | 422;
  /** Each field at fault, for programs. */
  readonly causes?: readonly FieldCause[];
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  /** What is to be changed about the object first; of a mutating hook only. */
  readonly patch?: JsonPatch;
  /** For the metrics: a word of a closed vocabulary. */
  readonly verdict: string;
}

export interface FieldCause {
  readonly field: string;
  readonly message: string;
}

export type Parsed =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly error: string };

export const parseReview = (body: unknown): Parsed => {
  const parsed = review.safeParse(body);
  if (parsed.success) return { ok: true, request: parsed.data.request };
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'body' : path.join('.')}: ${message}`,
  );
  return { ok: false, error: `not an AdmissionReview of admission.k8s.io/v1 with a request: ${problems.join('; ')}` };
};

/** The body of the answer. */
export const answerReview = (uid: string, ruling: Ruling): object => {
  const { allowed, message, code, causes = [], warnings = [], auditAnnotations, patch } = ruling;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(allowed
        ? {}
        : {
            status: {
              metadata: {},
              status: 'Failure',
              code: code ?? 403,
              reason: code === 422 ? 'Invalid' : 'Forbidden',
              message: message ?? '',
              ...(causes.length === 0
                ? {}
                : {
                    details: {
                      causes: causes.map(({ field, message: said }) => ({
                        reason: 'FieldValueInvalid',
                        field,
                        message: said,
                      })),
                    },
                  }),
            },
          }),
      ...(patch === undefined
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch), 'utf8').toString('base64') }),
      ...(warnings.length === 0 ? {} : { warnings }),
      // The same number is in our log.
      ...(auditAnnotations === undefined ? {} : { auditAnnotations: { ...auditAnnotations, decision: uid } }),
    },
  };
};
