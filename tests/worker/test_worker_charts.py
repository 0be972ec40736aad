"""Charts rendered in a worker: kept by digest, lookups answered by the parent, bounds enforced."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from engine.errors import LimitExceeded, Malformed
from engine.helm.errors import ChartError, NeedsChart
from engine.helm.job import OPERATION, Job, render_in
from engine.helm.render import Release
from engine.worker import Pool

CHART = "apiVersion: v2\nname: x\nversion: 0.1.0\n"


@pytest.fixture
async def pool():
    async with Pool(1) as made:
        yield made


def archive(**templates: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        files = {"x/Chart.yaml": CHART, "x/values.yaml": "count: 1\n", "x/crds/c.yaml": "kind: CRD\n"}
        for name, content in {**files, **{f"x/templates/{name}": text for name, text in templates.items()}}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


def job(digest: str = "sha256:1", **more: Any) -> Job:
    return Job(digest, Release("rel", "ns"), **more)


async def test_a_chart_is_sent_once_and_rendered_again_with_other_values(pool: Pool) -> None:
    data = archive(a="kind: ConfigMap\nn: {{ .Values.count }}\nf: {{ kindOf .Values.count }}\n")
    first = await render_in(pool, data, job())
    assert first.manifests[0].content == "kind: ConfigMap\nn: 1\nf: float64\n"
    assert [crd.filename for crd in first.crds] == ["x/crds/c.yaml"]
    again = await render_in(pool, b"never needed", job(values={"count": 2}))
    assert again.manifests[0].content == "kind: ConfigMap\nn: 2\nf: float64\n"


async def test_a_worker_that_lacks_the_chart_says_so(pool: Pool) -> None:
    with pytest.raises(NeedsChart):
        await pool.call(OPERATION, job().as_json())


async def test_hooks_and_notes_come_back(pool: Pool) -> None:
    hook = 'kind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: "-3"}}\n'
    result = await render_in(pool, archive(**{"h.yaml": hook, "NOTES.txt": "hello {{ .Release.Namespace }}"}), job())
    assert (result.hooks[0].events, result.hooks[0].weight) == (("pre-install",), -3)
    assert result.notes == "hello ns"


async def test_lookups_are_answered_by_the_parent(pool: Pool) -> None:
    asked = []

    async def ask(key: tuple[str, str, str, str]) -> dict[str, Any]:
        asked.append(key)
        return {"metadata": {"name": key[3]}} if key[3] == "there" else {}

    text = '{{ (lookup "v1" "Secret" "ns" "%s").metadata | toJson }}'
    both = "a: " + text % "there" + "\nb: " + (text % "gone") + "\n"
    result = await render_in(pool, archive(a=both), job(), ask=ask)
    assert result.manifests[0].content == 'a: {"name":"there"}\nb: null\n'
    assert asked == [("v1", "Secret", "ns", "there"), ("v1", "Secret", "ns", "gone")]
    dry = await render_in(pool, b"", job())
    assert dry.manifests[0].content == "a: null\nb: null\n"


async def test_errors_come_back_as_what_they_are(pool: Pool) -> None:
    with pytest.raises(ChartError, match="gzipped archive"):
        await render_in(pool, b"no chart", job())
    with pytest.raises(Malformed, match=r"x/templates/a:1.*none\.deeper"):
        await render_in(pool, archive(a="{{ .Values.none.deeper }}"), job())
    with pytest.raises(LimitExceeded):
        await render_in(
            pool, archive(a='{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}'), job("sha256:2")
        )
    assert await pool.call("ping", {})


async def test_a_render_that_takes_too_long_is_ended(pool: Pool) -> None:
    forever = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}"
    with pytest.raises(LimitExceeded):
        await render_in(pool, archive(a=forever), job(), deadline=2)
    assert await pool.call("ping", {})
