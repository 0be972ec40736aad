"""`openapi`: the schema that strategic merges go by, built in or from a file.

The first kustomization that sets it, from the root down, sets it for the whole build. Its file takes the place of
the built-in types, unless these have been asked for by then; kustomize reads them when it first needs one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.schemas import BUILT_IN_PARTS, NOTHING, Schema, has_known_scope, schema_for

_BUILT_IN: Final = "v1.21.2"
_PREFIX: Final = "#/definitions/"
_MAX_REFERENCES: Final = 50


class Schemas:
    """The types of one build."""

    def __init__(self, *, preloaded: bool = False) -> None:
        """`preloaded`: the built-in types are there before anything asks for them."""
        self._custom: dict[tuple[str, str], Schema] = {}
        self._keeps_built_in = True
        self._is_set = False
        #: Whether something has asked for the built-in types.
        self._wanted = preloaded

    def lookup(self, api_version: str, kind: str) -> Schema | None:
        """The merge schema of a type, or None."""
        self._wanted = True
        found = self._custom.get((api_version, kind))
        return schema_for(api_version, kind) if found is None and self._keeps_built_in else found

    def scope(self, api_version: str, kind: str) -> None:
        """The scope of a type is asked for, as of every object that is gathered."""
        self._wanted = self._wanted or not has_known_scope(api_version, kind)

    def check(self, field: Mapping[str, str], path: str) -> None:
        """A BuildError when the field asks for what there is not."""
        if field.get("version") and field.get("path"):
            raise BuildError("builtin version and custom schema provided, cannot use both", path=path, field="openapi")
        if field.get("version", _BUILT_IN) != _BUILT_IN:
            raise BuildError(
                "the specified OpenAPI version is not built in",
                path=path,
                field="openapi.version",
                fix=f"use {_BUILT_IN}",
            )

    def use(self, document: Any, path: str) -> None:
        """Go by the definitions of a file (None: the built-in ones) from now on, unless that is settled."""
        if self._is_set:
            return
        self._is_set = True
        if document is None:
            return
        definitions = document.get("definitions") if isinstance(document, dict) else None
        if not isinstance(definitions, dict):
            raise BuildError("an OpenAPI schema must have definitions", path=path, field="definitions")
        self._keeps_built_in = self._wanted
        self._custom = dict(_Definitions(definitions).types())


class _Definitions:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def types(self) -> Iterator[tuple[tuple[str, str], Schema]]:
        """(apiVersion, kind) and schema of every definition that is a type."""
        for raw in self._definitions.values():
            for gvk in raw.get("x-kubernetes-group-version-kind", ()) if isinstance(raw, dict) else ():
                group, version = gvk.get("group", ""), gvk.get("version", "")
                yield (f"{group}/{version}" if group else version, gvk.get("kind", "")), self.schema(raw)

    def schema(self, raw: Any) -> Schema:
        """A schema whose properties are resolved when they are asked for: types may contain themselves."""
        for _ in range(_MAX_REFERENCES):
            if not isinstance(raw, dict):
                return NOTHING
            if "$ref" not in raw:
                break
            name = str(raw["$ref"]).removeprefix(_PREFIX)
            if name not in self._definitions:
                return BUILT_IN_PARTS.get(name, NOTHING)
            raw = self._definitions[name]
        if not isinstance(raw, dict):
            return NOTHING
        return Schema(
            properties=_Properties(raw.get("properties"), self),
            items=self.schema(raw["items"]) if raw.get("type") == "array" and "items" in raw else None,
            merge_keys=_merge_keys(raw),
        )


def _merge_keys(raw: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "merge" not in str(raw.get("x-kubernetes-patch-strategy", "")).split(","):
        return None
    keys = raw.get("x-kubernetes-list-map-keys")
    if isinstance(keys, list):
        return tuple(map(str, keys))
    return (str(raw["x-kubernetes-patch-merge-key"]),) if "x-kubernetes-patch-merge-key" in raw else ()


class _Properties(Mapping[str, Schema]):
    """The properties of a type, each resolved once it is wanted."""

    def __init__(self, raw: Any, definitions: _Definitions) -> None:
        self._raw = raw if isinstance(raw, dict) else {}
        self._definitions = definitions
        self._resolved: dict[str, Schema] = {}

    def __getitem__(self, name: str) -> Schema:
        if name not in self._resolved:
            self._resolved[name] = self._definitions.schema(self._raw[name])
        return self._resolved[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)
