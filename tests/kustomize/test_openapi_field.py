"""`openapi`: whose types a strategic merge goes by, in the command and in Flux."""

from __future__ import annotations

import pytest

from engine.apply.build import Order, run
from engine.kustomize import MemoryTree, build

THING = """definitions:
  com.example.v1.Thing:
    properties:
      items:
        type: array
        items: {type: object}
        x-kubernetes-patch-merge-key: name
        x-kubernetes-patch-strategy: merge
    x-kubernetes-group-version-kind: [{group: example.com, version: v1, kind: Thing}]
"""
THINGS = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nitems: [{name: a, x: 1}]\n"
DAEMONS = (
    "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\n"
    "spec: {template: {spec: {containers: [{name: a, image: i}]}}}\n"
)
PATCHES = """patches:
- patch: '{apiVersion: example.com/v1, kind: Thing, metadata: {name: t}, items: [{name: a, y: 2}]}'
- patch: '{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {template: {spec: {containers: [{name: a, tty: true}]}}}}'
"""  # noqa: E501
MERGED_THING, MERGED_DAEMON = {"name": "a", "x": 1, "y": 2}, {"name": "a", "image": "i", "tty": True}
NEW_THING, NEW_DAEMON = {"name": "a", "y": 2}, {"name": "a", "tty": True}


def tree(*, root: str = "", base: str = "") -> MemoryTree:
    """An overlay with the patches over a base; each with what is given of `openapi`."""
    files = {
        "kustomization.yaml": f"resources: [base]\n{root}{PATCHES}",
        "schema.yaml": THING,
        "base/kustomization.yaml": f"resources: [all.yaml]\n{base}",
        "base/schema.yaml": THING,
        "base/all.yaml": f"{THINGS}---\n{DAEMONS}",
    }
    return MemoryTree({path: text.encode() for path, text in files.items()})


def items(objects: object) -> list[object]:
    assert isinstance(objects, list | tuple)
    daemon, thing = sorted(objects, key=lambda obj: str(obj["kind"]))
    return [thing["items"][0], daemon["spec"]["template"]["spec"]["containers"][0]]


PATH = "openapi: {path: schema.yaml}\n"


def test_without_the_field_the_built_in_types_count() -> None:
    assert items(build(tree())) == [NEW_THING, MERGED_DAEMON]


@pytest.mark.parametrize(("root", "base"), [(PATH, ""), ("", PATH)], ids=["at the root", "below it"])
def test_flux_adds_the_types_of_a_file_to_the_built_in_ones(root: str, base: str) -> None:
    assert items(run(tree(root=root, base=base), Order(".")).objects) == [MERGED_THING, MERGED_DAEMON]


def test_a_file_at_the_root_takes_the_place_of_the_built_in_types_in_the_command() -> None:
    assert items(build(tree(root=PATH))) == [MERGED_THING, NEW_DAEMON]


def test_the_first_kustomization_that_sets_it_sets_it_for_all() -> None:
    assert items(build(tree(root="openapi: {version: v1.21.2}\n", base=PATH))) == [NEW_THING, MERGED_DAEMON]
