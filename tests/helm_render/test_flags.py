"""Every flag of `template` and `lint` beside the real helm: exit code, stdout, whether stderr says something, files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helm_chart import bundles
from tests.helm_template.oracle import find_helm

pytestmark = pytest.mark.real


CHART = """\
-- Chart.yaml --
apiVersion: v2
name: flags
version: 0.1.0
kubeVersion: ">=1.20-0"
dependencies:
- {name: sub, version: 0.1.0, condition: sub.enabled}
-- values.yaml --
a: 1
sub: {enabled: true}
-- values.schema.json --
{"properties": {"port": {"type": "integer"}}}
-- more.yaml --
a: 2
b: {c: [1, 2]}
-- text.txt --
from a file
-- crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
-- templates/a.yaml --
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
values: {{ .Values | toJson }}
release: {{ .Release | toJson }}
{{- with .Capabilities }}
kube: {{ .KubeVersion.Version }} {{ .APIVersions.Has "x/v1/Y" }} {{ .APIVersions.Has "z/v1" }}
{{- end }}
---
kind: Secret
metadata: {name: second}
-- templates/test.yaml --
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
-- templates/hook.yaml --
kind: Job
metadata: {name: hook, annotations: {helm.sh/hook: "pre-install,post-upgrade"}}
-- charts/sub/Chart.yaml --
apiVersion: v2
name: sub
version: 0.1.0
-- charts/sub/templates/s.yaml --
kind: Service
metadata: {name: "{{ .Values.port | default 80 }}"}
-- charts/sub/templates/tests/t.yaml --
kind: Pod
metadata: {name: t, annotations: {helm.sh/hook: test-success}}
"""

TEMPLATE = [
    ["rel", "."],
    ["."],
    ["rel", "./"],
    ["rel", ".", "-n", "other"],
    ["rel", ".", "--namespace", "other"],
    ["rel", ".", "-f", "more.yaml"],
    ["rel", ".", "--values", "more.yaml", "-f", "values.yaml"],
    ["rel", ".", "-f", "more.yaml,values.yaml"],
    ["rel", ".", "--set", "a=3,b.c[1]=x"],
    ["rel", ".", "--set", "a=3", "--set", "a=4"],
    ["rel", ".", "--set-string", "a=3"],
    ["rel", ".", "--set-json", 'a={"x":[1,null]}'],
    ["rel", ".", "--set-json", '{"a":{"x":1e6}}'],
    ["rel", ".", "--set-file", "a=text.txt"],
    ["rel", ".", "--set-literal", "a=b,c=d\\,e"],
    ["rel", ".", "--set-literal", "a=1", "--set-file", "a=text.txt", "--set-string", "a=2", "--set", "a=3"],
    ["rel", ".", "--include-crds"],
    ["rel", ".", "--include-crds", "--skip-crds"],
    ["rel", ".", "--skip-crds"],
    ["rel", ".", "--api-versions", "x/v1/Y"],
    ["rel", ".", "-a", "x/v1/Y,z/v1"],
    ["rel", ".", "-a", "x/v1/Y", "-a", "z/v1"],
    ["rel", ".", "--kube-version", "1.25"],
    ["rel", ".", "--kube-version", "v1.25.3-gke.1"],
    ["rel", ".", "--kube-version", "1.19.0"],
    ["rel", ".", "--kube-version", "one"],
    ["rel", ".", "--is-upgrade"],
    ["rel", ".", "--no-hooks"],
    ["rel", ".", "--skip-tests"],
    ["rel", ".", "--no-hooks", "--skip-tests"],
    ["rel", ".", "-s", "templates/a.yaml"],
    ["rel", ".", "--show-only", "templates/hook.yaml", "--show-only", "templates/a.yaml"],
    ["rel", ".", "--show-only", "charts/sub/templates/*.yaml"],
    ["rel", ".", "-s", "templates/none.yaml"],
    ["rel", ".", "-s", "crds/crd.yaml", "--include-crds"],
    ["rel", ".", "-s", "templates/test.yaml", "--skip-tests"],
    ["rel", ".", "--set", "port=x"],
    ["rel", ".", "--set", "port=x", "--skip-schema-validation"],
    ["rel", ".", "--set", "sub.enabled=false"],
    ["rel", ".", "--output-dir", "../out"],
    ["rel", ".", "--output-dir", "../out", "--release-name", "--include-crds"],
    ["rel", ".", "--output-dir", "../out", "--no-hooks"],
    ["rel", ".", "--output-dir", "./../out/", "--skip-tests"],
    ["rel", "nowhere"],
    ["rel", "values.yaml"],
    [],
    ["a", "b", "c"],
    ["rel", ".", "--set", "a"],
    ["rel", ".", "--set", "a[-1]=1"],
    ["rel", ".", "--set-json", "a={"],
    ["rel", ".", "--set-file", "a=none.txt"],
    ["rel", ".", "-f", "none.yaml"],
    ["rel", ".", "-f", "text.txt"],
    ["Rel_x", "."],
    ["a" * 54, "."],
    ["rel", ".", "-n", "Not_a_namespace"],
]

LINT = [
    ["."],
    [".", "--strict"],
    [".", "--quiet"],
    [".", "--with-subcharts"],
    [".", "charts/sub"],
    [".", "nowhere"],
    [".", "values.yaml"],
    ["nowhere", "--quiet"],
    [".", "--kube-version", "1.19"],
    [".", "--kube-version", "one"],
    [".", "-n", "other"],
    [".", "-f", "more.yaml"],
    [".", "-f", "none.yaml"],
    [".", "--set", "port=x"],
    [".", "--set", "port=x", "--skip-schema-validation"],
    [".", "--set", "a"],
    [".", "--set-string", "a=1", "--set-json", "b=[1]", "--set-literal", "c=1,2", "--set-file", "d=text.txt"],
]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    find_helm()
    return bundles.parse("flags", CHART).write(tmp_path / "chart")


def written(folder: Path) -> dict[str, str]:
    """What lies there now, and is then gone."""
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    shutil.rmtree(folder, ignore_errors=True)
    return found


@pytest.mark.parametrize("args", TEMPLATE, ids=" ".join)
def test_template_does_as_helm_does(args: list[str], chart: Path) -> None:
    code, out, err = bundles.helm(["template", *args], chart)
    files = written(chart.parent / "out")
    our_code, our_out, our_err = bundles.ours(["template", *args], chart)
    assert our_code == code, our_err or err
    assert our_out == out
    assert bool(our_err) == bool(err)
    assert written(chart.parent / "out") == files


@pytest.mark.parametrize("args", LINT, ids=" ".join)
def test_lint_does_as_helm_does(args: list[str], chart: Path) -> None:
    code, out, err = bundles.helm(["lint", *args], chart)
    our_code, our_out, our_err = bundles.ours(["lint", *args], chart)
    assert our_code == code, our_err or err
    assert bundles.remarks(our_out) == bundles.remarks(out)
    assert bool(our_err) == bool(err)
