"""JSON merge patch (RFC 7386)."""

from __future__ import annotations

from typing import Any

from engine.embedded.patch.errors import check_depth, unreadable


def merge_patch(doc: dict[str, Any], patch: Any) -> dict[str, Any]:
    """`doc` with `patch` merged in: null removes, maps merge, all else replaces. Neither is changed in place.

    Raises PatchError when the patch is no object.
    """
    if not isinstance(patch, dict):
        raise unreadable(patch, "map[string]interface {}")
    check_depth([patch])
    return _merge(doc, patch)


def _merge(doc: Any, patch: dict[str, Any]) -> dict[str, Any]:
    out = dict(doc) if isinstance(doc, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        elif isinstance(value, dict):
            out[name] = _merge(out.get(name), value)
        else:
            out[name] = _plain(value)
    return out


def _plain(value: Any) -> Any:
    """A value as the API server's library takes it: without the nulls of maps inside of lists."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    return value
