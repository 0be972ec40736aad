"""HelmRepository in the Sources panel."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api import Resource
from fluxtui.view.kinds.base import Fact, KindView, PanelId


def _facts(resource: Resource) -> Iterator[Fact]:
    yield "url", resource.url


VIEW = KindView(
    kind="HelmRepository",
    word="Helm",
    panel=PanelId.SOURCES,
    names=("helmrepositories", "helmrepository", "helmrepo"),
    facts=_facts,
    source=True,
)
