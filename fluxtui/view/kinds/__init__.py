"""The kinds that have a place in a panel; a new one is a file beside these and one entry here."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from fluxtui.view.kinds import (
    bucket,
    external_artifact,
    git_repository,
    helm_chart,
    helm_release,
    helm_repository,
    kustomization,
    oci_repository,
)
from fluxtui.view.kinds.base import Fact, KindView, PanelId

VIEWS: Final = MappingProxyType(
    {
        module.VIEW.kind: module.VIEW
        for module in (
            git_repository,
            oci_repository,
            helm_repository,
            helm_chart,
            bucket,
            external_artifact,
            kustomization,
            helm_release,
        )
    }
)

RESOURCE_PANELS: Final = (PanelId.SOURCES, PanelId.KUSTOMIZATIONS, PanelId.RELEASES)

TITLES: Final = MappingProxyType(
    {
        PanelId.SOURCES: "Sources",
        PanelId.KUSTOMIZATIONS: "Kustomizations",
        PanelId.RELEASES: "Helm releases",
        PanelId.EVENTS: "Events",
    }
)


def kinds_of(panel: PanelId) -> tuple[str, ...]:
    """The kinds that a panel shows."""
    return tuple(view.kind for view in VIEWS.values() if view.panel is panel)


__all__ = ["RESOURCE_PANELS", "TITLES", "VIEWS", "Fact", "KindView", "PanelId", "kinds_of"]
