"""replacements, and ReplacementTransformer: values copied from one object into others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldpath import Maker, Slot, find, lookup_slot, parse_text, split_field_path
from engine.kustomize.files import Files
from engine.kustomize.hashing import go_json, go_json_indented
from engine.kustomize.ids import Gvk, ResId
from engine.kustomize.json_values import values
from engine.kustomize.kustomization import REPLACEMENT
from engine.kustomize.limits import Budget, check_size
from engine.kustomize.nodes import UNTAGGED, Tagged, copy_node, is_empty, retagged, tag_of, written
from engine.kustomize.reprint import reprint
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import Resource
from engine.kustomize.selector import Selector
from engine.kustomize.shapes import Place
from engine.kustomize.transform.base import Config

_DEFAULT_PATH: Final = "metadata.name"


class Replacements:
    """Each takes a value from one place and puts it into others."""

    def __init__(self, replacements: Sequence[Config]) -> None:
        self._replacements = replacements

    def apply(self, resources: ResMap) -> None:
        """Do them in order."""
        for replacement in self._replacements:
            if ("source" not in replacement and "sourceValue" not in replacement) or not replacement.get("targets"):
                raise BuildError("replacements must specify a source and at least one target", field="replacements")
            source = _source(replacement, resources)
            for target in replacement["targets"]:
                _Target(target, resources.budget).put(source, resources)


def _source(replacement: Config, resources: ResMap) -> Slot:
    """Where the value is. It is read anew for every target: the source may be one of them."""
    if "sourceValue" in replacement:
        if "source" in replacement:
            raise BuildError("value and resource selectors are mutually exclusive", field="replacements.source")
        return Slot([Tagged(replacement["sourceValue"], UNTAGGED)], 0)
    source = replacement["source"]
    resource = _select_source(source, resources)
    path = source.get("fieldPath") or _DEFAULT_PATH
    found = lookup_slot(Slot([resource.obj], 0), split_field_path(path))
    if found is None or is_empty(found.value):
        raise BuildError(
            f"fieldPath `{path}` is missing for replacement source {resource.id}", field="replacements.source.fieldPath"
        )
    options = source.get("options", {})
    delimiter = options.get("delimiter", "")
    if not delimiter:
        return found
    value = found.value
    if isinstance(value, (dict, list)):
        raise BuildError("delimiter option can only be used with scalar nodes", field="replacements.source.options")
    parts = written(value).split(delimiter)
    index = options.get("index", 0)
    if not 0 <= index < len(parts):
        # The value may be a secret's: it stays out of the message.
        raise BuildError(f"options.index {index} is out of bounds", field="replacements.source.options")
    return Slot([retagged(parts[index], value)], 0)


def _identities(resource: Resource) -> list[ResId]:
    return [resource.id._replace(cluster=False), *resource.previous_ids]


def _select_source(source: Config, resources: ResMap) -> Resource:
    wanted = ResId(
        Gvk(source.get("group", ""), source.get("version", ""), source.get("kind", "")),
        source.get("name", ""),
        source.get("namespace", ""),
    )

    def selected(known: ResId) -> bool:
        return (
            (not wanted.name or wanted.name == known.name)
            and (not wanted.namespace or wanted.same_namespace(known))
            and wanted.gvk.selects(known.gvk)
        )

    matches = [resource for resource in resources if any(map(selected, _identities(resource)))]
    if len(matches) == 1:
        return matches[0]
    problem = "multiple matches for selector" if matches else "nothing selected by"
    raise BuildError(f"{problem} {wanted}", field="replacements.source", fix="name kind, name and namespace")


class _Target:
    """One entry of `targets`."""

    def __init__(self, config: Config, budget: Budget) -> None:
        self._budget = budget
        if "select" not in config:
            raise BuildError("target must specify resources to select", field="replacements.targets")
        self._select = Selector(config["select"])
        self._rejects = [Selector(reject) for reject in config.get("reject", ())]
        self._paths = config.get("fieldPaths") or [_DEFAULT_PATH]
        self._options: Mapping[str, Any] = config.get("options", {})

    def put(self, source: Slot, resources: ResMap) -> None:
        """Put the value into every field of every object that is selected."""
        for resource in resources:
            if self._selects(resource):
                for path in self._paths:
                    parts = split_field_path(path)
                    if self._put_inside_text(resource, parts, source.value):
                        continue
                    size = check_size(source.value, resource.id)
                    for slot in self._slots(resource, path, parts, source.value):
                        self._budget.add(size)
                        self._set(slot, source.value)
                    if not isinstance(source.value, str):
                        check_size(resource.obj, resource.id)

    def _put_inside_text(self, resource: Resource, parts: list[str], value: Any) -> bool:
        """Whether the path led through a text that is JSON or YAML itself, and the value is now in there."""
        for length in range(1, len(parts)):
            try:
                found = lookup_slot(Slot([resource.obj], 0), parts[:length])
            except BuildError:
                continue
            if found is not None and isinstance(found.value, str):
                return self._put_inside(found, parts[length:], value)
        return False

    def _put_inside(self, slot: Slot, parts: list[str], value: Any) -> bool:
        original = written(slot.value)
        is_json = original.lstrip()[:1] in ("{", "[")
        try:
            document = Slot([parse_text(original)], 0)
            inner = find(document, parts, self._maker(value))
            for found in inner:
                found.set(_changed(found.value, value, is_json=is_json))
            serialized = (_json_text if is_json else reprint)(document.value, original) if inner else ""
        except BuildError:
            return False
        if inner:
            self._budget.add(len(serialized))
            slot.set(retagged(serialized, slot.value))
        return bool(inner)

    def _maker(self, value: Any) -> Maker | None:
        def make() -> Any:
            return {} if isinstance(value, dict) else [] if isinstance(value, list) else Tagged("", UNTAGGED)

        return make if self._options.get("create") else None

    def _selects(self, resource: Resource) -> bool:
        if not self._select.matches_strings(resource):
            return False
        identities = _identities(resource)
        for reject in self._rejects:
            if reject.has_selectors and reject.matches_strings(resource):
                return False
            if not reject.names_nothing and any(map(reject.matches_id, identities)):
                return False
        return any(map(self._select.matches_id, identities))

    def _slots(self, resource: Resource, path: str, parts: list[str], value: Any) -> list[Slot]:
        verb = "find or create" if self._options.get("create") else "find"
        try:
            found = find(Slot([resource.obj], 0), parts, self._maker(value))
        except BuildError as error:
            raise resource.build_error(
                f'unable to {verb} field "{path}" in replacement target: {error.problem}'
            ) from error
        if not found:
            raise resource.build_error(
                f'unable to {verb} field "{path}" in replacement target',
                fix="correct fieldPaths, or set options.create",
            )
        return found

    def _set(self, slot: Slot, value: Any) -> None:
        """A scalar takes the text and keeps its own type; anything else is replaced."""
        present = slot.value
        delimiter = self._options.get("delimiter", "")
        if not isinstance(present, str):
            if delimiter:
                raise BuildError("delimiter option can only be used with scalar nodes", field="replacements.targets")
            slot.set(copy_node(value))
            return
        new = self._spliced(written(present), written(value), delimiter) if delimiter else written(value)
        self._budget.add(len(new))
        slot.set(retagged(new, present))

    def _spliced(self, present: str, written: str, delimiter: str) -> str:
        parts = present.split(delimiter)
        index = self._options.get("index", 0)
        if index < 0:
            parts.insert(0, written)
        elif index >= len(parts):
            parts.append(written)
        else:
            parts[index] = written
        return delimiter.join(parts)


def _changed(present: Any, value: Any, *, is_json: bool) -> Any:
    """What stands in a text that is JSON or YAML from now on: a scalar keeps its type."""
    if not isinstance(present, str):
        return copy_node(value)
    new = retagged(written(value), present)
    # Printed in JSON, nothing at all is a string.
    return "" if is_json and not new and tag_of(new) == UNTAGGED else new


def _json_text(document: Any, original: str) -> str:
    """JSON over one line, or over several as it was."""
    indented = "\n" in original and "  " in original
    return go_json_indented(values(document)) if indented else go_json(values(document))


def replacement_transformer(config: Config, files: Files) -> Replacements:
    """`replacements`, inline or from files that hold one or a list."""
    return Replacements(
        [replacement for entry in config.get("replacements", ()) for replacement in _loaded(entry, files)]
    )


def _loaded(entry: Config, files: Files) -> Iterator[Config]:
    path = entry.get("path", "")
    if not path:
        yield entry
        return
    if "source" in entry or entry.get("targets"):
        raise BuildError("cannot specify both path and inline replacement", path=files.root, field="replacements")
    for document in files.documents(path, "replacements"):
        for raw in document if isinstance(document, list) else [document]:
            yield REPLACEMENT.read(raw, Place(files.path(path), strict=False))
