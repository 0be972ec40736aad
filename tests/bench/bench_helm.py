"""How long the template engine takes beside a spawned helm, with values changed every time.

Run it by itself: `HELM_BIN=… python -m tests.bench.bench_helm`. Milliseconds, medians; the charts are made here: a
template of many actions over a library of helpers. "first" parses and compiles text that was never seen.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine import yaml
from engine.helm.functions import functions
from engine.helm.functions.yamls import floats
from engine.helm.template import MemoryCache, Templates
from tests.helm_template.oracle import find_helm

SIZES = {"small": 4, "middle": 30, "large": 200}
_HELPERS = """
{{- define "c.name" }}{{ .Values.name | default .Release.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- define "c.labels" }}
app.kubernetes.io/name: {{ include "c.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}
"""
_MANIFEST = """
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "c.name" . }}-NUMBER
  labels: {{- include "c.labels" . | nindent 4 }}
  annotations:
    checksum: {{ toYaml .Values.labels | sha256sum }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        {{- range $i, $c := .Values.containers }}
        - name: {{ $c.name | quote }}
          image: {{ printf "%s:%s" $c.image (default "latest" $c.tag) | quote }}
          {{- if and $c.ports (gt (len $c.ports) 0) }}
          ports:
            {{- range $c.ports }}
            - containerPort: {{ . }}
            {{- end }}
          {{- end }}
          resources: {{- toYaml $c.resources | nindent 12 }}
          {{- if eq (int $i) 1 }}
          env: [{name: A, value: {{ $.Values.name | upper | quote }}}]
          {{- else if $c.extra }}
          args: {{ tpl $c.extra $ | quote }}
          {{- end }}
        {{- end }}
{{- end }}
"""
_VALUES = """
enabled: true
name: bench-0
replicas: 3
labels: {team: a, tier: backend, "yes": "true"}
containers:
  - {name: a, image: x/a, tag: "1.0", ports: [80, 443], resources: {limits: {cpu: 100m, memory: 1Gi}}}
  - {name: b, image: x/b, ports: [], resources: {limits: {cpu: 1}}}
  - {name: c, image: x/c, extra: "{{ .Values.name }}", resources: {}}
"""


def median(work: Callable[[int], object], rounds: int) -> float:
    """Milliseconds of the middle round."""
    times = []
    for number in range(rounds):
        started = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def texts(count: int, salt: str = "") -> dict[str, str]:
    """The templates of a chart; `salt` makes them new to every cache."""
    manifests = {f"c/templates/m{index}.yaml": _MANIFEST.replace("NUMBER", f"{index}{salt}") for index in range(count)}
    return {"c/templates/_h.tpl": _HELPERS + f"{{{{/* {salt} */}}}}", **manifests}


def render(chart: dict[str, str], cache: MemoryCache, name: str) -> list[str]:
    """One rendering as Helm does it: parse all, then execute what is no partial."""
    templates = Templates(functions(), cache=cache)
    for path, text in chart.items():
        templates.parse(path, text)
    data = {"Values": {**floats(yaml.load(_VALUES)), "name": name}, "Release": {"Name": "r"}}
    return [templates.execute(path, data) for path in chart if "/_" not in path]


def spawn(helm: str, chart: dict[str, str], rounds: int) -> float:
    """The same through the program."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "templates").mkdir()
        (root / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
        (root / "values.yaml").write_text(_VALUES)
        for path, text in chart.items():
            (root / path.removeprefix("c/")).write_text(text)
        command = [helm, "template", "r", folder]

        def once(number: int) -> None:
            subprocess.run([*command, "--set", f"name=b{number}"], capture_output=True, check=True)

        return median(once, rounds)


def main() -> None:
    """Print the table."""
    helm = find_helm()
    print(f"{'chart':8} {'files':>5} {'first':>8} {'warm':>8} {'helm':>8}  warm is")
    for size, count in SIZES.items():
        cache = MemoryCache()
        chart = texts(count)
        first = median(lambda n, count=count: render(texts(count, f"-{n}"), MemoryCache(), "b"), 5)  # type: ignore[misc]
        render(chart, cache, "b")
        warm = median(lambda n, chart=chart, cache=cache: render(chart, cache, f"b{n}"), 15)  # type: ignore[misc]
        real = spawn(helm, chart, 7)
        print(f"{size:8} {count:5} {first:8.1f} {warm:8.1f} {real:8.1f}  {real / warm:.1f}x faster")


if __name__ == "__main__":
    main()
