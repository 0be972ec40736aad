"""Bucket in the Sources panel."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api import Resource
from fluxtui.view.kinds.base import Fact, KindView, PanelId


def _facts(resource: Resource) -> Iterator[Fact]:
    yield "endpoint", resource.url


VIEW = KindView(
    kind="Bucket",
    word="Buckt",
    panel=PanelId.SOURCES,
    names=("buckets", "bucket"),
    facts=_facts,
    source=True,
)
