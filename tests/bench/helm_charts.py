"""Charts of three sizes for the bench, written here: as many files, actions and characters as well-known ones have.

small: a handful of manifests, as podinfo. middle: a library of many helpers of which few are used, and manifests full
of switches, as charts that share a common library. large: hundreds of rule files whose texts are full of escaped
braces, and subcharts, as a monitoring stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

_HELPERS: Final = """
{{- define "c.name" }}{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- define "c.fullname" }}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- end }}
{{- define "c.labels" }}
app.kubernetes.io/name: {{ include "c.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- define "c.render" }}
{{- $value := typeIs "string" .value | ternary .value (.value | toYaml) }}
{{- if contains "{{" (toJson .value) }}{{ tpl $value .context }}{{ else }}{{ $value }}{{ end }}
{{- end }}
"""
_UNUSED: Final = """
{{/*
Helper NUMBER: what a library brings and this chart does not use.
*/}}
{{- define "lib.helper.NUMBER" -}}
{{- $context := .context -}}
{{- $kind := .kind | default "deployment" -}}
{{- if and $context.Capabilities (semverCompare ">=1.NUMBER-0" $context.Capabilities.KubeVersion.Version) -}}
{{- print "apps/v1" -}}
{{- else if eq $kind "statefulset" -}}
{{- printf "apps/v1beta%d" NUMBER -}}
{{- else -}}
{{- range $key, $value := .extra }}
- key: {{ $key | quote }}
  value: {{ include "c.render" (dict "value" $value "context" $context) | trim | nindent 4 }}
{{- end }}
{{- with .affinity }}
podAffinityTerm:
  labelSelector: {{ toYaml .selector | nindent 4 }}
  topologyKey: {{ default "kubernetes.io/hostname" .topologyKey }}
{{- end }}
{{- end -}}
{{- end -}}
"""
_WORKLOAD: Final = """
{{- $part := .Values.partNUMBER }}
{{- if $part.enabled }}
apiVersion: apps/v1
kind: {{ ternary "StatefulSet" "Deployment" (eq $part.kind "statefulset") }}
metadata:
  name: {{ include "c.fullname" . }}-NUMBER
  namespace: {{ .Release.Namespace | quote }}
  labels: {{- include "c.labels" . | nindent 4 }}
  {{- if or $part.annotations .Values.commonAnnotations }}
  {{- $annotations := merge $part.annotations .Values.commonAnnotations }}
  annotations: {{- include "c.render" (dict "value" $annotations "context" $) | nindent 4 }}
  {{- end }}
spec:
  {{- if not $part.autoscaling.enabled }}
  replicas: {{ $part.replicas }}
  {{- end }}
  selector:
    matchLabels: {{- include "c.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "c.labels" . | nindent 8 }}
      annotations:
        checksum/config: {{ toYaml $part.config | sha256sum }}
    spec:
      {{- if $part.hostAliases }}
      hostAliases: {{- include "c.render" (dict "value" $part.hostAliases "context" $) | nindent 8 }}
      {{- end }}
      {{- with $part.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $part.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $part.securityContext.enabled }}
      securityContext: {{- omit $part.securityContext "enabled" | toYaml | nindent 8 }}
      {{- end }}
      {{- if $part.initContainers }}
      initContainers:
        {{- range $index, $init := $part.initContainers }}
        - name: {{ $init.name | default (printf "init-%d" $index) }}
          image: {{ printf "%s/%s:%s" $init.registry $init.image ($init.tag | toString) }}
          {{- if $init.command }}
          command: {{- toYaml $init.command | nindent 12 }}
          {{- end }}
        {{- end }}
      {{- end }}
      containers:
        {{- range $index, $container := $part.containers }}
        - name: {{ $container.name | quote }}
          image: {{ printf "%s:%s" $container.image (default "latest" $container.tag) | quote }}
          {{- if and $container.ports (gt (len $container.ports) 0) }}
          ports:
            {{- range $container.ports }}
            - containerPort: {{ int . }}
            {{- end }}
          {{- end }}
          {{- if $part.livenessProbe.enabled }}
          livenessProbe: {{- omit $part.livenessProbe "enabled" | toYaml | nindent 12 }}
          {{- end }}
          {{- if $part.readinessProbe.enabled }}
          readinessProbe: {{- omit $part.readinessProbe "enabled" | toYaml | nindent 12 }}
          {{- end }}
          env:
            - name: NAME
              value: {{ include "c.name" $ | upper | quote }}
            {{- range $key, $value := $container.env }}
            - name: {{ $key }}
              value: {{ tpl ($value | toString) $ | quote }}
            {{- end }}
          resources: {{- toYaml $container.resources | nindent 12 }}
        {{- end }}
{{- end }}
"""
_SWITCHED: Final = """
{{- if and .Values.partNUMBER.enabled .Values.partNUMBER.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "c.fullname" . }}-NUMBER
  labels: {{- include "c.labels" . | nindent 4 }}
spec:
  {{- with .Values.partNUMBER.ingress.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  rules:
    {{- range .Values.partNUMBER.ingress.hosts }}
    - host: {{ tpl .host $ | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ .path }}
            pathType: {{ default "Prefix" .pathType }}
            backend: {service: {name: {{ include "c.fullname" $ }}, port: {number: {{ .port }}}}}
          {{- end }}
    {{- end }}
  {{- if .Values.partNUMBER.ingress.tls }}
  tls: {{- include "c.render" (dict "value" .Values.partNUMBER.ingress.tls "context" $) | nindent 4 }}
  {{- end }}
{{- end }}
"""
_RULE: Final = """
{{- if not (.Values.disabled.RuleNUMBER | default false) }}
    - alert: RuleNUMBER
      annotations:
{{- if .Values.ruleAnnotations }}
{{ toYaml .Values.ruleAnnotations | indent 8 }}
{{- end }}
        description: 'Instance {{`{{`}} $labels.namespace {{`}}`}}/{{`{{`}} $labels.pod {{`}}`}}
          on {{`{{`}} $labels.node {{`}}`}} is above {{`{{`}} printf "%.2f" $value {{`}}`}} for NUMBER minutes.'
        summary: 'Rule NUMBER of {{`{{`}} $labels.job {{`}}`}} fires.'
      expr: |-
        sum(rate(requests_total{job="{{ $.Values.job }}", namespace=~"{{ $.Values.namespace }}", code=~"5.."}[5m]))
        by ({{ range $.Values.groups }}{{ . }},{{ end }}namespace) > 0.NUMBER
      for: {{ dig "RuleNUMBER" "for" "15m" .Values.customRules }}
      labels:
        severity: {{ dig "RuleNUMBER" "severity" "warning" .Values.customRules }}
      {{- with .Values.ruleLabels }}
{{ toYaml . | indent 8 }}
      {{- end }}
{{- end }}
"""
_RULES_HEAD: Final = """
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ printf "%s-%s" (include "c.fullname" .) "NUMBER" | trunc 63 | trimSuffix "-" }}
  labels: {{- include "c.labels" . | nindent 4 }}
spec:
  groups:
  - name: group-NUMBER
    rules:"""


def _numbered(text: str, number: object) -> str:
    return text.replace("NUMBER", str(number))


def _values(parts: int) -> dict[str, object]:
    probe = {"enabled": True, "periodSeconds": 10, "httpGet": {"path": "/healthz", "port": "http"}}
    container = {
        "name": "main", "image": "example/app", "tag": "1.2.3", "ports": [80, 443], "resources": {"limits": {"cpu": 1}},
        "env": {"A": "1", "B": "{{ .Release.Name }}-b", "C": True},
    }  # fmt: skip
    part = {
        "enabled": True, "kind": "deployment", "replicas": 2, "annotations": {"a": "b"}, "config": {"x": [1, 2, 3]},
        "autoscaling": {"enabled": False}, "securityContext": {"enabled": True, "fsGroup": 1001},
        "livenessProbe": probe, "readinessProbe": {"enabled": False}, "ingress": {"enabled": False},
        "containers": [container, {**container, "name": "side"}],
    }  # fmt: skip
    return {
        "commonLabels": {"team": "a"}, "commonAnnotations": {}, "disabled": {}, "customRules": {}, "job": "app",
        "namespace": ".*", "groups": ["cluster", "pod"], **{f"part{number}": part for number in range(parts)},
    }  # fmt: skip


def chart(parts: int, helpers: int = 0, rules: int = 0, subcharts: int = 0, salt: str = "") -> dict[str, str]:
    """A chart's files; `salt` makes every text one that no cache has seen."""
    comment = f"{{{{/* {salt} */}}}}" if salt else ""
    files = {
        "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "values.yaml": orjson.dumps(_values(parts)).decode(),
        "templates/_helpers.tpl": _HELPERS + comment,
    }
    for number in range(0, helpers, 4):
        texts = (_numbered(_UNUSED, number + each) for each in range(4))
        files[f"templates/_lib{number}.tpl"] = "".join(texts) + comment
    for number in range(parts):
        files[f"templates/workload{number}.yaml"] = _numbered(_WORKLOAD, number) + comment
        files[f"templates/ingress{number}.yaml"] = _numbered(_SWITCHED, number) + comment
    for number in range(rules):
        texts = (_numbered(_RULE, f"{number}{each}") for each in range(10))
        files[f"templates/rules{number}.yaml"] = _numbered(_RULES_HEAD, number) + "".join(texts) + comment
    for number in range(subcharts):
        inner = chart(3, helpers=20, salt=salt)
        inner["Chart.yaml"] = inner["Chart.yaml"].replace("name: c", f"name: sub{number}")
        files |= {f"charts/sub{number}/{name}": text for name, text in inner.items()}
    return files


SIZES: Final[Mapping[str, Mapping[str, int]]] = {
    "small": {"parts": 2},
    "middle": {"parts": 8, "helpers": 80},
    "large": {"parts": 12, "helpers": 80, "rules": 80, "subcharts": 3},
}
