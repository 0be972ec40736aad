"""The same random histories on a real kube-apiserver and here: owners, objects and conflicts must agree."""

from __future__ import annotations

import json
import random
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from engine import openapi
from engine.embedded.fieldmanager import FieldConflict, apply, update
from engine.embedded.patch import strategic_merge
from tests.cluster.realcluster import RealCluster
from tests.fieldmanager.things import DOCUMENT, THING, some_spec, thing

pytestmark = pytest.mark.real

NOW = "2026-11-21T12:00:00Z"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.test.io"},
    "spec": {
        "group": "test.io",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": DOCUMENT}}],
    },
}


class Api:
    def __init__(self, cluster: RealCluster) -> None:
        self.cluster = cluster
        self.context = ssl.create_default_context(cafile=str(cluster.folder / "ca.crt"))

    def send(self, method: str, path: str, body=None, content_type="application/json") -> tuple[int, dict]:
        request = urllib.request.Request(
            self.cluster.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.cluster.token}", "Content-Type": content_type},
        )
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else {"message": text}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    cluster = RealCluster()
    try:
        cluster.start()
        found = Api(cluster)
        found.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
        for _ in range(200):
            paths = ("/apis/test.io/v1/namespaces/default/things", "/api/v1/namespaces/default")
            if all(found.send("GET", path)[0] == 200 for path in paths):
                break
            time.sleep(0.05)
        yield found
    finally:
        cluster.stop()


def owned(obj: dict) -> dict:
    return {
        (entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", [])
    }


def filled(value):
    """The value without nulls and empty containers, which the real server leaves where fields were removed."""
    if isinstance(value, dict):
        kept = {name: filled(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in (None, {}, [])}
    return [filled(item) for item in value] if isinstance(value, list) else value


def check_conflict(conflict: FieldConflict, code: int, answer: dict) -> None:
    assert code == 409, (conflict.message, answer)
    causes = {(f"conflict with {who}", field) for who, field in conflict.causes}
    assert causes == {(cause["message"], cause["field"]) for cause in answer["details"]["causes"]}
    assert len(answer["message"]) == len(conflict.message)


@pytest.mark.parametrize("seed", range(60))
def test_histories_of_applies_and_updates_agree(api, seed):
    dice = random.Random(seed)
    path = f"/apis/test.io/v1/namespaces/default/things/a{seed}"
    live, real = None, None
    for _ in range(8):
        spec = some_spec(dice)
        body = {**thing(**spec), "metadata": {"name": f"a{seed}"}}
        if live is not None and dice.random() < 0.3:
            manager = dice.choice("ef")
            sent = {**real, "spec": spec}
            code, answer = api.send("PUT", f"{path}?fieldManager={manager}", sent)
            assert code == 200, answer
            live = update(
                live, {**live, "spec": spec}, manager=manager, schema=THING, api_version="test.io/v1", now=NOW
            )
        else:
            manager, force = dice.choice("abc"), dice.random() < 0.6
            query = f"?fieldManager={manager}&force={str(force).lower()}"
            code, answer = api.send("PATCH", path + query, body, "application/apply-patch+yaml")
            try:
                live = apply(live, body, manager=manager, force=force, schema=THING, api_version="test.io/v1", now=NOW)
            except FieldConflict as conflict:
                check_conflict(conflict, code, answer)
                continue
        assert code in (200, 201), answer
        real = answer
        assert owned(live) == owned(real)
        assert filled(live.get("spec", {})) == filled(real.get("spec", {}))


def containers(dice: random.Random) -> list[dict]:
    found = []
    for name in dice.sample("abcde", dice.randint(1, 4)):
        container = {"name": name, "image": dice.choice("xyz")}
        if dice.random() < 0.5:
            container["env"] = [
                {"name": key, "value": dice.choice("12")} for key in dice.sample("PQRS", dice.randint(0, 3))
            ]
        if dice.random() < 0.3:
            container["ports"] = [{"containerPort": port} for port in dice.sample([80, 81, 82], 2)]
        found.append(container)
    return found


def some_patch(dice: random.Random, old: list[dict]) -> dict:
    changed = containers(dice)
    for container in changed:
        known = next((item for item in old if item["name"] == container["name"]), None)
        if known is not None and dice.random() < 0.3:
            container.clear()
            container.update({"name": known["name"], "$patch": "delete"})
    spec: dict = {"containers": changed}
    kept = [item["name"] for item in changed if "$patch" not in item]
    if dice.random() < 0.4:
        spec["$setElementOrder/containers"] = [{"name": name} for name in kept]
    elif dice.random() < 0.1 and kept:
        changed.append({"$patch": "replace"})
    if dice.random() < 0.3:
        spec["nodeSelector"] = {
            dice.choice("xy"): dice.choice(["1", None]),
            **({"$patch": "replace"} if dice.random() < 0.3 else {}),
        }
    return {"template": {"spec": spec}}


def outline(template: dict) -> dict:
    spec = template["spec"]
    return {
        "nodeSelector": {key: value or "" for key, value in (spec.get("nodeSelector") or {}).items()},
        "containers": [
            {
                "name": item["name"],
                "image": item.get("image"),
                "env": item.get("env") or [],
                "ports": [port["containerPort"] for port in item.get("ports") or []],
            }
            for item in spec["containers"]
        ],
    }


@pytest.mark.parametrize("seed", range(60))
def test_strategic_merge_patches_agree(api, seed):
    dice = random.Random(seed)
    schema = openapi.schema("", "v1", "PodTemplate")
    first = {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": f"t{seed}"},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers(dice)}},
    }
    code, real = api.send("POST", "/api/v1/namespaces/default/podtemplates", first)
    assert code == 201, real
    for _ in range(5):
        patch = some_patch(dice, real["template"]["spec"]["containers"])
        code, answer = api.send(
            "PATCH", f"/api/v1/namespaces/default/podtemplates/t{seed}", patch, "application/strategic-merge-patch+json"
        )
        if code == 422:
            continue  # the result is no valid pod
        assert code == 200, answer
        mine = strategic_merge(real, patch, schema)
        assert outline(mine["template"]) == outline(answer["template"]), json.dumps([outline(real["template"]), patch])
        real = answer
