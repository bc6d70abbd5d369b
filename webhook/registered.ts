// Names by which the chart, the API server and this process know each other.

/** The ValidatingWebhookConfiguration that the chart renders. */
export const configurationName = 'workload-protection';

/** Entry of the configuration → the path that serves it. */
export const webhookPaths = {
  'pods.workloadprotection.dev': '/validate/pods',
  'controllers.workloadprotection.dev': '/validate/controllers',
  'bindings.workloadprotection.dev': '/validate/bindings',
  'agents.workloadprotection.dev': '/validate/agents',
  'policies.workloadprotection.dev': '/validate/workload-policies',
} as const;
