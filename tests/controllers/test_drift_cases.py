"""Drift as the console shows it, and that the next reconcile does exactly what it said."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine.controllers.base import Request
from engine.kube.types import PatchType
from engine.model import Change, DriftReport, Ref, Verdict
from tests.controllers.kustomization_world import CONFIG_MAP, DEPLOYMENT, NS, SECRET, World, world

DEPLOYMENT_TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: registry.example.com/app:1
        ports: [{containerPort: 8080}]
        resources: {limits: {cpu: 1000m, memory: 0.5Gi}}
        env: [{name: LEVEL, value: info}, {name: MODE, value: fast}]
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: apps}\ndata: {key: '1'}\n"
SECRET_TEXT = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: apps}\nstringData: {password: marker-hidden}\n"
)
OWNER = "kustomize.toolkit.fluxcd.io"


class Reports:
    """The newest report, and waiting for one."""

    def __init__(self, cluster: World) -> None:
        self.newest: DriftReport | None = None
        self.all: list[DriftReport] = []
        self._changed = asyncio.Event()
        cluster.drift.subscribe(self._take)

    def _take(self, ref: Ref, report: DriftReport | None) -> None:
        self.newest = report
        if report is not None:
            self.all.append(report)
        self._changed.set()

    async def until(self, holds, seconds: float = 10) -> DriftReport:
        try:
            async with asyncio.timeout(seconds):
                while self.newest is None or not holds(self.newest):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"never reported: {self.newest}") from None
        return self.newest

    async def clean(self, count: int) -> DriftReport:
        return await self.until(lambda r: not r.objects and not r.problem and r.equal == count)

    async def drifted(self, confirmed: bool = True) -> DriftReport:
        return await self.until(lambda r: r.drifted and (not confirmed or all(o.confirmed for o in r.objects)))


@pytest.fixture
async def cluster():
    async with world(drift=True) as made:
        yield made


async def settle(cluster: World, **files: str) -> Reports:
    reports = Reports(cluster)
    await cluster.push({f"{name}.yaml": text for name, text in files.items()})
    await cluster.kustomization()
    await cluster.ready()
    await reports.clean(len(files))
    return reports


async def edit(cluster: World, res, name: str, body: dict, *, manager: str = "kubectl-edit", how=PatchType.STRATEGIC):
    return await cluster.admin.patch(res, NS, name, body, type=how, manager=manager)


async def reconcile(cluster: World, reports: Reports, count: int) -> None:
    await cluster.request("now")
    await cluster.handled("now")
    await reports.clean(count)


def env_patch(*env: dict) -> dict:
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": list(env)}]}}}}


def env_of(live: dict) -> dict:
    return {item["name"]: item.get("value") for item in live["spec"]["template"]["spec"]["containers"][0]["env"]}


async def test_defaults_and_equal_quantities_are_no_drift(cluster):
    reports = await settle(cluster, d=DEPLOYMENT_TEXT, a=CONFIG, s=SECRET_TEXT)
    report = await cluster.drift.report(NS, "app")
    assert report.objects == ()
    assert not reports.newest.drifted


async def test_an_environment_variable_changed(cluster):
    reports = await settle(cluster, d=DEPLOYMENT_TEXT)
    await edit(cluster, DEPLOYMENT, "web", env_patch({"name": "LEVEL", "value": "debug"}))
    report = await reports.drifted()
    (found,) = report.objects
    (path,) = found.paths
    assert (found.kind, found.verdict) == ("Deployment", Verdict.DIFFERS)
    assert path.path == "/spec/template/spec/containers/0/env/0/value"
    assert path.display == "…containers[app].env[LEVEL].value"
    assert (path.change, path.wanted, path.live) == (Change.CHANGED, "info", "debug")
    assert path.writer.manager == "kubectl-edit"
    assert path.writer.time is not None
    await reconcile(cluster, reports, 1)
    assert env_of(await cluster.get(DEPLOYMENT, "web")) == {"LEVEL": "info", "MODE": "fast"}


async def test_an_environment_variable_added_is_drift_because_flux_removes_it(cluster):
    reports = await settle(cluster, d=DEPLOYMENT_TEXT)
    await edit(cluster, DEPLOYMENT, "web", env_patch({"name": "DEBUG", "value": "1"}))
    report = await reports.drifted()
    (path,) = report.objects[0].paths
    assert path.display == "…containers[app].env[DEBUG]"
    assert (path.change, path.wanted) == (Change.ADDED, "")
    assert path.writer.manager == "kubectl-edit"
    await reconcile(cluster, reports, 1)
    assert env_of(await cluster.get(DEPLOYMENT, "web")) == {"LEVEL": "info", "MODE": "fast"}


async def test_an_environment_variable_removed(cluster):
    reports = await settle(cluster, d=DEPLOYMENT_TEXT)
    await edit(cluster, DEPLOYMENT, "web", env_patch({"name": "LEVEL", "$patch": "delete"}))
    report = await reports.drifted()
    (path,) = report.objects[0].paths
    assert path.display == "…containers[app].env[LEVEL]"
    assert path.change is Change.REMOVED
    await reconcile(cluster, reports, 1)
    assert env_of(await cluster.get(DEPLOYMENT, "web")) == {"LEVEL": "info", "MODE": "fast"}


@pytest.mark.parametrize(("manager", "drifts"), [("kubectl-label", True), ("some-operator", False)])
async def test_a_label_added_is_drift_only_if_flux_takes_it_over(cluster, manager, drifts):
    reports = await settle(cluster, a=CONFIG)
    count = len(reports.all)
    await edit(
        cluster, CONFIG_MAP, "a", {"metadata": {"labels": {"team": "one"}}}, manager=manager, how=PatchType.MERGE
    )
    if drifts:
        report = await reports.drifted()
        (path,) = report.objects[0].paths
        assert (path.display, path.change, path.live) == ("metadata.labels.team", Change.ADDED, "one")
    else:
        await reports.until(lambda _: len(reports.all) > count)
        assert not reports.newest.drifted
    await cluster.request("now")
    await cluster.handled("now")
    live = await cluster.get(CONFIG_MAP, "a")
    assert ("team" in live["metadata"]["labels"]) == (not drifts)


async def test_an_owner_label_removed(cluster):
    reports = await settle(cluster, a=CONFIG)
    body = {"metadata": {"labels": {f"{OWNER}/name": None, f"{OWNER}/namespace": None}}}
    await edit(cluster, CONFIG_MAP, "a", body, manager="kubectl-label", how=PatchType.MERGE)
    report = await reports.drifted()
    assert {path.display for path in report.objects[0].paths} == {
        f"metadata.labels[{OWNER}/name]",
        f"metadata.labels[{OWNER}/namespace]",
    }
    await reconcile(cluster, reports, 1)
    assert (await cluster.get(CONFIG_MAP, "a"))["metadata"]["labels"][f"{OWNER}/name"] == "app"


async def test_an_object_deleted(cluster):
    reports = await settle(cluster, a=CONFIG)
    await cluster.admin.delete(CONFIG_MAP, NS, "a")
    report = await reports.drifted(confirmed=False)
    assert [(o.name, o.verdict) for o in report.objects] == [("a", Verdict.MISSING)]
    await reconcile(cluster, reports, 1)
    assert await cluster.get(CONFIG_MAP, "a") is not None


async def test_replicas_owned_by_an_autoscaler_are_not_drift_when_git_does_not_set_them(cluster):
    text = DEPLOYMENT_TEXT.replace("  replicas: 2\n", "")
    reports = await settle(cluster, d=text)
    count = len(reports.all)
    await edit(cluster, DEPLOYMENT, "web", {"spec": {"replicas": 7}}, manager="kube-controller-manager")
    await reports.until(lambda _: len(reports.all) > count)
    assert not reports.newest.drifted
    await cluster.request("now")
    await cluster.handled("now")
    assert (await cluster.get(DEPLOYMENT, "web"))["spec"]["replicas"] == 7


async def test_a_secret_s_key_changed_shows_the_key_and_never_the_value(cluster):
    reports = await settle(cluster, s=SECRET_TEXT)
    cluster.forget_requests()
    await edit(cluster, SECRET, "s", {"stringData": {"password": "marker-live"}}, how=PatchType.MERGE)
    report = await reports.drifted(confirmed=False)
    (path,) = report.objects[0].paths
    assert (path.display, path.change) == ("data.password", Change.CHANGED)
    text = repr(reports.all)
    for secret in ("marker", "bWFya2VyLWhpZGRlbg", "bWFya2VyLWxpdmU"):
        assert secret not in text
    assert not any(request.startswith("PATCH") for request in cluster.requests)
    await reconcile(cluster, reports, 1)


async def test_what_a_new_revision_would_change_and_prune_is_told_while_suspended(cluster):
    reports = await settle(cluster, a=CONFIG, b=CONFIG.replace("name: a", "name: b"))
    await cluster.kustomization(suspend=True)
    await cluster.push({"a.yaml": CONFIG.replace("'1'", "'2'"), "c.yaml": CONFIG.replace("name: a", "name: c")})
    report = await reports.until(lambda r: len(r.objects) == 3)
    assert {(o.name, o.verdict) for o in report.objects} == {
        ("a", Verdict.DIFFERS),
        ("b", Verdict.TO_PRUNE),
        ("c", Verdict.MISSING),
    }


async def test_switched_off_objects_are_excluded_and_said_so(cluster):
    reports = await settle(cluster, a=CONFIG)
    body = {"metadata": {"annotations": {f"{OWNER}/ssa": "Ignore"}}, "data": {"key": "2"}}
    await edit(cluster, CONFIG_MAP, "a", body, how=PatchType.MERGE)
    report = await reports.until(lambda r: bool(r.objects) and r.objects[0].verdict is Verdict.EXCLUDED)
    assert report.objects[0].note == "ssa: Ignore"
    assert not report.drifted


async def test_ignored_paths_are_no_drift(cluster):
    reports = await settle(cluster, a=CONFIG)
    await cluster.kustomization(ignore=[{"paths": ["/data/key"], "target": {"kind": "ConfigMap"}}])
    await cluster.ready()
    count = len(reports.all)
    await edit(cluster, CONFIG_MAP, "a", {"data": {"key": "2"}}, how=PatchType.MERGE)
    await reports.until(lambda _: len(reports.all) > count)
    assert not reports.newest.drifted


async def test_a_status_change_asks_nothing(cluster):
    await settle(cluster, d=DEPLOYMENT_TEXT)
    cluster.forget_requests()
    await cluster.roll_out()
    await asyncio.sleep(0.2)
    assert not cluster.requests


def dry_runs(cluster: World) -> int:
    """Only what is looked at is confirmed while it shows no drift."""
    return sum(
        count for asked, count in cluster.requests.items() if asked.startswith("PATCH") and "/configmaps/a" in asked
    )


async def test_whoever_scrolls_past_asks_for_nothing_and_whoever_rests_is_answered(cluster):
    await settle(cluster, a=CONFIG)
    cluster.forget_requests()
    for _ in range(20):
        cluster.drift.focus([Request(NS, "app")])
        await asyncio.sleep(0)
        cluster.drift.focus([])
    await asyncio.sleep(0.3)
    assert not dry_runs(cluster)
    cluster.drift.focus([Request(NS, "app")])
    async with asyncio.timeout(10):
        while not dry_runs(cluster):
            await asyncio.sleep(0.02)


async def test_an_edit_is_known_within_a_second(cluster):
    reports = await settle(cluster, a=CONFIG)
    await edit(cluster, CONFIG_MAP, "a", {"data": {"key": "2"}}, how=PatchType.MERGE)
    started = time.monotonic()
    await reports.drifted(confirmed=False)
    assert time.monotonic() - started < 1


async def test_the_effect_of_another_revision_lists_creates_changes_and_prunes(cluster):
    await settle(cluster, a=CONFIG, b=CONFIG.replace("name: a", "name: b"))
    await edit(cluster, CONFIG_MAP, "a", {"data": {"key": "5"}}, how=PatchType.MERGE)
    obj = cluster.kustomizations.get(NS, "app")
    files = {"a.yaml": CONFIG.encode(), "c.yaml": CONFIG.replace("name: a", "name: c").encode()}
    effect = await cluster.drift.effect(obj, files=files, revision="main@sha1:old")
    assert (effect.created, effect.changed, effect.pruned, effect.unchanged) == (1, 1, 1, 0)
    assert {(line.verb, line.subject) for line in effect.lines} == {
        ("overwrite", "ConfigMap/apps/a"),
        ("create", "ConfigMap/apps/c"),
        ("prune", "ConfigMap/apps/b"),
    }
    assert effect.complete


async def test_what_cannot_be_computed_says_why(cluster):
    reports = Reports(cluster)
    await cluster.push({"a.yaml": CONFIG})
    await cluster.kustomization(path="./missing")
    report = await reports.until(lambda r: "path not found" in r.problem)
    assert report.problem.startswith("not computed: ")


async def test_many_objects_of_a_kind_are_read_with_one_list(cluster):
    files = {f"c{number}": CONFIG.replace("name: a", f"name: c{number}") for number in range(6)}
    await settle(cluster, **files)
    cluster.forget_requests()
    other = Request(NS, "app")
    cluster.drift._known.pop(other)
    report = await cluster.drift.report(NS, "app", confirm=False)
    assert report.equal == 6
    assert dict(cluster.requests) == {"GET /api/v1/configmaps": 1}
