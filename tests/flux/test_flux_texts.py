"""Durations, intervals, revisions, inventories and the order of application."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from engine.errors import Malformed
from engine.flux import duration, intervals, inventory, order, revision
from engine.flux.inventory import Entry, ObjectRef
from engine.flux.order import Stage

SHA = "f2eb5a7517f8a5f49c1573fa508e3495b387ac4e"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("10m", 600), ("90s", 90), ("250ms", 0.25), ("1.5h", 5400), ("0", 0), ("-2s", -2), ("1us", 1e-6)],
)
def test_go_durations_are_read(text, seconds):
    assert duration.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "1d", "h", "1h 3m", "1m1", "abc", "1e3s", "9" * 50 + "h", "--1s"])
def test_what_is_no_duration_is_malformed(text):
    with pytest.raises(Malformed):
        duration.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (600, "10m0s"),
        (3600, "1h0m0s"),
        (60, "1m0s"),
        (0.25, "250ms"),
        (0.0000125, "12µs"),
        (0, "0s"),
        (1.5, "1.5s"),
        (90.25, "1m30.25s"),
        (0.123456, "123.456ms"),
        (-30, "-30s"),
        (100 * 3600, "100h0m0s"),
    ],
)
def test_durations_print_as_go_prints_them(seconds, text):
    assert duration.text(seconds) == text


def test_jitter_stays_in_its_range_and_zero_is_none():
    rng = random.Random(1)
    values = [intervals.jittered(600, 5, rng) for _ in range(200)]
    assert 570 <= min(values) < 580
    assert 620 < max(values) <= 630
    assert intervals.jittered(600, 0) == 600


def test_backoff_doubles_from_its_first_delay_up_to_its_limit():
    assert [intervals.backoff(n) for n in (1, 2, 3, 4)] == [0.75, 1.5, 3, 6]
    assert intervals.backoff(1000) == 900


@pytest.mark.parametrize(
    ("spec", "timeout", "retry"),
    [
        ({"interval": "10m"}, 570, 600),
        ({"interval": "40s"}, 30, 40),
        ({"interval": "10m", "timeout": "5s", "retryInterval": "1m"}, 30, 60),
        ({"interval": "10m", "timeout": "2m"}, 120, 600),
    ],
)
def test_a_kustomization_s_derived_defaults(spec, timeout, retry):
    assert intervals.timeout({"spec": spec}) == timeout
    assert intervals.retry_interval({"spec": spec}) == retry


@pytest.mark.parametrize(
    "text",
    [
        f"main@sha1:{SHA}",
        f"feature/x@sha1:{SHA}",
        f"refs/heads/x@sha1:{SHA}",
        f"a@b@sha1:{SHA}",
        f"sha256:{SHA}",
        f"main/{SHA}",
        SHA,
    ],
)
def test_the_commit_of_a_revision_is_its_hash(text):
    assert revision.commit(text) == SHA


@pytest.mark.parametrize("text", ["", "6.5.3", "main@md5:abc", "main@sha1:xyz", "a" * 5000])
def test_what_is_no_revision_has_no_commit(text):
    assert revision.commit(text) == ""


@pytest.mark.parametrize(
    ("legacy", "today"),
    [
        (f"main/{SHA}", f"main@sha1:{SHA}"),
        (f"feature/x/{SHA}", f"feature/x@sha1:{SHA}"),
        (f"HEAD/{SHA}", f"sha1:{SHA}"),
        (SHA, f"sha1:{SHA}"),
        (f"main@sha1:{SHA}", f"main@sha1:{SHA}"),
        ("6.5.3", "6.5.3"),
    ],
)
def test_legacy_revisions_are_upgraded(legacy, today):
    assert revision.upgrade(legacy) == today


def test_the_short_form_cuts_every_long_hash_in_a_text():
    assert revision.short(f"Applied revision: main@sha1:{SHA}") == "Applied revision: main@sha1:f2eb5a75"
    assert revision.short("tag v1.2.3 abcdef") == "tag v1.2.3 abcdef"


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (ObjectRef("", "Namespace", "", "kube-public"), "_kube-public__Namespace"),
        (ObjectRef("apps", "Deployment", "default", "app"), "default_app_apps_Deployment"),
        (
            ObjectRef("rbac.authorization.k8s.io", "ClusterRole", "", "golden:view:all"),
            "_golden__view__all_rbac.authorization.k8s.io_ClusterRole",
        ),
        (ObjectRef("", "ServiceAccount", "first-apply", "web"), "first-apply_web__ServiceAccount"),
    ],
)
def test_inventory_ids_round_trip(ref, text):
    assert ref.id == text
    assert inventory.parse_id(text) == ref


@pytest.mark.parametrize("text", ["", "a", "a_b", "a_b_c", "_x__", "__ _"])
def test_what_is_no_inventory_id_is_malformed(text):
    with pytest.raises(Malformed):
        inventory.parse_id(text)


def test_stale_entries_compare_by_object_and_not_by_version():
    a, b = ObjectRef("", "ConfigMap", "x", "a"), ObjectRef("", "ConfigMap", "x", "b")
    old = [Entry(a, "v1"), Entry(b, "v1")]
    assert inventory.stale(old, [Entry(a, "v2")]) == [Entry(b, "v1")]
    assert inventory.merge([Entry(a, "v2")], old) == [Entry(a, "v2"), Entry(b, "v1")]


def test_unreadable_entries_are_left_out_and_an_empty_inventory_is_a_list():
    assert inventory.parse({"inventory": {"entries": [{"id": "nonsense"}, {"id": "x_a__Secret", "v": "v1"}]}}) == [
        Entry(ObjectRef("", "Secret", "x", "a"), "v1")
    ]
    assert inventory.parse(None) == []
    assert inventory.dump([]) == {"entries": []}


def make(kind: str, name: str = "x", api: str = "v1", namespace: str = "ns") -> dict:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def test_objects_are_applied_in_flux_s_order():
    kinds = ["Widget", "ValidatingWebhookConfiguration", "Deployment", "Secret", "Namespace", "ConfigMap", "Service"]
    ordered = [obj["kind"] for obj in order.in_order([make(kind) for kind in kinds])]
    assert ordered == [
        "Namespace", "ConfigMap", "Secret", "Service", "Deployment", "Widget", "ValidatingWebhookConfiguration",
    ]  # fmt: skip


def test_ties_are_broken_by_group_kind_namespace_and_name():
    objects = [make("Zed", "a"), make("Able", "b", api="z/v1"), make("Able", "b"), make("Able", "a", namespace="z")]
    refs = [inventory.ref_of(obj) for obj in order.in_order(objects)]
    assert [(ref.group, ref.kind, ref.namespace, ref.name) for ref in refs] == [
        ("", "Able", "ns", "b"),
        ("", "Able", "z", "a"),
        ("", "Zed", "ns", "a"),
        ("z", "Able", "ns", "b"),
    ]


def test_stages_split_definitions_classes_custom_kinds_and_the_rest():
    objects = [make("ConfigMap"), make("StorageClass"), make("Namespace"), make("Widget", api="x.io/v1")]
    found = order.stages(objects, frozenset({("x.io", "Widget")}))
    assert [(stage, [o["kind"] for o in members]) for stage, members in found] == [
        (Stage.DEFINITIONS, ["Namespace"]),
        (Stage.CLASSES, ["StorageClass"]),
        (Stage.CUSTOM, ["Widget"]),
        (Stage.RESOURCES, ["ConfigMap"]),
    ]
    assert [stage.waits for stage, _ in found] == [True, True, False, False]


def test_deletion_goes_backwards():
    entries = [Entry(ObjectRef("", kind, "x", "a"), "v1") for kind in ("ConfigMap", "Namespace", "Service")]
    assert [entry.ref.kind for entry in order.for_deletion(entries)] == ["Service", "ConfigMap", "Namespace"]
