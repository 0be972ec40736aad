"""HelmChart in the Sources panel."""

from __future__ import annotations

from fluxtui.view.kinds.base import KindView, PanelId

VIEW = KindView(
    kind="HelmChart",
    word="Chart",
    panel=PanelId.SOURCES,
    names=("helmcharts", "helmchart", "hc"),
    source=True,
)
