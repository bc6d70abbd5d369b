import { thresholds } from './judge/exit-code.ts';
import { formats } from './output/formats.ts';

/** The text of `check --help`. */
export const checkHelp = `Says whether manifests would run unprotected, before they reach a cluster: by the same rules as the webhook.

Usage:
  kubectl protection check -f PATH [flags]
  kubectl protection check --nodes FILE --agents PATH [flags]

Examples:
  # By the cluster of the current context: its nodes, agents and policies.
  kubectl protection check -f manifests/

  # What helm or kustomize renders.
  helm template shop charts/shop | kubectl protection check -f -
  kubectl kustomize overlays/prod | kubectl protection check -f -

  # In CI without a cluster: policies, nodes and the rendered agent from files.
  kubectl get nodes -o yaml > nodes.yaml
  helm template falco falcosecurity/falco -n falco > falco.yaml
  kubectl protection check -f manifests/ --policies policies/ --nodes nodes.yaml --agents falco.yaml

  # Will the agent reach every node pool? Nodes, or the pools that will make them; the agent rendered, or its values.
  kubectl protection check --nodes nodes.yaml --agents falco.yaml
  kubectl protection check --nodes pools.yaml --agent falco-values.yaml

  # For code scanning.
  kubectl protection check -f manifests/ --policies policies/ -o sarif > protection.sarif

Without --policies, --agents and --nodes the cluster of the current context is asked; with any of them files alone count, unless --context
or --kubeconfig names a cluster: then they are added to it, as if they were applied. Policies, ProtectionAgents, agents' DaemonSets,
Namespaces and RuntimeClasses among the manifests count as well.

Flags:
  -f, --filename PATH     Manifests: a file, a folder with all that is below it, or - for standard input. May be repeated.
      --policies PATH     WorkloadPolicies: a file or a folder. May be repeated.
      --agents PATH       Agents: their rendered DaemonSets and, for agents of your own, ProtectionAgents. May be repeated; also --agent.
      --nodes FILE        Nodes, as kubectl get nodes -o yaml writes them; with what the operator says of them, where CoverageReports and
                          CoverageSlices are saved beside them (kubectl get nodes,cov,covs -o yaml). May be repeated.
  -n, --namespace NAME    Namespace of manifests that name none. Default: that of the context, else default.
  -o, --output FORMAT     ${formats.join(', ')}. Default: table.
      --fail-on STATE     The best state that fails: ${thresholds.join(', ')}. Default: Incomplete.
      --context NAME      Context of the kubeconfig: its cluster is asked.
      --kubeconfig FILE   Kubeconfig: its cluster is asked.
      --offline           Ask no cluster.
      --no-color          No colours. They are used on a terminal only, and not where NO_COLOR is set.
  -h, --help              Shows this text.

Exit codes:
  0  no gaps
  1  at least one workload would be in a state of --fail-on or worse
  2  no gap, but something could not be told: unknown verdicts, unreadable files, nothing to check
`;
