"""What a controller logged about one object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from engine import errors
from engine.flux import kinds
from engine.kube.resources import PODS
from engine.model import Ref, Stance
from engine.safe import line
from engine.session import Session

TAIL: Final = 2_000
"""Lines asked of each controller's pod."""


async def controller_lines(ref: Ref, session: Session) -> tuple[str, ...]:
    """Log lines about one object, oldest first. Raises EngineError when there is no way to read them."""
    if session.store.snapshot.stance is Stance.DRIVE:
        wanted = f"{ref.namespace}/{ref.name}"
        return tuple(text for text in session.ring.lines if wanted in text)
    entry = kinds.by_group_kind(ref.group, ref.kind)
    if entry is None or session.client is None or session.watches is None:
        raise errors.Refused(f"{ref.kind} has no controller whose log could be read")
    deployment = next(
        (obj for obj in session.watches.deployments.objects() if obj["metadata"]["name"] == entry.controller), None
    )
    if deployment is None:
        raise errors.NotFound(f"{entry.controller} is not running here, so there is no log to read")
    labels = ((deployment["spec"].get("selector") or {}).get("matchLabels") or {}).items()
    selector = ",".join(f"{key}={value}" for key, value in labels)
    namespace = deployment["metadata"]["namespace"]
    found: list[str] = []
    async for page in session.client.list(PODS, namespace, label_selector=selector):
        for pod in page.items:
            path = PODS.path(namespace, pod["metadata"]["name"], "log")
            raw = await session.client.raw("GET", path, query=(("tailLines", str(TAIL)),), accept="*/*")
            found += about(ref, raw.decode(errors="replace").splitlines() if isinstance(raw, bytes) else [])
    return tuple(found)


def about(ref: Ref, lines: Iterable[str]) -> list[str]:
    """The JSON log lines that name this object, each as `time level message error`."""
    found = []
    for text in lines:
        try:
            entry = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        if isinstance(entry, dict) and _names(entry, ref):
            parts = (entry.get("ts"), entry.get("level"), entry.get("msg"), entry.get("error"))
            found.append(line("  ".join(str(part) for part in parts if part)))
    return found


def _names(entry: dict[str, Any], ref: Ref) -> bool:
    kind = entry.get("controllerKind") or ref.kind
    return (kind, entry.get("namespace"), entry.get("name")) == (ref.kind, ref.namespace, ref.name)
