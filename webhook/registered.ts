// Names by which the chart, the API server and this process know each other.

/** The ValidatingWebhookConfiguration that the chart renders, and the MutatingWebhookConfiguration. */
export const configurationName = 'workload-protection';

/** Entry of the configuration → the path that serves it. */
export const webhookPaths = {
  'pods.workloadprotection.dev': '/validate/pods',
  'controllers.workloadprotection.dev': '/validate/controllers',
  'bindings.workloadprotection.dev': '/validate/bindings',
  'agents.workloadprotection.dev': '/validate/agents',
  'policies.workloadprotection.dev': '/validate/workload-policies',
} as const;

/** A note that cannot be stamped is refused, whatever else fails open; a decision whose author cannot be stamped is let through. */
export const mutatingPaths = {
  'notes.workloadprotection.dev': '/mutate/finding-notes/fail-closed',
  'decisions.workloadprotection.dev': '/mutate/finding-decisions',
} as const;

/** What `/fail-closed` is the strict side of. */
export const notesPath = '/mutate/finding-notes';
