"""ExternalArtifact in the Sources panel."""

from __future__ import annotations

from fluxtui.view import revisions
from fluxtui.view.kinds.base import KindView, PanelId

VIEW = KindView(
    kind="ExternalArtifact",
    word="Ext",
    panel=PanelId.SOURCES,
    names=("externalartifacts", "externalartifact", "ea"),
    revision=lambda resource: revisions.named(resource.revision),
    source=True,
)
