"""GitRepository in the Sources panel."""

from __future__ import annotations

from collections.abc import Iterator

from engine.api import Resource
from fluxtui.view import revisions
from fluxtui.view.kinds.base import Fact, KindView, PanelId


def _facts(resource: Resource) -> Iterator[Fact]:
    yield "url", resource.url
    yield "ref", resource.ref_text


VIEW = KindView(
    kind="GitRepository",
    word="Git",
    panel=PanelId.SOURCES,
    names=("gitrepositories", "gitrepository", "gitrepo", "git"),
    revision=lambda resource: revisions.named(resource.revision),
    facts=_facts,
    source=True,
)
