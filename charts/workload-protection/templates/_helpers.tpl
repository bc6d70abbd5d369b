{{/*
The prefix of every name. It does not depend on the release: the CRDs and the report named "cluster" exist once in a cluster, so the
product does too, and its processes look for some of these objects by name.
*/}}
{{- define "workload-protection.fullname" -}}
{{- .Values.fullnameOverride | default "workload-protection" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels that never change, for selectors. Takes (list $ "operator"). */}}
{{- define "workload-protection.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: workload-protection
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of an object. Takes (list $ "operator"). */}}
{{- define "workload-protection.labels" -}}
{{- $root := index . 0 -}}
{{ include "workload-protection.selectorLabels" . }}
app.kubernetes.io/part-of: workload-protection
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
Labels and annotations of an object. Takes (list $ "operator" annotations), and perhaps further labels.
*/}}
{{- define "workload-protection.metadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "workload-protection.labels" (list $root (index . 1)) | nindent 2 }}
  {{- if gt (len .) 3 }}
  {{- toYaml (index . 3) | nindent 2 }}
  {{- end }}
{{- with merge (dict) (index . 2 | default dict) ($root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "workload-protection.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository -}}
{{- with $image.registry }}{{ $repository = printf "%s/%s" . $repository }}{{ end -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $repository ($image.tag | default .Chart.AppVersion) }}
{{- end -}}
{{- end -}}

{{/* An address to listen on. Takes (list $ 8080). IPv6 hosts need brackets. */}}
{{- define "workload-protection.address" -}}
{{- $host := (index . 0).Values.bindAddress -}}
{{- if contains ":" $host -}}
[{{ $host }}]:{{ index . 1 }}
{{- else -}}
{{ $host }}:{{ index . 1 }}
{{- end -}}
{{- end -}}

{{/* Flags that both processes know. */}}
{{- define "workload-protection.commonArgs" -}}
- --namespace={{ .Release.Namespace }}
{{- with .Values.clusterName }}
- --cluster-name={{ . }}
{{- end }}
- --log-level={{ .Values.log.level }}
- --log-format={{ .Values.log.format }}
{{- end -}}

{{/* Environment that both processes have. Takes (list $ component values). */}}
{{- define "workload-protection.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
# The heap ends before the container's memory does: what is left is for buffers and TLS, which live outside the heap.
- name: NODE_OPTIONS
  value: --max-old-space-size-percentage={{ (index . 1).heapPercentage }}
{{- with (index . 1).extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where a pod may run, and how. Takes (list $ component values "operator"). */}}
{{- define "workload-protection.placement" -}}
{{- $root := index . 0 -}}
{{- $values := index . 1 -}}
nodeSelector:
  kubernetes.io/os: linux
  {{- with $values.nodeSelector }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- $tolerations := $values.tolerations }}
{{- if and (eq (index . 2) "operator") $root.Values.nodes.startupTaint.enabled }}
{{- /* Who takes the taint off must be able to run where every node still has it. */ -}}
{{- $tolerations = append $tolerations (dict "key" "workloadprotection.dev/unprotected" "operator" "Exists" "effect" "NoSchedule") }}
{{- end }}
{{- with $tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- if $values.topologySpreadConstraints }}
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "workload-protection.selectorLabels" (list $root (index $ 2)) | nindent 8 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* A PodDisruptionBudget. Takes (list $ component values "operator"). */}}
{{- define "workload-protection.podDisruptionBudget" -}}
{{- $root := index . 0 -}}
{{- $values := index . 1 -}}
{{- $component := index . 2 -}}
{{- if $values.podDisruptionBudget.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "workload-protection.fullname" $root }}-{{ $component }}
  namespace: {{ $root.Release.Namespace }}
  {{- include "workload-protection.metadata" (list $root $component dict) | nindent 2 }}
spec:
  maxUnavailable: {{ $values.podDisruptionBudget.maxUnavailable }}
  # A pod that is not ready protects nothing, so a drain need not wait for it.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "workload-protection.selectorLabels" (list $root $component) | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* A ServiceAccount; the pods mount its token themselves. Takes (list $ component values "operator"). */}}
{{- define "workload-protection.serviceAccount" -}}
{{- $root := index . 0 -}}
{{- $component := index . 2 -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "workload-protection.fullname" $root }}-{{ $component }}
  namespace: {{ $root.Release.Namespace }}
  {{- include "workload-protection.metadata" (list $root $component (index . 1).serviceAccount.annotations) | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{/* A binding to the component's ServiceAccount. Takes (list $ "ClusterRole" name component namespace); namespace is empty for a ClusterRole. */}}
{{- define "workload-protection.binding" -}}
{{- $root := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $component := index . 3 -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ index . 2 }}
  {{- with index . 4 }}
  namespace: {{ . }}
  {{- end }}
  {{- include "workload-protection.metadata" (list $root $component dict) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ index . 2 }}
subjects:
  - kind: ServiceAccount
    name: {{ include "workload-protection.fullname" $root }}-{{ $component }}
    namespace: {{ $root.Release.Namespace }}
{{- end -}}
