"""patches, patchesStrategicMerge and patchesJson6902, and their transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.files import Files
from engine.kustomize.json_values import json_object, nodes
from engine.kustomize.jsonpatch import Operation, apply_patch, parse_patch
from engine.kustomize.keyed_lists import MISSING
from engine.kustomize.limits import check_size
from engine.kustomize.load import resources_from
from engine.kustomize.merge import DIRECTIVE, quote_old_booleans, strategic_merge, tidy
from engine.kustomize.nodes import put, untagged, written
from engine.kustomize.openapi_field import Schemas
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import ALLOW_KIND_CHANGE, ALLOW_NAME_CHANGE, Resource, is_internal
from engine.kustomize.schemas import SchemaFor
from engine.kustomize.selector import Selector
from engine.kustomize.transform.base import Config, Transformer


def merge_into(target: Resource, patch: Resource, schemas: SchemaFor) -> None:
    """Apply a strategic merge patch; the object keeps name, namespace and kind unless the patch may change them."""
    name, namespace, kind = target.name, target.namespace, target.kind
    may_rename, may_change_kind = patch.is_enabled(ALLOW_NAME_CHANGE), patch.is_enabled(ALLOW_KIND_CHANGE)
    if may_rename or may_change_kind:
        target.remember()
    old_booleans = tidy(target.obj, schemas)
    if patch.obj.get(DIRECTIVE) == "replace":
        # For kustomize that is no change when it stands at the top.
        return
    try:
        merged = strategic_merge(target.obj, patch.obj, schemas)
    except BuildError as error:
        raise target.build_error(
            f"strategic merge patch at {error.field or 'the top'}: {error.problem}", fix=error.fix
        ) from error
    if merged is MISSING or not merged:
        target.obj = {}
        return
    quote_old_booleans(old_booleans)
    target.obj = merged
    if not may_change_kind:
        put(target.obj, "kind", untagged(kind, target.obj.get("kind")))
    if not may_rename:
        target.set_name(name)
    target.set_namespace(namespace)


def merge_into_all(resources: ResMap, targets: Sequence[Resource], patch: Resource, schemas: SchemaFor) -> None:
    """Apply one patch to several objects, whatever their apiVersion, name and namespace."""
    size = check_size(patch.obj, "the patch")
    for target in targets:
        resources.budget.add(size)
        api_version = written(target.obj.get("apiVersion"))
        adapted = Resource({**patch.obj, "apiVersion": api_version, "metadata": {**patch.metadata}})
        for field in ("labels", "annotations"):
            # On this way kustomize reads a null label as the word, and nothing at all into `labels: null`.
            adapted.set_strings(field, patch.strings(field))
        merge_into(target, adapted, schemas)
    resources.drop_empty()
    resources.ensure_unique()


class StrategicMerge:
    """Patches that name their targets themselves; patchesStrategicMerge adapts them as it does for many targets."""

    def __init__(self, patches: Sequence[Resource], schemas: SchemaFor, *, adapted: bool) -> None:
        self._patches = patches
        self._schemas = schemas
        self._adapted = adapted

    def apply(self, resources: ResMap) -> None:
        """Apply each to the one object that it names."""
        for patch in self._patches:
            target = resources.the_one(patch.original_id)
            if self._adapted:
                merge_into_all(resources, [target], patch, self._schemas)
            else:
                merge_into(target, patch, self._schemas)
        resources.drop_empty()


class TargetedMerge:
    """A patch for every object that a target selects."""

    def __init__(self, patch: Resource, target: Selector, schemas: SchemaFor) -> None:
        self._patch = patch
        self._target = target
        self._schemas = schemas

    def apply(self, resources: ResMap) -> None:
        """Apply it to each."""
        merge_into_all(resources, self._target.select(resources), self._patch, self._schemas)


class JSONPatch:
    """JSON 6902 operations for every object that a target selects."""

    def __init__(self, operations: Sequence[Operation], target: Selector, schemas: Schemas, *, remember: bool) -> None:
        self._operations = list(operations)
        self._target = target
        self._schemas = schemas
        self._remember = remember

    def apply(self, resources: ResMap) -> None:
        """Apply them to each."""
        for resource in self._target.select(resources):
            if self._remember:
                resource.remember()
            kept = {name: value for name, value in resource.strings("annotations").items() if is_internal(name)}
            try:
                patched = apply_patch(json_object(resource.obj), self._operations)
            except BuildError as error:
                raise resource.build_error(f"JSON patch: {error.problem}", fix=error.fix) from error
            if not isinstance(patched, dict):
                raise resource.build_error("JSON patch: it leaves no mapping", fix="keep apiVersion, kind and metadata")
            resources.budget.add(check_size(patched, resource.id))
            resource.obj = nodes(patched, floats=True)
            resource.set_strings("annotations", {**resource.strings("annotations"), **kept})
            self._schemas.scope(resource.gvk.api_version, resource.kind)


class NoPatch:
    """A patch of nothing but comments."""

    def apply(self, resources: ResMap) -> None:
        """Change nothing."""


def patch_transformer(config: Config, files: Files) -> Transformer:
    """One entry of `patches`: either kind, inline or from a file."""
    content, source = _content(config, files)
    merges, operations = _either(content, source, files)
    target = config.get("target")
    if operations is not None:
        if target is None:
            raise BuildError(f"must specify a target for JSON patch {source}", path=files.root, field="patches")
        return JSONPatch(operations, Selector(target), files.schemas, remember=True)
    if not merges:
        return NoPatch()
    for patch in merges:
        if config.get("options", {}).get("allowNameChange"):
            patch.enable(ALLOW_NAME_CHANGE)
        if config.get("options", {}).get("allowKindChange"):
            patch.enable(ALLOW_KIND_CHANGE)
    if target is None:
        return StrategicMerge(merges, files.schemas.lookup, adapted=False)
    if len(merges) > 1:
        raise BuildError(
            f"multiple strategic merge patches in one `patches` entry may not have a target: {source}",
            path=files.root,
            field="patches",
            fix="give each patch an entry of its own, or remove the target",
        )
    return TargetedMerge(merges[0], Selector(target), files.schemas.lookup)


def _content(config: Config, files: Files) -> tuple[str, str]:
    inline, path = config.get("patch", "").strip(), config.get("path", "")
    if not inline and not path:
        raise BuildError("must specify one of patch and path", path=files.root, field="patches")
    if inline and path:
        raise BuildError("patch and path can't be set at the same time", path=files.root, field="patches")
    if inline:
        return inline, "(inline)"
    return files.read(path, "patches").decode(errors="replace"), f"({path})"


def _either(content: str, source: str, files: Files) -> tuple[list[Resource], list[Operation] | None]:
    """Objects to merge, or operations; BuildError when it is neither or both."""
    limits = files.limits.yaml
    try:
        return resources_from(content, files.root, limits), None
    except BuildError as not_objects:
        try:
            operations = parse_patch(content.lstrip() if content.lstrip().startswith("[") else content, limits)
        except BuildError:
            raise BuildError(
                f"unable to parse SM or JSON patch from {source}: {not_objects.problem}",
                path=files.root,
                field="patches",
                fix="a patch is a partial object with apiVersion, kind and metadata.name, or a list of operations",
            ) from not_objects
        return [], operations


def strategic_merge_transformer(config: Config, files: Files) -> StrategicMerge:
    """patchesStrategicMerge: each entry a file, or the patch itself."""
    entries = [*config.get("paths", ())]
    inline = config.get("patches", "")
    if not entries and not inline:
        raise BuildError("empty file path and empty patch content", path=files.root, field="patchesStrategicMerge")
    patches: list[Resource] = []
    for entry in entries:
        patches.extend(_named_or_inline(entry, files))
    if inline:
        patches.extend(resources_from(inline, files.root, files.limits.yaml))
    if not patches:
        raise BuildError(f"patch appears to be empty; files={entries}", path=files.root, field="patchesStrategicMerge")
    return StrategicMerge(patches, files.schemas.lookup, adapted=True)


def _named_or_inline(entry: str, files: Files) -> list[Resource]:
    if "\n" in entry or ":" in entry or entry.lstrip().startswith("{"):
        try:
            return resources_from(entry, files.root, files.limits.yaml)
        except BuildError:
            if "\n" in entry:
                raise
    return resources_from(files.read(entry, "patchesStrategicMerge"), files.path(entry), files.limits.yaml)


def json_transformer(config: Config, files: Files) -> JSONPatch:
    """One entry of patchesJson6902."""
    target: Mapping[str, Any] = config.get("target", {})
    content, path = config.get("jsonOp", ""), config.get("path", "")
    if not target.get("name"):
        raise _json_error(files, "must specify the target name")
    if not content and not path:
        raise _json_error(files, "empty file path and empty jsonOp")
    if content and path:
        raise _json_error(files, "must specify a file path or jsonOp, not both")
    if path:
        content = files.read(path, "patchesJson6902").decode(errors="replace")
    try:
        operations = parse_patch(content, files.limits.yaml)
    except BuildError as error:
        raise _json_error(files, f"decoding the JSON patch: {error.problem}") from error
    if not operations:
        raise _json_error(files, "patch appears to be empty")
    return JSONPatch(operations, Selector(target), files.schemas, remember=False)


def _json_error(files: Files, message: str) -> BuildError:
    return BuildError(message, path=files.root, field="patchesJson6902")
