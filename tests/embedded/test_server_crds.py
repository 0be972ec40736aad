"""Definitions that come, change, conflict and go; versions of one resource; what the facade offers inside."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine.embedded.facade import Change
from engine.embedded.status import ApiError
from tests.embedded.conftest import Api

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


def definition(plural: str = "things", kind: str = "Thing", versions: tuple[str, ...] = ("v1",)) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.io"},
        "spec": {
            "group": "example.io",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {"name": name, "served": True, "storage": index == 0, "schema": {"openAPIV3Schema": schema}}
                for index, name in enumerate(versions)
            ],
        },
    }


def thing(name: str, version: str = "v1", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"example.io/{version}", "kind": "Thing", "metadata": {"name": name}, "spec": spec}


def things(version: str = "v1") -> str:
    return f"/apis/example.io/{version}/namespaces/default/things"


async def test_both_versions_show_the_same_object_under_their_own_name(api: Api) -> None:
    await api.ok("POST", CRDS, definition(versions=("v1beta1", "v1")))
    await api.ok("POST", things("v1beta1"), thing("a", "v1beta1"))
    shown = await api.ok("GET", f"{things('v1')}/a")
    assert (shown["apiVersion"], shown["spec"]) == ("example.io/v1", {"size": 3})
    changed = await api.ok("PATCH", f"{things('v1')}/a", {"spec": {"size": 4}}, MERGE)
    assert changed["apiVersion"] == "example.io/v1"
    listed = await api.ok("GET", things("v1beta1"))
    assert [(item["apiVersion"], item["spec"]["size"]) for item in listed["items"]] == [("example.io/v1beta1", 4)]
    applied = await api.ok("PATCH", f"{things('v1')}/b?fieldManager=m", thing("b", size=5), APPLY)
    assert applied["apiVersion"] == "example.io/v1"
    frames = await api.frames(f"{things('v1')}?watch=1&timeoutSeconds=1")
    assert {frame["object"]["apiVersion"] for frame in frames} == {"example.io/v1"}
    group = await api.ok("GET", "/apis/example.io")
    assert [version["version"] for version in group["versions"]] == ["v1", "v1beta1"]


async def test_a_version_that_is_no_longer_served_is_gone(api: Api) -> None:
    crd = await api.ok("POST", CRDS, definition(versions=("v1", "v1alpha1")))
    await api.ok("GET", things("v1alpha1"))
    crd["spec"]["versions"][1]["served"] = False
    del crd["metadata"]["resourceVersion"]
    await api.ok("PUT", f"{CRDS}/things.example.io", crd)
    assert (await api("GET", things("v1alpha1")))[0] == 404
    assert (await api("GET", things("v1")))[0] == 200


async def test_a_new_schema_holds_from_the_next_write(api: Api) -> None:
    crd = await api.ok("POST", CRDS, definition())
    await api.ok("POST", things(), thing("a", size=1))
    changed = copy.deepcopy(crd)
    spec = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["size"]["minimum"] = 2
    del changed["metadata"]["resourceVersion"]
    await api.ok("PUT", f"{CRDS}/things.example.io", changed)
    assert (await api("POST", things(), thing("b", size=1)))[0] == 422
    await api.ok("POST", things(), thing("c", size=2))


async def test_a_definition_whose_names_are_taken_is_not_served(api: Api) -> None:
    await api.ok("POST", CRDS, definition())
    await api.ok("POST", CRDS, definition("stuff", "Thing"))
    crd = await api.ok("GET", f"{CRDS}/stuff.example.io")
    conditions = {one["type"]: one["status"] for one in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "False", "Established": "False"}
    assert (await api("GET", "/apis/example.io/v1/namespaces/default/stuff"))[0] == 404


async def test_a_definition_waits_for_instances_with_finalizers(api: Api) -> None:
    await api.ok("POST", CRDS, definition())
    held = thing("held")
    held["metadata"]["finalizers"] = ["example.io/hold"]
    await api.ok("POST", things(), held)
    await api.ok("POST", things(), thing("free"))
    marked = await api.ok("DELETE", f"{CRDS}/things.example.io")
    assert marked["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    left = await api.ok("GET", things())
    assert [item["metadata"]["name"] for item in left["items"]] == ["held"]
    await api.ok("PATCH", f"{things()}/held", {"metadata": {"finalizers": None}}, MERGE)
    assert (await api("GET", f"{CRDS}/things.example.io"))[0] == 404
    assert (await api("GET", things()))[0] == 404


async def test_scale_of_a_custom_resource_follows_its_paths(api: Api) -> None:
    crd = definition()
    version = crd["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["count"] = {"type": "integer"}
    version["subresources"] = {"scale": {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"}}
    await api.ok("POST", CRDS, crd)
    await api.ok("POST", things(), thing("a", count=2))
    scale = await api.ok("PATCH", f"{things()}/a/scale?fieldManager=hpa", {"spec": {"replicas": 7}}, MERGE)
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 7})
    shown = await api.ok("GET", f"{things()}/a")
    assert shown["spec"]["count"] == 7
    owners = {entry["manager"]: entry.get("subresource") for entry in shown["metadata"]["managedFields"]}
    assert owners["hpa"] == "scale"


async def test_generation_counts_the_status_only_where_it_has_no_path_of_its_own(api: Api) -> None:
    crd = definition(versions=("v1",))
    version = crd["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["status"] = {
        "type": "object",
        "properties": {"x": {"type": "string"}},
    }
    await api.ok("POST", CRDS, crd)
    await api.ok("POST", things(), thing("a"))
    changed = await api.ok("PATCH", f"{things()}/a", {"status": {"x": "1"}}, MERGE)
    assert (changed["metadata"]["generation"], changed["status"]) == (2, {"x": "1"})

    version["subresources"] = {"status": {}}
    await api.ok("PUT", f"{CRDS}/things.example.io", crd)
    kept = await api.ok("PATCH", f"{things()}/a", {"status": {"x": "2"}}, MERGE)
    assert (kept["metadata"]["generation"], kept["status"]) == (2, {"x": "1"})
    changed = await api.ok("PATCH", f"{things()}/a/status", {"status": {"x": "3"}, "spec": {"size": 9}}, MERGE)
    assert (changed["metadata"]["generation"], changed["status"], changed["spec"]) == (2, {"x": "3"}, {"size": 3})


async def test_the_facade_goes_through_the_same_pipeline(api: Api) -> None:
    seen: list[Change] = []
    facade = api.server.facade("inside")
    stop = facade.subscribe(seen.append)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "p-", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    made = facade.create(pod)
    name = made["metadata"]["name"]
    assert made["spec"]["dnsPolicy"] == "ClusterFirst"
    facade.patch_status("v1", "Pod", "default", name, {"phase": "Running"})
    live = facade.get("v1", "Pod", "default", name)
    assert live is not None
    assert live["status"]["phase"] == "Running"
    assert {entry["manager"] for entry in live["metadata"]["managedFields"]} == {"inside"}
    with pytest.raises(ApiError) as refused:
        facade.create({**pod, "spec": {}})
    assert refused.value.code == 422
    facade.delete("v1", "Pod", "default", name, uid="another")
    assert facade.get("v1", "Pod", "default", name) is not None
    facade.delete("v1", "Pod", "default", name)
    facade.delete("v1", "Pod", "default", name)
    await api.server.core.store.durable()
    assert [change.type for change in seen] == ["ADDED", "MODIFIED", "DELETED"]
    stop()
    facade.create(pod)
    await api.server.core.store.durable()
    assert len(seen) == 3
    assert ("v1", "Pod", True) in facade.kinds()
