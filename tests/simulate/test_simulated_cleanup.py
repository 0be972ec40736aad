"""Namespaces, owners and claims: what comes with them and what goes."""

from __future__ import annotations

from typing import Any

import pytest


def config_map(
    name: str, namespace: str = "default", owners: list[Any] | None = None, **metadata: Any
) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, **metadata}
    if owners:
        meta["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "blockOwnerDeletion": True,
            }
            for owner in owners
        ]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def names(world: Any) -> set[str]:
    return {obj["metadata"]["name"] for obj in world.api.list("v1", "ConfigMap", "default")} - {"kube-root-ca.crt"}


async def test_dependents_go_after_their_owner(world: Any) -> None:
    owner = world.api.create(config_map("owner"))
    child = world.api.create(config_map("child", owners=[owner]))
    world.api.create(config_map("grandchild", owners=[child]))
    world.api.create(config_map("other"))
    await world.settle()
    world.api.delete("v1", "ConfigMap", "default", "owner")
    await world.until(lambda: names(world) == {"other"})


async def test_a_dependent_with_another_owner_stays_and_forgets_the_first(world: Any) -> None:
    first, second = world.api.create(config_map("first")), world.api.create(config_map("second"))
    world.api.create(config_map("child", owners=[first, second]))
    await world.settle()
    world.api.delete("v1", "ConfigMap", "default", "first")

    def owners() -> Any:
        return [o["name"] for o in world.get("v1", "ConfigMap", "child")["metadata"]["ownerReferences"]] == ["second"]

    await world.until(owners)
    assert names(world) == {"second", "child"}


async def test_an_owner_that_never_was_is_no_owner(world: Any) -> None:
    ghost = config_map("ghost")
    ghost["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000"
    world.api.create(config_map("child", owners=[ghost]))
    await world.until(lambda: names(world) == set())


async def test_an_owner_of_a_kind_that_is_not_served_is_left_alone(world: Any) -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t", "uid": "u"}}
    world.api.create(config_map("child", owners=[unknown]))
    await world.settle()
    await world.clock.advance(60)
    await world.settle()
    assert names(world) == {"child"}


async def test_foreground_takes_the_dependents_first(world: Any) -> None:
    owner = world.api.create(config_map("owner"))
    world.api.create(config_map("child", owners=[owner], finalizers=["example.com/wait"]))
    await world.settle()
    world.api.delete("v1", "ConfigMap", "default", "owner", propagation="Foreground")
    await world.until(lambda: world.get("v1", "ConfigMap", "child")["metadata"].get("deletionTimestamp"))
    await world.settle()
    assert names(world) == {"owner", "child"}

    world.api.patch("v1", "ConfigMap", "default", "child", {"metadata": {"finalizers": None}})
    await world.until(lambda: names(world) == set())


async def test_orphan_lets_the_dependents_live(world: Any) -> None:
    owner = world.api.create(config_map("owner"))
    world.api.create(config_map("child", owners=[owner]))
    await world.settle()
    world.api.delete("v1", "ConfigMap", "default", "owner", propagation="Orphan")
    await world.until(lambda: names(world) == {"child"})
    assert "ownerReferences" not in world.get("v1", "ConfigMap", "child")["metadata"]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_deleting_a_deployment_leaves_nothing(world: Any, propagation: str) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "n"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    metadata = {"name": "web", "namespace": "default"}
    world.api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    await world.until(lambda: len(world.pods()) == 2)
    world.api.delete("apps/v1", "Deployment", "default", "web", propagation=propagation)
    await world.until(
        lambda: (
            not world.pods()
            and not world.api.list("apps/v1", "ReplicaSet", "default")
            and world.get("apps/v1", "Deployment", "web") is None
        )
    )


async def test_every_namespace_has_its_account_and_its_certificates(world: Any) -> None:
    world.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}})
    for namespace in ("new", "default", "kube-system"):
        await world.until(lambda: world.get("v1", "ServiceAccount", "default", namespace))
        await world.until(lambda: world.get("v1", "ConfigMap", "kube-root-ca.crt", namespace))
    world.api.delete("v1", "ConfigMap", "new", "kube-root-ca.crt")
    await world.until(lambda: world.get("v1", "ConfigMap", "kube-root-ca.crt", "new"))


async def test_a_namespace_empties_and_goes(world: Any) -> None:
    world.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gone"}})
    world.api.create(config_map("a", "gone"))
    world.api.create(config_map("held", "gone", finalizers=["example.com/wait"]))
    await world.settle()
    world.api.delete("v1", "Namespace", "", "gone")

    def waits() -> Any:
        found = world.api.get("v1", "Namespace", "", "gone")
        return {c["type"] for c in found["status"].get("conditions") or ()} >= {"NamespaceFinalizersRemaining"}

    await world.until(waits)
    assert world.get("v1", "ConfigMap", "a", "gone") is None
    world.api.patch("v1", "ConfigMap", "gone", "held", {"metadata": {"finalizers": None}})
    await world.until(lambda: world.api.get("v1", "Namespace", "", "gone") is None)
    assert world.api.list("v1", "ConfigMap", "gone") == []


async def test_a_claim_in_use_stays_until_its_pod_is_gone(world: Any) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    world.api.create(claim)
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    spec = {"containers": [{"name": "c", "image": "n"}], "volumes": volumes}
    world.api.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}, "spec": spec}
    )
    bound = await world.until(
        lambda: (c := world.get("v1", "PersistentVolumeClaim", "data"))["status"]["phase"] == "Bound" and c
    )
    assert bound["status"]["capacity"] == {"storage": "1Gi"}

    world.api.delete("v1", "PersistentVolumeClaim", "default", "data")
    await world.settle()
    assert world.get("v1", "PersistentVolumeClaim", "data") is not None
    world.api.delete("v1", "Pod", "default", "p")
    await world.until(lambda: world.get("v1", "PersistentVolumeClaim", "data") is None)
