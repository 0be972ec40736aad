from __future__ import annotations

import pytest

from engine.flux import conditions
from tests.controllers.kustomization_world import CONFIG_MAP, KUSTOMIZATION, NS, world

A = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: apps}\ndata: {key: '1'}\n"
B = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: apps}\ndata: {key: '1'}\n"


@pytest.fixture
async def cluster():
    async with world() as made:
        yield made


async def test_a_push_becomes_ready_with_inventory_history_and_events(cluster):
    revision = await cluster.push({"a.yaml": A, "b.yaml": B})
    await cluster.kustomization()
    obj = await cluster.ready(revision)
    status = obj["status"]
    assert [entry["id"] for entry in status["inventory"]["entries"]] == ["apps_a__ConfigMap", "apps_b__ConfigMap"]
    assert status["lastAppliedRevision"] == status["lastAttemptedRevision"] == revision
    assert [c["type"] for c in status["conditions"]] == ["Ready"]
    assert conditions.message(obj, "Ready") == f"Applied revision: {revision}"
    (entry,) = status["history"]
    assert (entry["lastReconciledStatus"], entry["totalReconciliations"]) == ("ReconciliationSucceeded", 1)
    live = await cluster.get(CONFIG_MAP, "a")
    assert live["metadata"]["labels"] == {
        "kustomize.toolkit.fluxcd.io/name": "app",
        "kustomize.toolkit.fluxcd.io/namespace": NS,
    }
    assert [(f["manager"], f["operation"]) for f in live["metadata"]["managedFields"]] == [
        ("kustomize-controller", "Apply")
    ]
    kinds_and_texts = await cluster.events()
    assert kinds_and_texts[0] == ("Normal", "Progressing", "ConfigMap/apps/a created\nConfigMap/apps/b created")
    assert kinds_and_texts[1][:2] == ("Normal", "ReconciliationSucceeded")
    assert kinds_and_texts[1][2].endswith(", next run in 10m0s")


DEPLOYMENT_TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: registry.example.com/app:1}]}
"""
SERVICE_TEXT = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {ports: [{port: 80}], selector: {app: web}}
"""


async def test_a_first_apply_and_a_round_without_change_cost_few_requests(cluster):
    await cluster.push({"a.yaml": A, "b.yaml": B, "d.yaml": DEPLOYMENT_TEXT, "s.yaml": SERVICE_TEXT})
    await cluster.client.discovery.refresh()
    cluster.forget_requests()
    await cluster.kustomization(wait=True)
    await cluster.roll_out()
    await cluster.ready()
    await cluster.events()
    first = cluster.requests
    cluster.forget_requests()
    await cluster.request("again")
    await cluster.handled("again")
    await cluster.events()
    assert sum(cluster.requests.values()) <= 2
    assert sum(first.values()) <= 19


async def test_a_new_revision_changes_what_differs_and_prunes_what_went(cluster):
    await cluster.push({"a.yaml": A, "b.yaml": B})
    await cluster.kustomization()
    await cluster.ready()
    revision = await cluster.push({"a.yaml": A.replace("'1'", "'2'")})
    await cluster.ready(revision)
    assert (await cluster.get(CONFIG_MAP, "a"))["data"] == {"key": "2"}
    assert await cluster.get(CONFIG_MAP, "b") is None
    texts = [message for _, _, message in await cluster.events()]
    assert "ConfigMap/apps/a configured" in texts
    assert "ConfigMap/apps/b deleted" in texts


async def test_without_prune_what_went_stays_and_leaves_the_inventory(cluster):
    await cluster.push({"a.yaml": A, "b.yaml": B})
    await cluster.kustomization(prune=False)
    await cluster.ready()
    revision = await cluster.push({"a.yaml": A})
    obj = await cluster.ready(revision)
    assert len(obj["status"]["inventory"]["entries"]) == 1
    assert await cluster.get(CONFIG_MAP, "b") is not None


async def test_a_failed_build_keeps_what_is_applied_and_says_why(cluster):
    first = await cluster.push({"a.yaml": A})
    await cluster.kustomization()
    await cluster.ready()
    revision = await cluster.push({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: x}\n"})
    obj = await cluster.reason("BuildFailed")
    assert conditions.reason(obj, "Reconciling") == "ProgressingWithRetry"
    assert obj["status"]["lastAttemptedRevision"] == revision
    assert obj["status"]["lastAppliedRevision"] == first
    assert [c["type"] for c in obj["status"]["conditions"]] == ["Reconciling", "Ready"]
    assert (await cluster.events())[-1][:2] == ("Warning", "BuildFailed")


async def test_a_path_that_is_not_there_is_an_artifact_failure(cluster):
    await cluster.push({"a.yaml": A})
    await cluster.kustomization(path="./missing")
    obj = await cluster.reason("ArtifactFailed")
    assert conditions.message(obj, "Ready").startswith("kustomization path not found: stat missing")
    assert "lastAttemptedRevision" not in obj["status"]


async def test_nothing_of_a_stage_is_written_when_one_object_is_refused(cluster):
    bad = SERVICE_TEXT.replace("port: 80", "port: 99999")
    await cluster.push({"a.yaml": A, "s.yaml": bad})
    await cluster.kustomization()
    obj = await cluster.reason("ReconciliationFailed")
    assert conditions.message(obj, "Ready").startswith(
        'Service/apps/web dry-run failed (Invalid): Service "web" is invalid'
    )
    assert conditions.message(obj, "Ready").endswith("\n")
    assert await cluster.get(CONFIG_MAP, "a") is None
    assert obj["status"]["history"][0]["lastReconciledStatus"] == "ReconciliationFailed"


async def test_a_missing_source_and_a_source_without_artifact_are_told(cluster):
    await cluster.kustomization()
    obj = await cluster.reason("ArtifactFailed")
    assert conditions.message(obj, "Ready") == 'GitRepository.source.toolkit.fluxcd.io "app" not found'
    revision = await cluster.push({"a.yaml": A})
    await cluster.ready(revision)


async def test_a_dependency_wakes_its_dependents_at_once(cluster):
    await cluster.push({"x/a.yaml": A, "y/b.yaml": B})
    await cluster.kustomization("second", path="./y", dependsOn=[{"name": "app"}])
    obj = await cluster.reason("DependencyNotReady", name="second")
    assert "dependency 'apps/app' not found" in conditions.message(obj, "Ready")
    await cluster.kustomization(path="./x")
    await cluster.ready(name="second")
    told = await cluster.events("second")
    assert told[0] == ("Normal", "DependencyNotReady", "Dependencies do not meet ready condition, retrying in 30s")


async def test_a_suspended_object_is_left_alone_but_the_request_is_acknowledged(cluster):
    await cluster.push({"a.yaml": A})
    await cluster.kustomization()
    await cluster.ready()
    await cluster.kustomization(suspend=True)
    await cluster.push({"a.yaml": A.replace("'1'", "'2'")})
    await cluster.request("s1")
    await cluster.handled("s1")
    assert (await cluster.get(CONFIG_MAP, "a"))["data"] == {"key": "1"}


@pytest.mark.parametrize(
    ("spec", "stays"),
    [
        ({}, False),
        ({"prune": False}, True),
        ({"deletionPolicy": "Orphan"}, True),
        ({"prune": False, "deletionPolicy": "Delete"}, False),
        ({"suspend": True}, True),
        ({"deletionPolicy": "WaitForTermination"}, False),
    ],
)
async def test_deletion_follows_its_policy(cluster, spec, stays):
    await cluster.push({"a.yaml": A})
    await cluster.kustomization()
    await cluster.ready()
    await cluster.kustomization(**spec)
    await cluster.until(lambda o: o["status"]["observedGeneration"] == o["metadata"]["generation"])
    await cluster.admin.delete(KUSTOMIZATION, NS, "app")
    await cluster.gone()
    assert (await cluster.get(CONFIG_MAP, "a") is not None) == stays


async def test_waiting_ends_with_the_rollout_and_is_told_once(cluster):
    await cluster.push({"d.yaml": DEPLOYMENT_TEXT})
    await cluster.kustomization(wait=True)
    waiting = await cluster.until(lambda o: conditions.status(o, "Healthy") == "Unknown")
    assert conditions.status(waiting, "Ready") == "Unknown"
    assert waiting["status"]["inventory"]["entries"] == [{"id": "apps_web_apps_Deployment", "v": "v1"}]
    await cluster.roll_out()
    obj = await cluster.ready()
    assert [c["type"] for c in obj["status"]["conditions"]] == ["Ready", "Healthy"]
    await cluster.request("again")
    await cluster.handled("again")
    told = [message for _, _, message in await cluster.events() if message.startswith("Health check passed in ")]
    assert len(told) == 1


async def test_a_failed_rollout_fails_early_and_keeps_the_inventory(cluster):
    await cluster.push({"d.yaml": DEPLOYMENT_TEXT})
    await cluster.kustomization(wait=True)
    exceeded = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    await cluster.roll_out(conditions=exceeded)
    obj = await cluster.reason("HealthCheckFailed")
    detail = "failed early due to stalled resources: [Deployment/apps/web status: 'Failed']"
    assert conditions.message(obj, "Healthy") == detail
    assert conditions.message(obj, "Ready").startswith("health check failed after ")
    assert conditions.message(obj, "Ready").endswith(detail)
    assert [c["type"] for c in obj["status"]["conditions"]] == ["Reconciling", "Ready", "Healthy"]
    assert obj["status"]["history"][0]["lastReconciledStatus"] == "HealthCheckFailed"
    assert "lastAppliedRevision" not in obj["status"]


async def test_variables_are_substituted_and_missing_ones_fail_in_strict_mode(cluster):
    await cluster.push({"a.yaml": A.replace("'1'", '"${v}"')})
    await cluster.kustomization(postBuild={"substitute": {"v": "hello"}})
    await cluster.ready()
    assert (await cluster.get(CONFIG_MAP, "a"))["data"] == {"key": "hello"}
    await cluster.kustomization(postBuild={"substitute": {"other": "x"}})
    obj = await cluster.reason("BuildFailed")
    assert "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error" in conditions.message(obj, "Ready")


async def test_fields_that_wait_for_their_issue_are_refused_by_name(cluster):
    await cluster.push({"a.yaml": A})
    await cluster.kustomization(serviceAccountName="deployer")
    obj = await cluster.reason("Unsupported")
    assert "spec.serviceAccountName is not supported yet" in conditions.message(obj, "Ready")
    assert conditions.is_true(obj, "Stalled")
    assert await cluster.get(CONFIG_MAP, "a") is None
    await cluster.kustomization()
    await cluster.ready()


async def test_common_metadata_patches_and_the_target_namespace_are_built_in(cluster):
    await cluster.push({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: '1'}\n"})
    patch = "- op: replace\n  path: /data/key\n  value: patched\n"
    await cluster.kustomization(
        targetNamespace=NS,
        namePrefix="x-",
        commonMetadata={"labels": {"team": "one"}},
        patches=[{"patch": patch, "target": {"kind": "ConfigMap"}}],
    )
    await cluster.ready()
    live = await cluster.get(CONFIG_MAP, "x-a")
    assert live["data"] == {"key": "patched"}
    assert live["metadata"]["labels"]["team"] == "one"
