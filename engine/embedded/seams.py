"""Stand-ins until the parts that own them arrive."""

from __future__ import annotations

import copy
import importlib
from typing import Any


class FieldConflict(Exception):
    causes: list[Any] = []


def _merge(doc: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(doc) if isinstance(doc, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = _merge(out.get(key), value)
    return out


class _Manager:
    FieldConflict = FieldConflict

    @staticmethod
    def apply(live: Any, applied: Any, **_: Any) -> Any:
        return _merge(live or {}, applied)

    @staticmethod
    def update(before: Any, after: Any, **_: Any) -> Any:
        if after["metadata"].get("managedFields") == [{}]:
            del after["metadata"]["managedFields"]
        return after


class _Patch:
    class PatchError(Exception):
        pass

    merge_patch = staticmethod(_merge)

    @staticmethod
    def strategic_merge(doc: Any, patch: Any, schema: Any) -> Any:
        return _merge(doc, patch)

    @staticmethod
    def json_patch(doc: Any, ops: Any) -> Any:
        raise _Patch.PatchError("not yet")


class _Builtin:
    @staticmethod
    def default(obj: Any) -> None: ...
    @staticmethod
    def normalize(obj: Any) -> None: ...
    @staticmethod
    def validate(new: Any, old: Any) -> list[Any]:
        return []


def _load(name: str, needs: str, fallback: Any) -> Any:
    try:
        module = importlib.import_module(f"engine.embedded.{name}")
    except Exception:
        return fallback
    return module if hasattr(module, needs) else fallback


fieldmanager = _load("fieldmanager", "apply", _Manager)
patch = _load("patch", "merge_patch", _Patch)
builtin = _load("builtin", "validate", _Builtin)
