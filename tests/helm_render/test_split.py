"""Rendered text becomes documents, manifests and hooks."""

from __future__ import annotations

import pytest

from engine.helm.chart import ChartError
from engine.helm.order import INSTALL, UNINSTALL, install_order, uninstall_order
from engine.helm.split import Hook, Manifest, sort_manifests, split_documents


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("  \n\t", []),
        ("a: 1\n", ["a: 1\n"]),
        ("---\na: 1\n---\nb: 2\n", ["a: 1", "b: 2\n"]),
        ("\n\n---\na: 1", ["a: 1"]),
        ("a: 1\n \n---\n\n  b: 2", ["a: 1", "b: 2"]),
        ("a: 1\n---b: 2", ["a: 1", "b: 2"]),
        ("a: 1\n--- # remark\nb: 2", ["a: 1", "# remark\nb: 2"]),
        ("---\n---\na: 1", ["---\na: 1"]),
        ("a: 1\n---\n---\nb: 2", ["a: 1", "---\nb: 2"]),
        ("a: 1\n---\n", ["a: 1"]),
        ("a: |\n  x\n  ---\n  y", ["a: |\n  x\n  ---\n  y"]),
        ("a\r\n---\r\nb", ["a", "b"]),
        ("----\na", ["-\na"]),
    ],
)
def test_documents(text: str, parts: list[str]) -> None:
    assert list(split_documents(text)) == parts


def test_a_long_run_of_newlines_is_quick() -> None:
    assert list(split_documents("a" + "\n" * 2_000_000 + "b"))


def hook(annotations: str) -> list[Hook]:
    text = f"kind: Job\nmetadata:\n  name: j\n  annotations: {{{annotations}}}\n"
    manifests, hooks = sort_manifests({"c/templates/h.yaml": text})
    assert not manifests
    return hooks


@pytest.mark.parametrize(
    ("annotations", "events", "weight", "policies"),
    [
        ("helm.sh/hook: pre-install", ("pre-install",), 0, ()),
        ("helm.sh/hook: ' Post-Install ,TEST-success'", ("post-install", "test"), 0, ()),
        ("helm.sh/hook: test, helm.sh/hook-weight: '-5'", ("test",), -5, ()),
        ("helm.sh/hook: test, helm.sh/hook-weight: 7", ("test",), 7, ()),
        ("helm.sh/hook: test, helm.sh/hook-weight: heavy", ("test",), 0, ()),
        ("helm.sh/hook: test, helm.sh/hook-weight: '1.5'", ("test",), 0, ()),
        (
            "helm.sh/hook: test, helm.sh/hook-delete-policy: 'hook-succeeded, Hook-Failed'",
            ("test",),
            0,
            ("hook-succeeded", "hook-failed"),
        ),
    ],
)
def test_hooks_are_recognised(annotations: str, events: tuple[str], weight: int, policies: tuple[str]) -> None:
    (found,) = hook(annotations)
    assert (found.events, found.weight, found.delete_policies) == (events, weight, policies)


@pytest.mark.parametrize("events", ["crd-install", "pre-install,other", "''"])
def test_a_hook_for_an_unknown_event_is_dropped(events: str) -> None:
    assert hook(f'helm.sh/hook: "{events}"'.replace("\"''\"", "''")) == []


def test_output_log_policies_are_kept() -> None:
    (found,) = hook("helm.sh/hook: test, helm.sh/hook-output-log-policy: hook-failed")
    assert found.output_log_policies == ("hook-failed",)


def test_kinds_come_in_their_order_and_keep_the_order_of_files_within() -> None:
    files = {
        "c/templates/b.yaml": "kind: Service\nmetadata: {name: b}\n---\nkind: Zoo",
        "c/templates/a.yaml": "kind: Deployment\n---\nkind: Service\nmetadata: {name: a}\n---\nkind: Ant",
        "c/templates/_x.yaml": "not: [yaml",
        "c/templates/blank.yaml": " \n",
    }
    manifests, _ = sort_manifests(files)
    assert [(each.kind, each.name) for each in manifests] == [
        ("Service", "a"), ("Service", "b"), ("Deployment", ""), ("Ant", ""), ("Zoo", ""),
    ]  # fmt: skip


def test_numbers_in_the_head_read_as_text() -> None:
    manifests, _ = sort_manifests({"p": "apiVersion: 1\nkind: true\nmetadata: {name: 1.5}"})
    assert manifests == [Manifest("p", "apiVersion: 1\nkind: true\nmetadata: {name: 1.5}", "1", "true", "1.5")]


@pytest.mark.parametrize(
    "text", ["text", "- a", "kind: []", "metadata: x", "metadata: {annotations: []}", "metadata: {name: {}}", "a: ["]
)
def test_what_is_no_object_is_refused_by_name(text: str) -> None:
    with pytest.raises(ChartError, match=r"YAML parse error on c/templates/x\.yaml") as raised:
        sort_manifests({"c/templates/x.yaml": text})
    assert raised.value.path == "c/templates/x.yaml"


def test_there_are_38_kinds_in_both_orders() -> None:
    assert len(INSTALL) == len(UNINSTALL) == 38
    assert set(INSTALL) == set(UNINSTALL)
    assert sorted(INSTALL, key=install_order) == list(INSTALL)
    assert sorted(UNINSTALL, key=uninstall_order) == list(UNINSTALL)
    assert install_order("Zebra") > install_order("Apple") > install_order(INSTALL[-1])
