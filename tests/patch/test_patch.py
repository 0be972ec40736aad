from __future__ import annotations

import copy
import json
import random

import pytest

from engine import openapi
from engine.embedded.patch import PatchError, json_patch, merge_patch, strategic_merge
from tests.fieldmanager.transcripts import read

DOC = {"a": {"b": [1, 2, 3], "c/d": "x", "e~f": None}, "n": 1}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/a/new", "value": {"x": 1}}], {"a": {**DOC["a"], "new": {"x": 1}}, "n": 1}),
        ([{"op": "add", "path": "/a/b/1", "value": 9}], {"a": {**DOC["a"], "b": [1, 9, 2, 3]}, "n": 1}),
        ([{"op": "add", "path": "/a/b/3", "value": 9}], {"a": {**DOC["a"], "b": [1, 2, 3, 9]}, "n": 1}),
        ([{"op": "add", "path": "/a/b/-", "value": 9}], {"a": {**DOC["a"], "b": [1, 2, 3, 9]}, "n": 1}),
        ([{"op": "remove", "path": "/a/b/0"}], {"a": {**DOC["a"], "b": [2, 3]}, "n": 1}),
        ([{"op": "remove", "path": "/a/b/-1"}], {"a": {**DOC["a"], "b": [1, 2]}, "n": 1}),
        ([{"op": "replace", "path": "/a/c~1d", "value": None}], {"a": {**DOC["a"], "c/d": None}, "n": 1}),
        ([{"op": "remove", "path": "/a/e~0f"}], {"a": {"b": [1, 2, 3], "c/d": "x"}, "n": 1}),
        ([{"op": "move", "from": "/n", "path": "/a/m"}], {"a": {**DOC["a"], "m": 1}}),
        ([{"op": "copy", "from": "/a/b", "path": "/b"}], {**DOC, "b": [1, 2, 3]}),
        ([{"op": "test", "path": "/n", "value": 1}, {"op": "remove", "path": "/a"}], {"n": 1}),
        ([{"op": "test", "path": "/nothing", "value": None}], DOC),
        ([{"op": "replace", "path": "", "value": {"z": 1}}], {"z": 1}),
        ([{"op": "replace", "path": "/new", "value": 2}], {**DOC, "new": 2}),
        ([{"op": "add", "path": "/new"}], {**DOC, "new": None}),
        ([{"op": "copy", "from": "/nope", "path": "/new"}], {**DOC, "new": None}),
        ([{"op": "add", "path": "/a/b/01", "value": 9}], {"a": {**DOC["a"], "b": [1, 9, 2, 3]}, "n": 1}),
        ([], DOC),
    ],
)
def test_json_patch_applies_its_operations_in_order(operations, expected):
    before = copy.deepcopy(DOC)
    assert json_patch(DOC, operations) == expected
    assert before == DOC


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nope"},
        {"op": "remove", "path": "/a/b/3"},
        {"op": "remove", "path": "/a/b/x"},
        {"op": "add", "path": "/nope/x", "value": 1},
        {"op": "add", "path": "/a/b/5", "value": 1},
        {"op": "add", "path": "/n/x", "value": 1},
        {"op": "test", "path": "/n", "value": True},
        {"op": "test", "path": "/a/b", "value": [1, 2]},
        {"op": "move", "from": "/a", "path": "/a/b"},
        {"op": "move", "from": "/nope", "path": "/x"},
        {"op": "copy", "from": "/nope/x", "path": "/x"},
        {"op": "test", "path": "/nope/x", "value": None},
        {"op": "replace", "path": "/a/b/3", "value": 1},
        {"op": "add", "path": "/a/b/+", "value": 1},
        {"op": "frob", "path": "/n"},
        {"op": "add", "path": "n", "value": 1},
        {"op": "replace", "path": "", "value": [1]},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "", "value": {}},
    ],
)
def test_an_operation_that_does_not_apply_is_the_api_servers_422(operation):
    with pytest.raises(PatchError) as caught:
        json_patch(DOC, [operation])
    recorded = read("057").answer
    assert (caught.value.code, caught.value.reason) == (recorded["code"], recorded["reason"])
    assert caught.value.message == recorded["message"]
    assert caught.value.detail != caught.value.message


@pytest.mark.parametrize("number", ["057", "058"])
def test_recorded_json_patches_that_fail(number):
    exchange = read(number)
    with pytest.raises(PatchError) as caught:
        json_patch(read("054").answer, exchange.body)
    assert (caught.value.code, caught.value.message) == (exchange.code, exchange.answer["message"])


@pytest.mark.parametrize("body", [{"op": "add"}, "x", None, ["x"]])
def test_a_json_patch_that_cannot_be_read_is_a_bad_request(body):
    with pytest.raises(PatchError) as caught:
        json_patch(DOC, body)
    assert caught.value.code == 400


def test_copies_and_operations_are_bounded():
    doubling = [{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(64)]
    with pytest.raises(PatchError) as caught:
        json_patch({"text": "t" * 1000}, doubling)
    assert caught.value.code in (400, 413)
    with pytest.raises(PatchError) as caught:
        json_patch(DOC, [{"op": "test", "path": "/n", "value": 1}] * 10_001)
    assert caught.value.code == 413


def test_deep_patches_are_refused():
    deep: dict = {}
    for _ in range(900):
        deep = {"x": deep}
    for patch in (merge_patch, lambda doc, body: strategic_merge(doc, body, None)):
        with pytest.raises(PatchError):
            patch({}, deep)
    with pytest.raises(PatchError):
        json_patch({}, [{"op": "add", "path": "/x", "value": deep}])


@pytest.mark.parametrize(
    ("doc", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({}, {"a": [None, {"z": None, "y": 1}]}, {"a": [None, {"y": 1}]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ],
)
def test_merge_patch(doc, patch, expected):
    before = copy.deepcopy(doc)
    assert merge_patch(doc, patch) == expected
    assert doc == before
    assert merge_patch(expected, patch) == expected


def test_a_merge_patch_is_an_object():
    with pytest.raises(PatchError) as caught:
        merge_patch({}, [1])
    assert caught.value.code == 400


DEPLOYMENT = openapi.schema("apps", "v1", "Deployment")
POD = openapi.schema("", "v1", "Pod")
CONTAINERS = POD.at("spec", "containers")


def pod(**spec):
    return {"spec": spec}


NAMES = ["a", "b", "c"]


def named(*names, **more):
    return [{"name": name, **more} for name in names]


@pytest.mark.parametrize(
    ("doc", "patch", "expected"),
    [
        pytest.param(
            pod(containers=[{"name": "a", "image": "1"}, {"name": "b"}]),
            pod(containers=[{"name": "a", "tty": True}]),
            pod(containers=[{"name": "a", "image": "1", "tty": True}, {"name": "b"}]),
            id="items merge by key",
        ),
        pytest.param(
            pod(containers=named(*NAMES)),
            pod(containers=[{"name": "b", "$patch": "delete"}]),
            pod(containers=named("a", "c")),
            id="an item is deleted",
        ),
        pytest.param(
            pod(containers=named(*NAMES)),
            pod(containers=[{"name": "x"}, {"$patch": "replace"}]),
            pod(containers=named("x")),
            id="a list is replaced",
        ),
        pytest.param(
            pod(containers=named("a", "b")),
            pod(containers=named("x")),
            pod(containers=named("x", "a", "b")),
            id="new items come before those that the patch does not name",
        ),
        pytest.param(
            pod(containers=named("a", "b")),
            {"spec": {"$setElementOrder/containers": named("a", "x", "b"), "containers": named("x")}},
            pod(containers=named("a", "x", "b")),
            id="the order that is asked for",
        ),
        pytest.param(
            pod(containers=named("a", "mine", "b")),
            {"spec": {"$setElementOrder/containers": named("b", "a")}},
            pod(containers=named("mine", "b", "a")),
            id="an order alone reorders; what it does not name stays before what it stood before",
        ),
        pytest.param(
            {"metadata": {"finalizers": ["a", "b", "c"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"], "finalizers": ["d"]}},
            {"metadata": {"finalizers": ["d", "a", "c"]}},
            id="scalars are deleted and added",
        ),
        pytest.param(
            pod(tolerations=[{"key": "a"}]),
            pod(tolerations=[{"key": "b"}]),
            pod(tolerations=[{"key": "b"}]),
            id="a list without merge strategy is replaced",
        ),
        pytest.param(
            pod(nodeSelector={"a": "1"}),
            pod(nodeSelector={"$patch": "replace", "b": "2"}),
            pod(nodeSelector={"b": "2"}),
            id="a map is replaced",
        ),
        pytest.param(
            pod(nodeSelector={"a": "1"}), pod(nodeSelector={"$patch": "delete"}), pod(nodeSelector={}), id="map deleted"
        ),
        pytest.param(
            pod(volumes=[{"name": "v", "emptyDir": {}}]),
            pod(volumes=[{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]),
            pod(volumes=[{"name": "v", "secret": {"secretName": "s"}}]),
            id="only retained keys stay",
        ),
        pytest.param(
            pod(),
            pod(containers=[{"name": "a", "$patch": "delete"}, {"name": "b", "image": None}]),
            pod(containers=named("b")),
            id="directives and nulls vanish where nothing was",
        ),
        pytest.param(
            pod(),
            pod(nodeSelector={"$patch": "replace", "a": "1"}),
            pod(),
            id="a directive where nothing was adds nothing",
        ),
        pytest.param(
            pod(containers=named("e", "d", "c", "a")),
            pod(
                containers=[{"name": "e", "$patch": "delete"}, {"name": "b"}, {"name": "c", "$patch": "delete"}],
                **{"$setElementOrder/containers": named("b")},
            ),
            pod(containers=named("d", "a", "b")),
            id="new items take the places of deleted ones before those that the order does not name",
        ),
        pytest.param(pod(hostname="x"), pod(hostname=None, subdomain=None), pod(), id="null removes"),
    ],
)
def test_strategic_merge(doc, patch, expected):
    before, sent = copy.deepcopy(doc), copy.deepcopy(patch)
    assert strategic_merge(doc, patch, POD) == expected
    assert (doc, patch) == (before, sent)


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        (pod(containers=[{"image": "x"}]), 500),
        (pod(containers=[{"name": "a", "$patch": "frob"}]), 500),
        (pod(nodeSelector={"$patch": "frob"}), 500),
        (pod(**{"$retainKeys": ["a"], "b": 1}), 400),
        (pod(**{"$retainKeys": "a"}), 400),
        (pod(**{"$deleteFromPrimitiveList/containers": "a"}), 400),
        (pod(**{"$setElementOrder/containers": "a"}), 500),
        (pod(**{"$setElementOrder/containers": named("b"), "containers": named("c")}), 500),
        (pod(containers=[["x"]]), 500),
        (pod(**{"$setElementOrder/containers": [], "containers": None}), 500),
        ([], 400),
    ],
)
def test_broken_strategic_patches_are_refused(patch, code):
    with pytest.raises(PatchError) as caught:
        strategic_merge(pod(containers=named("a"), nodeSelector={"x": "y"}), patch, POD)
    assert caught.value.code == code


def test_without_a_type_lists_are_replaced():
    assert strategic_merge({"l": [1]}, {"l": [2]}, None) == {"l": [2]}


@pytest.mark.parametrize(("number", "before"), [("061", "059"), ("076", "075"), ("056", "054"), ("059", "056")])
def test_recorded_patches_give_the_recorded_objects(number, before):
    exchange, old = read(number), read(before).answer
    if "strategic" in exchange.content_type:
        group, _, version = old["apiVersion"].rpartition("/")
        result = strategic_merge(old, exchange.body, openapi.schema(group, version, old["kind"]))
    else:
        result = (json_patch if "json-patch" in exchange.content_type else merge_patch)(old, exchange.body)
    assert _covered(result.get("data") or result["spec"], exchange.answer.get("data") or exchange.answer["spec"])


def _covered(patched, stored):
    """Whether everything patched is stored, in its order; the server may have added defaults."""
    if isinstance(patched, dict):
        return all(name in stored and _covered(value, stored[name]) for name, value in patched.items())
    if isinstance(patched, list):
        return len(patched) == len(stored) and all(map(_covered, patched, stored))
    return patched == stored


def test_merging_twice_is_merging_once_whatever_the_patch():
    dice = random.Random(7)
    for _ in range(300):
        doc = pod(containers=[{"name": n, "image": "i"} for n in dice.sample("abcdef", dice.randint(0, 5))])
        patch = pod(
            containers=[{"name": n, "image": dice.choice("xyz")} for n in dice.sample("abcdef", dice.randint(0, 5))]
        )
        order = dice.random() < 0.5
        if order:
            names = [item["name"] for item in patch["spec"]["containers"]]
            patch["spec"]["$setElementOrder/containers"] = named(*names)
        once = strategic_merge(doc, patch, POD)
        assert strategic_merge(once, patch, POD) == once, json.dumps([doc, patch])
        names = [item["name"] for item in once["spec"]["containers"]]
        assert len(names) == len(set(names))
