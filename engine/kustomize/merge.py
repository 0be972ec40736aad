"""Strategic merge patches as kustomize's kyaml applies them (engines.md B6)."""

from __future__ import annotations

from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.keyed_lists import (
    MISSING,
    find_item,
    joined_groups,
    key_values,
    mismatch,
    with_element,
    with_rest,
)
from engine.kustomize.nodes import Place, copy_node, is_null, put, styled, text
from engine.kustomize.resource import Object
from engine.kustomize.schemas import NOTHING, Schema, SchemaFor

DIRECTIVE: Final = "$patch"
_DIRECTIVES: Final = frozenset(("delete", "replace", "merge"))


def strategic_merge(target: Any, patch: Any, schema_for: SchemaFor) -> Any:
    """The target changed by the patch, in place where possible; MISSING when the patch deletes it.

    The patch stays as it is, so that it can be applied to many targets.
    """
    return _Merger(schema_for).value(target, copy_node(patch), None, "")


#: Strings that older readers of YAML take for booleans.
_OLD_BOOLEANS: Final = frozenset(
    ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"]
)


def tidy(obj: Object, schema_for: SchemaFor) -> list[Place]:
    """What a merge does to every field that it comes by, whatever the patch; plain lists it does not enter.

    Null fields with nothing written there go. Strings that older readers take for booleans will be quoted
    if the merge leaves them; their places are the result.
    """
    places: list[Place] = []
    schema = schema_for(text(obj.get("apiVersion")), text(obj.get("kind"))) or NOTHING
    queue: list[tuple[Any, Schema]] = [(obj, schema)]
    while queue:
        node, schema = queue.pop()
        if isinstance(node, dict):
            for key in list(node):
                child = node[key]
                if child.__class__ is dict or child.__class__ is list:
                    queue.append((child, schema.child(key)))
                elif not child and is_null(child):
                    del node[key]
                elif child.__class__ is str and child in _OLD_BOOLEANS:
                    places.append((node, key))
        elif isinstance(node, list) and schema.merge_keys:
            queue.extend((item, schema.items or NOTHING) for item in node)
    return places


def quote_old_booleans(places: list[Place]) -> None:
    """Quote the strings that `tidy` found and the merge has left."""
    for mapping, key in places:
        present = mapping.get(key)
        if present.__class__ is str and present in _OLD_BOOLEANS:
            mapping[key] = styled(present, '"')


class _Merger:
    def __init__(self, schema_for: SchemaFor) -> None:
        self._schema_for = schema_for

    def value(self, target: Any, patch: Any, schema: Schema | None, path: str) -> Any:
        """The merged value of one field or item."""
        leading = patch if target is MISSING or is_null(target) else target
        if isinstance(leading, dict):
            return self._mapping(target, patch, self._schema(schema, target, patch), path)
        if isinstance(leading, list):
            return self._list(target, patch, schema or NOTHING, path)
        if isinstance(patch, (dict, list)):
            raise mismatch(leading, patch, path)
        if patch is MISSING:
            return target
        return MISSING if is_null(patch) else patch

    def _schema(self, schema: Schema | None, *values: Any) -> Schema | None:
        if schema is not None:
            return schema
        for value in values:
            if isinstance(value, dict) and text(value.get("kind")) and text(value.get("apiVersion")):
                found = self._schema_for(text(value["apiVersion"]), text(value["kind"]))
                if found is not None:
                    return found
        return None

    def _mapping(self, target: Any, patch: Any, schema: Schema | None, path: str) -> Any:
        if is_null(patch):
            return MISSING
        if patch is MISSING:
            return self._settled(target, schema or NOTHING, path)
        if not isinstance(patch, dict) or not (target is MISSING or is_null(target) or isinstance(target, dict)):
            raise mismatch(target, patch, path)
        directive = _take_directive(patch, path)
        if directive == "delete":
            return MISSING
        if directive == "replace" or not isinstance(target, dict):
            return self._fresh_mapping(patch, schema, path)
        for key, value in patch.items():
            child = schema.child(key) if schema is not None else None
            merged = self.value(target.get(key, MISSING), value, child, f"{path}.{key}" if path else key)
            if merged is MISSING:
                target.pop(key, None)
            else:
                put(target, key, merged)
        if schema is not None:
            for key in schema.properties.keys() - patch.keys():
                if key in target:
                    target[key] = self._settled(target[key], schema.child(key), path)
        return target

    def _settled(self, value: Any, schema: Schema, path: str) -> Any:
        """What the patch does not mention: items of one list that have equal keys still become one."""
        if isinstance(value, dict):
            for key in schema.properties.keys() & value.keys():
                value[key] = self._settled(value[key], schema.child(key), path)
        elif isinstance(value, list) and schema.merge_keys is not None:
            if not schema.merge_keys:
                return list(dict.fromkeys(value))
            keys = [key_values(item, schema.merge_keys) for item in value]
            if len(set(joined_groups(keys))) < len(keys):
                return self._keyed(value, [], schema, path)
            if schema.items is not None:
                for item in value:
                    self._settled(item, schema.items, path)
        return value

    def _list(self, target: Any, patch: Any, schema: Schema, path: str) -> Any:
        if is_null(patch):
            return MISSING
        if patch is MISSING:
            return self._settled(target, schema, path)
        if not isinstance(patch, list) or not (target is MISSING or is_null(target) or isinstance(target, list)):
            raise mismatch(target, patch, path)
        if schema.merge_keys is None:
            return patch
        directive = _take_list_directive(patch, path)
        if directive == "delete":
            return MISSING
        if directive == "replace" or not isinstance(target, list):
            return self._fresh_list(patch, schema, path)
        if not schema.merge_keys:
            return [*dict.fromkeys(patch), *(item for item in target if item not in patch)]
        return self._keyed(target, patch, schema, path)

    def _fresh(self, value: Any, schema: Schema | None, path: str) -> Any:
        """A value that only the patch has: nulls and directives inside it do their work."""
        if isinstance(value, dict):
            schema = self._schema(schema, value)
            return MISSING if _take_directive(value, path) == "delete" else self._fresh_mapping(value, schema, path)
        if isinstance(value, list) and schema is not None and schema.merge_keys is not None:
            return MISSING if _take_list_directive(value, path) == "delete" else self._fresh_list(value, schema, path)
        return MISSING if is_null(value) else value

    def _fresh_mapping(self, patch: dict[str, Any], schema: Schema | None, path: str) -> dict[str, Any]:
        fresh = {}
        for key, value in patch.items():
            child = self._fresh(value, schema.child(key) if schema is not None else None, f"{path}.{key}")
            if child is not MISSING:
                fresh[key] = child
        return fresh

    def _fresh_list(self, patch: list[Any], schema: Schema, path: str) -> list[Any]:
        items = [self._fresh(item, schema.items, path) for item in patch]
        kept = [item for item in items if item is not MISSING and item != {}]
        return self._keyed(kept, [], schema, path) if schema.merge_keys else list(dict.fromkeys(kept))

    def _keyed(self, target: list[Any], patch: list[Any], schema: Schema, path: str) -> list[Any]:
        """Items with equal keys are merged; the patch's come first, in its order."""
        assert schema.merge_keys is not None
        groups = joined_groups([key_values(item, schema.merge_keys) for item in (*patch, *target)])
        if not groups:
            return target
        keys = tuple(key for index, key in enumerate(schema.merge_keys) if any(values[index] for values in groups)) or (
            schema.merge_keys
        )
        result: list[Any] = []
        left = list(target)
        for group in groups:
            named = dict(zip(schema.merge_keys, group, strict=True))
            values = [named[key] for key in keys]
            wanted = {key: value for key, value in named.items() if value} or named
            old, new = find_item(left, wanted), find_item(patch, wanted)
            merged = self.value(old, new, schema.items, f"{path}[{','.join(wanted.values())}]")
            if merged is MISSING or is_null(merged) or merged == {}:
                left = with_element(left, keys, values, MISSING)
                continue
            for key, value in wanted.items():
                if value:
                    merged.setdefault(key, value)
            result = with_element(result, keys, values, merged)
        return with_rest(result, left, keys)


def _take_directive(patch: dict[str, Any], path: str) -> str:
    if DIRECTIVE not in patch:
        return "merge"
    directive = text(patch[DIRECTIVE])
    if directive not in _DIRECTIVES:
        raise BuildError(f"unknown patch strategy '{directive}'", field=path, fix="use delete, replace or merge")
    del patch[DIRECTIVE]
    return directive


def _take_list_directive(patch: list[Any], path: str) -> str:
    """A directive for the whole list is an item that holds nothing else."""
    marker = next((item for item in patch if isinstance(item, dict) and DIRECTIVE in item), None)
    if marker is None or len(marker) > 1:
        return "merge"
    directive = _take_directive(marker, path)
    patch.remove(marker)
    return directive
