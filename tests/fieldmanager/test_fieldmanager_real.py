"""The same random histories on a real kube-apiserver and here: owners, objects and conflicts must agree."""

from __future__ import annotations

import asyncio
import copy
import json
import random
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from engine import openapi
from engine.embedded.fieldmanager import FieldConflict, apply, update
from engine.embedded.patch import strategic_merge
from engine.embedded.server import EmbeddedServer
from tests.cluster.realcluster import RealCluster
from tests.fieldmanager.pods import outline, some_patch, some_template
from tests.fieldmanager.things import DOCUMENT, THING, some_spec, thing

pytestmark = pytest.mark.real

NOW = "2026-11-21T12:00:00Z"
APPLY, STRATEGIC = "application/apply-patch+yaml", "application/strategic-merge-patch+json"
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
THINGS = "/apis/test.io/v1/namespaces/default/things"
TEMPLATES = "/api/v1/namespaces/default/podtemplates"


class Api:
    """JSON over HTTP to an API server."""

    def __init__(self, url: str, token: str, context: ssl.SSLContext | None = None) -> None:
        self.url, self.token, self.context = url, token, context

    def send(self, method: str, path: str, body=None, content_type="application/json") -> tuple[int, dict]:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": content_type},
        )
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else {"message": text}

    def prepare(self) -> Api:
        """Register the kind and wait until it is served."""
        code, answer = self.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
        assert code == 201, answer
        deadline = time.monotonic() + 30
        while not all(self.send("GET", path)[0] == 200 for path in (THINGS, "/api/v1/namespaces/default")):
            assert time.monotonic() < deadline, "the kind is not served"
            time.sleep(0.05)
        return self


@pytest.fixture(scope="module")
def api(real_cluster: RealCluster) -> Api:
    context = ssl.create_default_context(cafile=str(real_cluster.folder / "ca.crt"))
    return Api(real_cluster.url, real_cluster.token, context).prepare()


@pytest.fixture(scope="module")
def embedded() -> Iterator[Api]:
    """The embedded server, in a loop and a thread of its own."""
    loop, server = asyncio.new_event_loop(), EmbeddedServer(None, simulate=False)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(20)
        yield Api(server.url, server.token).prepare()
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def owned(obj: dict) -> dict:
    return {
        (entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", [])
    }


def check_conflict(conflict: FieldConflict, code: int, answer: dict) -> None:
    assert code == 409, (conflict.message, answer)
    causes = {(f"conflict with {who}", field) for who, field in conflict.causes}
    assert causes == {(cause["message"], cause["field"]) for cause in answer["details"]["causes"]}
    assert sorted(conflict.message.splitlines()) == sorted(answer["message"].splitlines())


def seeds(group: int) -> range:
    return range(group * 10, group * 10 + 10)


@pytest.mark.parametrize("group", range(6))
def test_histories_of_a_custom_resource_agree(api, group):
    for seed in seeds(group):
        dice, name = random.Random(seed), f"a{seed}"
        live, real = None, None
        for _ in range(8):
            spec = some_spec(dice)
            if live is not None and dice.random() < 0.3:
                manager = dice.choice("ef")
                code, answer = api.send("PUT", f"{THINGS}/{name}?fieldManager={manager}", {**real, "spec": spec})
                after = {**live, "spec": spec}
                live = update(live, after, manager=manager, schema=THING, api_version="test.io/v1", now=NOW)
            else:
                who = {"manager": dice.choice("abc"), "force": dice.random() < 0.6}
                body = {**thing(**spec), "metadata": {"name": name}}
                query = f"?fieldManager={who['manager']}&force={str(who['force']).lower()}"
                code, answer = api.send("PATCH", f"{THINGS}/{name}{query}", body, APPLY)
                try:
                    live = apply(live, body, **who, schema=THING, api_version="test.io/v1", now=NOW)
                except FieldConflict as conflict:
                    check_conflict(conflict, code, answer)
                    continue
            if code == 422:
                assert "null" in answer["message"]
                assert "null" in json.dumps(live)
                break  # both leave a null where a container lost all it had; the type does not take it
            assert code in (200, 201), answer
            real = answer
            assert owned(live) == owned(real), seed
            assert live.get("spec") == real.get("spec"), seed


@pytest.mark.parametrize("group", range(6))
def test_histories_of_a_built_in_object_agree(api, group):
    schema = openapi.schema("", "v1", "PodTemplate")
    for seed in seeds(group):
        dice, path = random.Random(seed), f"{TEMPLATES}/p{seed}"
        real = None
        for _ in range(8):
            if real is not None and dice.random() < 0.35:
                manager = dice.choice("ef")
                sent = {**some_template(dice, f"p{seed}", repeats=True)}
                sent["metadata"] = {**real["metadata"], "labels": sent["metadata"]["labels"]}
                code, answer = api.send("PUT", f"{path}?fieldManager={manager}", sent)
                if code == 422:
                    continue  # no valid pod
                after = copy.deepcopy(answer)
                after["metadata"].pop("managedFields", None)
                mine = update(real, after, manager=manager, schema=schema, api_version="v1", now=NOW)
            else:
                who = {"manager": dice.choice("ab"), "force": dice.random() < 0.6}
                body = some_template(dice, f"p{seed}")
                query = f"?fieldManager={who['manager']}&force={str(who['force']).lower()}"
                code, answer = api.send("PATCH", path + query, body, APPLY)
                try:
                    mine = apply(real, body, **who, schema=schema, api_version="v1", now=NOW)
                except FieldConflict as conflict:
                    check_conflict(conflict, code, answer)
                    continue
                if code == 422:
                    continue
            assert code in (200, 201), answer
            assert owned(mine) == owned(answer), seed
            assert outline(mine) == outline(answer), seed
            real = answer


@pytest.mark.parametrize("group", range(6))
def test_strategic_merge_patches_agree(api, group):
    schema = openapi.schema("", "v1", "PodTemplate")
    for seed in seeds(group):
        dice, path = random.Random(seed), f"{TEMPLATES}/t{seed}"
        code, real = api.send("POST", TEMPLATES, some_template(dice, f"t{seed}"))
        assert code == 201, real
        for _ in range(5):
            patch = some_patch(dice, real)
            code, answer = api.send("PATCH", path, patch, STRATEGIC)
            if code == 422:
                continue  # the result is no valid pod
            assert code == 200, answer
            mine = strategic_merge(real, patch, schema)
            assert outline(mine) == outline(answer), json.dumps([outline(real), patch])
            real = answer


def stable(obj: dict) -> dict:
    """The object without what is another's by nature: uid, times and versions."""
    own = ("uid", "resourceVersion", "creationTimestamp", "managedFields")
    metadata = {name: value for name, value in obj["metadata"].items() if name not in own}
    return {**obj, "metadata": {**metadata, "owned": {str(key): fields for key, fields in owned(obj).items()}}}


class Pair:
    """One object on both servers: every answer must be the same."""

    def __init__(self, real: Api, embedded: Api, path: str) -> None:
        self.servers, self.path = (real, embedded), path
        self.states: list[dict] | None = None

    def patch(self, body: dict, content_type: str, query: str = "") -> bool:
        """Whether the history can go on."""
        return self._judge([api.send("PATCH", self.path + query, body, content_type) for api in self.servers])

    def put(self, change: dict, manager: str) -> bool:
        """Each server gets its own object back, changed."""
        sent = [
            {**state, **change, "metadata": {**state["metadata"], **change.get("metadata", {})}}
            for state in self.states
        ]
        return self._judge(
            [
                api.send("PUT", f"{self.path}?fieldManager={manager}", body)
                for api, body in zip(self.servers, sent, strict=True)
            ]
        )

    def _judge(self, answers: list[tuple[int, dict]]) -> bool:
        (code, wanted), (own_code, own) = answers
        if code == 422:
            return False  # how the real one validates pods and nulls is another test's
        assert own_code == code, (wanted, own)
        if code < 300:
            assert stable(own) == stable(wanted)
            self.states = [wanted, own]
        else:
            assert sorted(own["message"].splitlines()) == sorted(wanted["message"].splitlines())
        return True


def applying(dice: random.Random) -> str:
    return f"?fieldManager={dice.choice('abc')}&force={dice.choice(['true', 'true', 'false'])}"


@pytest.mark.parametrize("group", range(6))
def test_the_embedded_server_answers_as_the_real_one_for_a_custom_resource(api, embedded, group):
    for seed in seeds(group):
        dice, pair = random.Random(seed), Pair(api, embedded, f"{THINGS}/e{seed}")
        for _ in range(8):
            if pair.states and dice.random() < 0.3:
                going = pair.put({"spec": some_spec(dice)}, dice.choice("ef"))
            else:
                body = {**thing(**some_spec(dice)), "metadata": {"name": f"e{seed}"}}
                going = pair.patch(body, APPLY, applying(dice))
            if not going:
                break


@pytest.mark.parametrize("group", range(6))
def test_the_embedded_server_answers_as_the_real_one_for_a_built_in_object(api, embedded, group):
    for seed in seeds(group):
        dice, pair = random.Random(seed), Pair(api, embedded, f"{TEMPLATES}/e{seed}")
        for _ in range(8):
            if pair.states and dice.random() < 0.3:
                template = some_template(dice, f"e{seed}", repeats=True)
                change = {"template": template["template"], "metadata": {"labels": template["metadata"]["labels"]}}
                going = pair.put(change, dice.choice("ef"))
            elif pair.states and dice.random() < 0.3:
                going = pair.patch(some_patch(dice, pair.states[0]), STRATEGIC)
            else:
                going = pair.patch(some_template(dice, f"e{seed}"), APPLY, applying(dice))
            if not going:
                break
