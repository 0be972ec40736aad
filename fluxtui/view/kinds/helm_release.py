"""HelmRelease in the panel of its own."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api import Resource
from fluxtui.view.kinds.base import Fact, KindView, PanelId


def _facts(resource: Resource) -> Iterator[Fact]:
    yield "chart", str(resource.source) if resource.source else ""
    yield "released", resource.revision
    if resource.attempted != resource.revision:
        yield "attempted", resource.attempted


VIEW = KindView(
    kind="HelmRelease",
    word="HR",
    panel=PanelId.RELEASES,
    names=("helmreleases", "helmrelease", "hr"),
    facts=_facts,
)
