{{- define "aep-flow-mcp.name" -}}
{{- printf "%s" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "aep-flow-mcp.selector" -}}
app.kubernetes.io/name: aep-flow-mcp
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aep-flow-mcp.labels" -}}
{{ include "aep-flow-mcp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
