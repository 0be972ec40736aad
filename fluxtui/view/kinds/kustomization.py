"""Kustomization in the panel of its own."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api import Resource
from fluxtui.view import revisions
from fluxtui.view.kinds.base import Fact, KindView, PanelId


def _facts(resource: Resource) -> Iterator[Fact]:
    yield "source", str(resource.source) if resource.source else ""
    yield "path", resource.path
    yield "applied", revisions.named(resource.revision)
    if resource.attempted != resource.revision:
        yield "attempted", revisions.named(resource.attempted)
    yield "manages", f"{len(resource.inventory)} objects" if resource.inventory else ""


VIEW = KindView(
    kind="Kustomization",
    word="Kust",
    panel=PanelId.KUSTOMIZATIONS,
    names=("kustomizations", "kustomization", "ks"),
    facts=_facts,
    drifts=True,
)
