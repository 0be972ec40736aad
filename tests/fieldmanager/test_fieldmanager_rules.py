"""The rules of ownership, one at a time, and what must hold whatever is applied."""

from __future__ import annotations

import copy
import json
import random

import pytest

from engine import openapi
from engine.embedded.fieldmanager import (
    FieldConflict,
    TypedError,
    apply,
    parent_managers,
    reset_paths,
    scale_managers,
    unchanged,
    update,
)
from engine.embedded.fieldmanager.compare import compare
from engine.embedded.fieldmanager.fieldset import EMPTY, decode, encode, of_paths, text
from engine.embedded.fieldmanager.managed import decode_managers
from engine.embedded.fieldmanager.nodes import node
from engine.embedded.fieldmanager.typed import field_set, merge, remove
from engine.errors import Malformed
from tests.fieldmanager.things import THING, some_spec, thing

T0, T1, T2 = (f"2026-11-21T12:00:0{second}Z" for second in range(3))

DEPLOYMENT = openapi.schema("apps", "v1", "Deployment")
CONFIG_MAP = openapi.schema("", "v1", "ConfigMap")


def deployment(**spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def put(live, manager, *, force=False, now=T0, **spec):
    return apply(live, thing(**spec), manager=manager, force=force, schema=THING, api_version="test.io/v1", now=now)


def write(live, after, manager="editor", *, now=T0, subresource=""):
    return update(
        live, after, manager=manager, schema=THING, api_version="test.io/v1", now=now, subresource=subresource
    )


def owners(obj):
    return {
        (key.manager, key.operation): {text(path) for path in entry.fields.paths()}
        for key, entry in decode_managers(obj["metadata"].get("managedFields")).items()
    }


def names(obj):
    return [item["name"] for item in obj["spec"]["items"]]


# --- lists and maps ------------------------------------------------------------------------------------------------


def test_items_of_two_managers_live_in_one_list():
    live = put(put(None, "a", items=[{"name": "x", "value": 1}]), "b", items=[{"name": "y"}])
    assert names(live) == ["x", "y"]
    gone = put(live, "a", items=[])
    assert names(gone) == ["y"]
    assert owners(gone) == {("b", "Apply"): {'.spec.items[name="y"]', '.spec.items[name="y"].name'}}


def test_a_manager_that_applies_nothing_any_more_owns_nothing():
    live = put(put(None, "a", n=1), "b", set=["x"])
    live = apply(
        live,
        {"apiVersion": "test.io/v1", "kind": "Thing", "metadata": {"name": "a"}},
        manager="a",
        force=False,
        schema=THING,
        api_version="test.io/v1",
        now=T0,
    )
    assert live["spec"] == {"set": ["x"]}
    assert set(owners(live)) == {("b", "Apply")}


def test_the_last_field_takes_its_container_along():
    live = put(None, "a", labels={"x": "1"}, n=1)
    assert put(live, "a", n=1)["spec"] == {"n": 1}


def test_a_container_that_another_manager_owns_becomes_null_when_it_empties():
    live = put(put(None, "a", labels={"x": "1"}), "b", labels={})
    after = put(live, "a", n=1)
    assert after["spec"] == {"n": 1, "labels": None}
    assert owners(after)["b", "Apply"] == {".spec.labels"}


def test_sets_merge_by_value_and_atomic_lists_change_hands_whole():
    live = put(put(None, "a", set=["x", "y"], atomic=["1"]), "b", set=["y", "z"])
    assert live["spec"]["set"] == ["x", "y", "z"]
    assert put(live, "a", set=["x"], atomic=["1"])["spec"]["set"] == ["x", "y", "z"]
    assert put(live, "a", set=["y"], atomic=["1"])["spec"]["set"] == ["y", "z"]
    with pytest.raises(FieldConflict, match=r"\.spec\.atomic$"):
        put(live, "b", atomic=["1", "2"])
    taken = put(live, "b", force=True, set=["y"], atomic=["1", "2"])
    assert ".spec.atomic" not in owners(taken)["a", "Apply"]


def test_atomic_maps_are_one_field():
    live = put(None, "a", selector={"x": "1"})
    assert owners(live)["a", "Apply"] == {".spec.selector"}
    assert put(live, "a", selector={"y": "2"})["spec"]["selector"] == {"y": "2"}


def test_unknown_content_merges_by_key_and_replaces_lists():
    live = put(None, "a", values={"deep": {"x": 1, "l": [1, 2]}})
    live = put(live, "b", values={"deep": {"y": 2}})
    assert live["spec"]["values"] == {"deep": {"x": 1, "l": [1, 2], "y": 2}}
    with pytest.raises(FieldConflict) as caught:
        put(live, "b", values={"deep": {"l": [1]}})
    assert caught.value.causes == (('"a"', ".spec.values.deep.l"),)


def test_the_order_of_items_is_the_appliers():
    live = put(None, "a", items=[{"name": n} for n in "abc"])
    live = write(live, {**live, "spec": {"items": [{"name": n} for n in ["a", "mine", "b", "c"]]}})
    assert names(put(live, "a", items=[{"name": n} for n in "cab"])) == ["mine", "c", "a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abc", "abc", "abc"),
        ("abc", "acb", "acb"),
        ("abc", "x", "abcx"),
        ("abc", "xa", "xabc"),
        ("abc", "ax", "abcx"),
        ("abc", "cba", "cba"),
        ("abcd", "db", "acdb"),
        ("", "ab", "ab"),
        ("ab", "", "ab"),
    ],
)
def test_merged_lists_keep_both_orders(old, new, expected):
    kind = node(THING.at("spec", "items"))
    items = lambda letters: [{"name": letter} for letter in letters]  # noqa: E731
    assert "".join(item["name"] for item in merge(items(old), items(new), kind)) == expected


def test_a_field_below_an_item_that_others_own_goes_alone():
    live = put(None, "a", items=[{"name": "x", "value": 1, "labels": {"l": "1"}}])
    live = put(live, "b", items=[{"name": "x", "labels": {"m": "2"}}])
    after = put(live, "a", n=1)
    assert after["spec"] == {"n": 1, "items": [{"name": "x", "labels": {"m": "2"}}]}


def test_what_nobody_owns_survives_the_removal_of_its_neighbours():
    live = put(None, "a", labels={"x": "1", "y": "2"})
    stored = copy.deepcopy(live)
    stored["spec"]["labels"]["unowned"] = "3"
    assert put(stored, "a", labels={"x": "1"})["spec"]["labels"] == {"x": "1", "unowned": "3"}


def test_defaults_of_keys_identify_items():
    pod = {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}
    wanted = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": pod}},
    }
    rules = {"manager": "a", "force": False, "schema": DEPLOYMENT, "api_version": "apps/v1", "now": T0}
    live = apply(None, wanted, **rules)
    live["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP"
    assert apply(live, wanted, **rules, shared=True) is live


# --- owners --------------------------------------------------------------------------------------------------------


def test_conflicts_of_several_managers_are_listed_by_manager():
    live = put(None, "a", n=1, labels={"x": "1"})
    live = write(live, {**live, "spec": {**live["spec"], "set": ["s"], "atomic": ["1"]}}, "editor")
    with pytest.raises(FieldConflict) as caught:
        put(live, "b", n=2, labels={"x": "2"}, atomic=["2"])
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "a":\n- .spec.labels.x\n- .spec.n\n'
        'conflicts with "editor" using test.io/v1:\n- .spec.atomic'
    )
    assert len(caught.value.causes) == 3


def test_a_write_takes_what_it_changes_and_leaves_the_rest():
    live = put(None, "a", n=1, labels={"x": "1", "y": "2"})
    after = write(live, thing(n=1, labels={"x": "9", "y": "2"}), now=T1)
    assert owners(after) == {
        ("a", "Apply"): {".spec.n", ".spec.labels.y"},
        ("editor", "Update"): {".spec.labels.x"},
    }
    assert [entry["time"] for entry in after["metadata"]["managedFields"]] == [T0, T1]


def test_a_write_that_only_removes_moves_no_time_and_records_nobody():
    live = put(None, "a", n=1, labels={"x": "1"})
    after = write(live, thing(n=1), now=T2)
    assert owners(after) == {("a", "Apply"): {".spec.n"}}
    assert after["metadata"]["managedFields"][0]["time"] == T0


def test_the_entry_of_the_same_updater_grows():
    live = write(None, thing(n=1), "e")
    after = write(live, thing(n=1, labels={"x": "1"}), "e", now=T1)
    assert owners(after) == {("e", "Update"): {".spec", ".spec.n", ".spec.labels", ".spec.labels.x"}}
    assert len(after["metadata"]["managedFields"]) == 1


def test_entries_can_be_taken_away_by_patching_managed_fields():
    live = write(put(None, "flux", n=1), thing(n=1, labels={"x": "1"}), "kubectl-edit")
    after = copy.deepcopy(live)
    after["metadata"]["managedFields"] = [
        entry for entry in live["metadata"]["managedFields"] if entry["manager"] == "flux"
    ]
    stripped = write(live, after)
    assert set(owners(stripped)) == {("flux", "Apply")}
    assert "labels" in put(stripped, "flux", n=1)["spec"]


def test_moving_an_updaters_fields_to_the_applier_lets_it_remove_them():
    live = write(put(None, "flux", n=1), thing(n=1, labels={"x": "1"}), "kubectl-edit")
    entries = copy.deepcopy(live["metadata"]["managedFields"])
    moved = of_paths([("f:spec", "f:n"), ("f:spec", "f:labels"), ("f:spec", "f:labels", "f:x")])
    entries = [{**entries[0], "fieldsV1": encode(moved)}]
    after = write(live, {**live, "metadata": {**live["metadata"], "managedFields": entries}})
    assert put(after, "flux", n=1)["spec"] == {"n": 1}


def test_managed_fields_from_outside_are_written_anew():
    live = put(None, "a", n=1)
    entry = {
        **live["metadata"]["managedFields"][0],
        "evil": {"x": 1},
        "fieldsV1": {"f:spec": {"f:n": {}, "zz:": {}, "f:items": {'k:{ "name": "x" }': {}}}},
    }
    after = write(live, {**live, "metadata": {**live["metadata"], "managedFields": [entry]}})
    assert after["metadata"]["managedFields"] == [
        {
            **live["metadata"]["managedFields"][0],
            "fieldsV1": {"f:spec": {"f:items": {'k:{"name":"x"}': {}}, "f:n": {}}},
        }
    ]


@pytest.mark.parametrize("cleared", [[], [{}]])
def test_managed_fields_are_cleared_by_an_empty_list_or_entry(cleared):
    live = put(None, "a", n=1)
    after = write(live, {**live, "metadata": {**live["metadata"], "managedFields": cleared}})
    assert "managedFields" not in after["metadata"]


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "Frob"},
        {"apiVersion": ""},
        {"fieldsType": "FieldsV9"},
        {"time": "yesterday"},
        {"fieldsV1": {"k:x": {}}},
        {"fieldsV1": ["x"]},
    ],
)
def test_unreadable_managed_fields_in_a_request_leave_the_stored_ones(change):
    live = put(None, "a", n=1)
    broken = [{"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", **change}]
    after = write(live, {**live, "metadata": {**live["metadata"], "managedFields": broken}})
    assert owners(after) == owners(live)


def test_managed_fields_sent_through_a_subresource_are_ignored():
    live = put(None, "a", n=1)
    after = write(live, {**live, "metadata": {**live["metadata"], "managedFields": [{}]}}, subresource="status")
    assert owners(after) == owners(live)


def test_a_status_write_is_another_owner_than_a_spec_write():
    live = write(None, thing(n=1), "ctl")
    after = update(
        live,
        {**live, "status": {"x": "1"}},
        manager="ctl",
        schema=THING,
        api_version="test.io/v1",
        subresource="status",
        now=T1,
        reset=reset_paths("status", custom=True),
    )
    assert [entry.get("subresource") for entry in after["metadata"]["managedFields"]] == [None, "status"]


def test_status_cannot_be_owned_through_the_object():
    applied = {**thing(n=1), "status": {"x": "1"}}
    live = apply(
        None,
        applied,
        manager="a",
        force=False,
        schema=THING,
        api_version="test.io/v1",
        now=T0,
        reset=reset_paths("", custom=True),
    )
    assert "status" not in live
    assert owners(live) == {("a", "Apply"): {".spec.n"}}


def test_identity_is_nobodys():
    only_named = {name: value for name, value in thing().items() if name != "spec"}
    rules = {"manager": "a", "force": False, "schema": THING, "api_version": "test.io/v1", "now": T0}
    assert "managedFields" not in apply(None, only_named, **rules)["metadata"]


def test_an_apply_at_another_version_is_the_same_owner():
    live = put(None, "a", n=1)
    after = apply(
        live,
        {**thing(n=1), "apiVersion": "test.io/v2"},
        manager="a",
        force=False,
        schema=THING,
        api_version="test.io/v2",
        now=T1,
    )
    (entry,) = after["metadata"]["managedFields"]
    assert (entry["manager"], entry["apiVersion"]) == ("a", "test.io/v2")


def test_kubectl_upgrades_what_client_side_apply_left():
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"x": "1", "y": "1"}}
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    live = copy.deepcopy(config)
    live["metadata"]["annotations"] = {annotation: json.dumps(config)}
    live = update(None, live, manager="kubectl-client-side-apply", schema=CONFIG_MAP, api_version="v1", now=T0)
    wanted = {**config, "data": {"x": "2", "y": "1"}}
    rules = {"force": False, "schema": CONFIG_MAP, "api_version": "v1", "now": T1}
    with pytest.raises(FieldConflict):
        apply(live, wanted, manager="other", **rules)
    after = apply(live, wanted, manager="kubectl", **rules)
    assert after["data"] == {"x": "2", "y": "1"}
    assert json.loads(after["metadata"]["annotations"][annotation])["data"] == {"x": "2", "y": "1"}
    live["data"]["x"] = "edited"
    with pytest.raises(FieldConflict):
        apply(live, wanted, manager="kubectl", **rules)


REPLICAS = ("f:spec", "f:replicas")


def scaled(manager_of_replicas):
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 1, "paused": True},
    }
    if not manager_of_replicas:
        del obj["spec"]["replicas"]
    return apply(None, obj, manager="m", force=False, schema=DEPLOYMENT, api_version="apps/v1", now=T0)


@pytest.mark.parametrize("owned", [True, False])
def test_a_scale_write_records_its_manager_only_where_replicas_had_an_owner(owned):
    entries = scaled(owned)["metadata"]["managedFields"]
    before = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
    if found := scale_managers(entries, REPLICAS, "apps/v1"):
        before["metadata"]["managedFields"] = found
    after = update(
        before,
        {**before, "spec": {"replicas": 4}},
        manager="hpa",
        schema=openapi.schema("autoscaling", "v1", "Scale"),
        api_version="autoscaling/v1",
        subresource="scale",
        now=T1,
    )
    result = parent_managers(entries, after["metadata"].get("managedFields"), REPLICAS, "apps/v1")
    assert owners({"metadata": {"managedFields": result}}) == {
        ("m", "Apply"): {".spec.paused"},
        **({("hpa", "Update"): {".spec.replicas"}} if owned else {}),
    }
    if owned:
        assert (result[1]["apiVersion"], result[1]["subresource"]) == ("apps/v1", "scale")


def test_states_that_differ_in_times_alone_are_unchanged():
    live = put(None, "a", n=1, labels={"x": "1"})
    later = put(None, "a", n=1, labels={"x": "1"}, now=T2)
    assert unchanged({**live, "metadata": {**live["metadata"], "resourceVersion": "1"}}, later)
    assert not unchanged(live, put(live, "a", n=1))


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"n": "x"}, ".spec.n: expected numeric (int or float), got string"),
        ({"n": True}, ".spec.n: expected numeric (int or float), got bool"),
        ({"labels": {"x": 1}}, ".spec.labels.x: expected string, got &value.valueUnstructured{Value:1}"),
        ({"labels": ["x"]}, ".spec.labels: expected map, got &{[x]}"),
        ({"set": {"x": True}}, ".spec.set: expected list, got &{map[x:true]}"),
        ({"set": ["x", "x"]}, '.spec.set: duplicate entries for key [="x"]'),
        ({"set": [None]}, ".spec.set: element 0: associative list without keys has an element that's an explicit null"),
        (
            {"items": [{"value": 1}]},
            (
                ".spec.items: element 0: associative list with keys has an element that omits key field "
                '"name" (and doesn\'t have default value)'
            ),
        ),
        ({"items": ["x"]}, ".spec.items: element 0: associative list with keys may not have non-map elements"),
        ({"nope": 1}, ".spec.nope: field not declared in schema"),
    ],
)
def test_objects_that_do_not_fit_are_refused_with_the_api_servers_words(spec, words):
    with pytest.raises(TypedError) as caught:
        put(None, "a", **spec)
    assert caught.value.message == f"failed to create typed patch object (/a; test.io/v1, Kind=Thing): {words}"


def test_integers_beyond_64_bits_do_no_harm():
    live = put(None, "a", values={"big": 10**30})
    assert live["spec"]["values"]["big"] == 10**30
    pod = {"containers": [{"name": "c", "ports": [{"containerPort": 10**30}]}]}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": pod}},
    }
    apply(None, obj, manager="a", force=False, schema=DEPLOYMENT, api_version="apps/v1", now=T0)


@pytest.mark.parametrize(
    "fields", [{"f:a": 1}, {"k:x": {}}, {"k:[]": {}}, {"v:": {}}, json.loads('{"f:a":' * 200 + "{}" + "}" * 200)]
)
def test_broken_field_sets_are_malformed(fields):
    with pytest.raises(Malformed):
        decode(fields)


def test_elements_have_one_spelling():
    assert encode(decode({'k:{"b": 1.0, "a": "x"}': {}, "zz:": {}})) == {'k:{"a":"x","b":1}': {}}


# --- what holds whatever is applied --------------------------------------------------------------------------------


def histories(count=150, steps=6, *, empties=True):
    for seed in range(count):
        dice = random.Random(seed)
        live = None
        for _ in range(steps):
            if live is not None and dice.random() < 0.3:
                live = write(live, {**live, "spec": some_spec(dice, empties=empties)}, dice.choice("ef"))
            else:
                manager, spec = dice.choice("abc"), some_spec(dice, empties=empties)
                before = copy.deepcopy(live)
                after = put(live, manager, force=True, **spec)
                assert live == before, seed
                yield seed, before, manager, spec, after
                live = after


def test_applying_twice_changes_nothing_and_conflicts_with_nobody():
    for seed, _, manager, spec, after in histories(empties=False):
        if "managedFields" not in after["metadata"]:
            continue  # an empty spec: the next apply finds an object that nobody manages
        again = apply(
            after,
            thing(**spec),
            manager=manager,
            force=False,
            schema=THING,
            api_version="test.io/v1",
            now=T2,
            shared=True,
        )
        assert again is after, seed


def test_what_is_applied_is_there_and_owned():
    kind = node(THING)
    for seed, _, manager, spec, after in histories(empties=False):
        wanted = field_set({"spec": spec}, kind)
        entry = decode_managers(after["metadata"].get("managedFields"))
        mine = [e.fields for key, e in entry.items() if key.manager == manager and key.operation == "Apply"]
        assert (mine[0] if mine else EMPTY) == wanted, seed
        assert merge(after, {"spec": spec}, kind) is after, seed


def test_owners_own_only_what_is_there():
    kind = node(THING)
    for seed, _, _, _, after in histories():
        for key, entry in decode_managers(after["metadata"].get("managedFields")).items():
            missing = [path for path in entry.fields.paths() if not _exists(path, after, kind)]
            assert not missing, (seed, key, missing)


def _exists(path, value, kind):
    for element in path:
        if value is None:
            return True  # a container that lost all it had, and an owner of what is not there
        if element.startswith("f:"):
            if element[2:] not in value:
                return False
            kind, value = kind.field(element[2:]), value[element[2:]]
        else:
            found = [item for item in value if kind.element(item) == element]
            if not found:
                return False
            kind, value = kind.item(), found[0]
    return True


def test_when_every_manager_lets_go_nothing_of_theirs_is_left():
    for seed in range(100):
        dice = random.Random(seed)
        live = None
        for manager in "abc":
            live = put(live, manager, force=True, **some_spec(dice, empties=False))
        for manager in "abc":
            live = put(live, manager, force=True)
        assert not live["spec"], (seed, live["spec"])
        assert "managedFields" not in live["metadata"] or owners(live).keys() <= {
            ("a", "Apply"),
            ("b", "Apply"),
            ("c", "Apply"),
        }


def test_sets_survive_the_wire():
    for seed, _, _, _, after in histories(40):
        for entry in after["metadata"].get("managedFields", []):
            assert encode(decode(entry["fieldsV1"])) == entry["fieldsV1"], seed


def random_set(dice):
    return of_paths(
        tuple(dice.choice(["f:a", "f:b", 'k:{"n":1}']) for _ in range(dice.randint(1, 3))) for _ in range(5)
    )


def test_sets_obey_the_laws_of_sets():
    dice = random.Random(3)
    for _ in range(500):
        a, b = random_set(dice), random_set(dice)
        pa, pb = set(a.paths()), set(b.paths())
        assert set((a | b).paths()) == pa | pb
        assert set((a - b).paths()) == pa - pb
        assert set((a & b).paths()) == pa & pb
        assert (a <= b) == (pa <= pb)
        assert a - a == EMPTY
        assert a | b == b | a
        assert a.without(b) <= a - b
        assert decode(encode(a)) == a
        assert of_paths(a.paths()) == a


def test_comparing_tells_what_turns_one_into_the_other():
    kind = node(THING)
    for seed in range(300):
        dice = random.Random(seed)
        old, new = thing(**some_spec(dice)), thing(**some_spec(dice))
        there, back = compare(old, new, kind), compare(new, old, kind)
        assert (there.added, there.removed, there.modified) == (back.removed, back.added, back.modified), seed
        assert not (there.added & there.removed), seed
        assert compare(old, copy.deepcopy(old), kind).added == EMPTY


def test_removing_what_a_value_sets_leaves_nothing():
    kind = node(THING)
    for seed in range(200):
        value = {"spec": some_spec(random.Random(seed))}
        left = remove(value, field_set(value, kind), kind)
        assert _leaves(left) == [], (seed, left)


def _leaves(value):
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [] if value is None else [value]
