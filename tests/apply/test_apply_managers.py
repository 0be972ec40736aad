from __future__ import annotations

import pytest

from engine.apply import managers
from engine.apply.managers import TakeOver


def entry(manager: str, operation: str = "Update", fields: dict | None = None, subresource: str = "", **more) -> dict:
    found = {"manager": manager, "operation": operation, "fieldsV1": fields or {}, "time": "2026-01-01T00:00:00Z"}
    return found | ({"subresource": subresource} if subresource else {}) | more


def obj(*entries: dict, **metadata) -> dict:
    return {"metadata": {"name": "x", "managedFields": list(entries), **metadata}}


OWN = entry("kustomize-controller", "Apply", {"f:data": {"f:a": {}}})


@pytest.mark.parametrize(
    ("manager", "operation", "subresource", "claimed"),
    [
        ("kubectl", "Apply", "", True),
        ("kubectl-edit", "Update", "", True),
        ("kubectl-client-side-apply", "Update", "", True),
        ("before-first-apply", "Update", "", True),
        ("before-first-apply", "Apply", "", False),
        ("kustomize-controller", "Update", "", True),
        ("kubectl-edit", "Update", "status", False),
        ("helm", "Update", "", False),
        ("fluxtui", "Update", "", False),
        ("gotk-kustomize-controller", "Update", "", False),
    ],
)
def test_whose_fields_become_flux_s(manager, operation, subresource, claimed):
    assert TakeOver().claims(entry(manager, operation, subresource=subresource)) == claimed


def test_overrides_are_taken_over_in_both_operations():
    rules = TakeOver.with_overrides(["argocd"])
    assert rules.claims(entry("argocd-controller", "Apply"))
    assert rules.claims(entry("argocd-controller", "Update"))


def test_claimed_fields_are_united_with_the_owner_s_entry_which_comes_last():
    edit = entry("kubectl-edit", fields={"f:data": {"f:b": {}}})
    helm = entry("helm", fields={"f:data": {"f:c": {}}})
    found = TakeOver().entries(obj(OWN, edit, helm))
    assert found == [helm, {**OWN, "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}}}]


def test_without_an_owner_s_entry_the_first_claimed_one_becomes_it():
    first = entry("kubectl-client-side-apply", fields={"f:data": {"f:a": {}}})
    second = entry("kubectl-edit", fields={"f:data": {"f:b": {}}})
    found = TakeOver().entries(obj(first, second))
    assert found == [
        {
            **first,
            "manager": "kustomize-controller",
            "operation": "Apply",
            "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
        }
    ]


def test_nothing_to_take_over_is_no_patch():
    assert TakeOver().patch(obj(OWN, entry("helm"))) == []


def test_leftovers_of_older_tools_are_removed():
    last, mark = "kubectl.kubernetes.io/last-applied-configuration", "fluxcd.io/sync-gc-mark"
    found = TakeOver().patch(obj(OWN, annotations={last: "{}", "own": "x"}, labels={mark: "y"}))
    assert found == [
        {"op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"},
        {"op": "remove", "path": "/metadata/labels/fluxcd.io~1sync-gc-mark"},
    ]


@pytest.mark.parametrize(
    ("left", "right", "united"),
    [
        ({}, {}, {}),
        ({"f:a": {}}, {"f:a": {}}, {"f:a": {}}),
        ({"f:a": {}}, {"f:a": {"f:b": {}}}, {"f:a": {"f:b": {}, ".": {}}}),
        ({"f:a": {".": {}, "f:b": {}}}, {"f:a": {"f:c": {}}}, {"f:a": {".": {}, "f:b": {}, "f:c": {}}}),
        ({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}}, {"f:a": {"f:b": {}, "f:c": {}}}),
        ({"k:{}": {".": {}}}, {"k:{}": {"f:x": {}}}, {"k:{}": {".": {}, "f:x": {}}}),
    ],
)
def test_field_sets_unite_and_keep_who_owns_the_node_itself(left, right, united):
    assert managers.union(left, right) == united
    assert managers.union(right, left) == united
