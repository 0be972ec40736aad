"""What a request is about, read from its method and path."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

#: Resources whose own path continues below a name of `namespaces`.
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A resource request; `plural` is empty for the discovery of a group or version. `watch` is the legacy path."""

    group: str
    version: str = ""
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


def parse_path(raw_path: str) -> RequestInfo | None:
    """`/api/…` and `/apis/…`, or None when the path is neither or is too long to be one."""
    parts = [unquote(part) for part in raw_path.strip("/").split("/")]
    if parts[0] == "api":
        group, rest = "", parts[1:]
    elif parts[0] == "apis" and len(parts) > 1:
        group, rest = parts[1], parts[2:]
    else:
        return None
    if not rest:
        return RequestInfo(group)
    version, rest = rest[0], rest[1:]
    watch = bool(rest) and rest[0] == "watch"
    return _resource(group, version, rest[1:] if watch else rest, watch=watch)


def _resource(group: str, version: str, rest: list[str], *, watch: bool) -> RequestInfo | None:
    if "" in rest:
        return None
    namespace = ""
    below_namespace = len(rest) > 2 and rest[0] == "namespaces"
    if below_namespace and not (len(rest) == 3 and rest[2] in _NAMESPACE_SUBRESOURCES):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3 and rest[2] != "proxy":
        return None
    padded = [*rest, "", "", ""]
    return RequestInfo(group, version, namespace, padded[0], padded[1], padded[2], watch)
