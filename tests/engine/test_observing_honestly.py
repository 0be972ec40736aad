"""What an observer cannot know is said, not guessed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.flags import Flags
from engine.kube.types import PatchType
from engine.model import DriftReport, Verdict
from tests.controllers.kustomization_world import CONFIG_MAP, NS, World, world

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: apps}\ndata: {key: '1'}\n"
SOPS = """
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: apps}
data: {password: 'ENC[AES256_GCM,data:abc=,iv:abc=,tag:abc=,type:str]'}
sops: {mac: 'ENC[AES256_GCM,data:abc=,iv:abc=,tag:abc=,type:str]', version: 3.9.0}
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: apps}\ndata: {password: bWFya2Vy}\n"


@pytest.fixture
async def cluster() -> AsyncIterator[World]:
    async with world(drift=True) as made:
        yield made


async def applied(cluster: World, text: str = CONFIG) -> None:
    await cluster.push({"a.yaml": text})
    await cluster.kustomization()
    await cluster.ready()


async def report(cluster: World) -> DriftReport:
    return await cluster.drift.report(NS, "app")


async def test_flags_become_notes_and_are_forgotten_when_they_are_known(cluster: World) -> None:
    await applied(cluster)
    cluster.drift.assume(Flags(assumptions=("strict substitution assumed: nobody knows",), service_account="tenant"))
    notes = (await report(cluster)).notes
    assert notes == (
        "strict substitution assumed: nobody knows",
        f"as you, not as system:serviceaccount:{NS}:tenant",
    )
    cluster.drift.assume(Flags())
    assert (await report(cluster)).notes == ()


async def test_an_account_of_its_own_is_named(cluster: World) -> None:
    await applied(cluster)
    await cluster.kustomization(serviceAccountName="deployer", suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    assert f"as you, not as system:serviceaccount:{NS}:deployer" in (await report(cluster)).notes


async def test_without_strict_substitution_an_unset_variable_is_empty(cluster: World) -> None:
    await applied(cluster)
    await cluster.kustomization(postBuild={"substitute": {"other": "1"}}, suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    await cluster.push({"a.yaml": CONFIG.replace("'1'", "'x${missing}'")})
    assert 'variable not set (strict mode): "missing"' in (await report(cluster)).problem
    cluster.drift.assume(Flags(strict=False))
    (found,) = (await report(cluster)).objects
    assert (found.paths[0].wanted, found.paths[0].live) == ("x", "1")


async def test_a_manager_that_is_overridden_loses_its_fields(cluster: World) -> None:
    await applied(cluster)
    body = {"data": {"extra": "2"}}
    await cluster.admin.patch(CONFIG_MAP, NS, "a", body, type=PatchType.MERGE, manager="rancher")
    assert not (await report(cluster)).drifted
    cluster.drift.assume(Flags(overrides=("rancher",)))
    (found,) = (await report(cluster)).objects
    assert found.paths[0].display == "data.extra"


async def test_a_blocked_source_of_another_namespace(cluster: World) -> None:
    await applied(cluster)
    source = {"kind": "GitRepository", "name": "app", "namespace": "elsewhere"}
    await cluster.kustomization(sourceRef=source, suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    cluster.drift.assume(Flags(cross_namespace=False))
    assert "cross-namespace references have been blocked" in (await report(cluster)).problem


async def test_a_remote_cluster_is_not_compared(cluster: World) -> None:
    await applied(cluster)
    await cluster.kustomization(kubeConfig={"secretRef": {"name": "far"}}, suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    found = await report(cluster)
    assert found.problem == "not computed: remote cluster (spec.kubeConfig)"
    assert found.objects == ()


async def test_a_remote_base_is_named_and_the_controllers_refusal_too(cluster: World) -> None:
    await applied(cluster)
    await cluster.kustomization(suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    await cluster.push({"kustomization.yaml": "resources: ['https://github.com/example/base?ref=v1']\n"})
    assert "not computed: remote base URL" in (await report(cluster)).problem
    cluster.drift.assume(Flags(remote_bases=False))
    assert "(--no-remote-bases)" in (await report(cluster)).problem


async def test_an_encrypted_secret_is_compared_by_its_keys(cluster: World) -> None:
    await applied(cluster, SECRET)
    await cluster.kustomization(suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    await cluster.push({"a.yaml": SOPS})
    (found,) = (await report(cluster)).objects
    assert (found.verdict, found.note) == (Verdict.NOT_COMPARED, "encrypted: values not compared")
    await cluster.push({"a.yaml": SOPS.replace("password:", "renamed:")})
    (found,) = (await report(cluster)).objects
    assert {path.display for path in found.paths} == {"data.password", "data.renamed"}
    assert "ENC[" not in repr(found)


async def test_an_artifact_out_of_reach_leaves_ownership_and_its_reason(cluster: World) -> None:
    second = CONFIG.replace("name: a", "name: b")
    third = CONFIG.replace("name: a", "name: c")
    await applied(cluster, f"{CONFIG}---\n{second}---\n{third}")
    await cluster.kustomization(suspend=True)
    await cluster.until(lambda o: bool(o["spec"].get("suspend")))
    await cluster.push({"a.yaml": CONFIG.replace("'1'", "'2'")})
    cluster.artifacts.clear()
    body = {"data": {"key": "edited"}}
    await cluster.admin.patch(CONFIG_MAP, NS, "b", body, type=PatchType.MERGE, manager="kubectl-edit")
    await cluster.admin.delete(CONFIG_MAP, NS, "a")
    found = await report(cluster)
    assert found.problem == "not computed: artifact not found"
    assert found.equal == 0
    verdicts = {drift.name: drift for drift in found.objects}
    assert verdicts["a"].verdict is Verdict.MISSING
    assert verdicts["b"].verdict is Verdict.NOT_COMPARED
    assert verdicts["b"].note == "kubectl-edit wrote data.key; whether that stays is not known"
    assert "c" not in verdicts
    assert "1 objects are there; whether they are as wanted is not known" in found.notes
    assert found.drifted, "what is missing will be made"
