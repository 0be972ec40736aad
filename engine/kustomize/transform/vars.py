"""vars: $(NAME) in some fields becomes the value of another object's field. Resolved once, at the root."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldpath import lookup, split_field_path
from engine.kustomize.fieldspec import FieldPath, FieldPaths, FieldSpec
from engine.kustomize.ids import Gvk, ResId, split_api_version, text
from engine.kustomize.resmap import ResMap
from engine.kustomize.schemas import is_cluster_scoped

_INDEXED: Final = re.compile(r"(.+)\[(\d+)\]")
#: $$ stands for $; an unclosed $( stays.
_REFERENCE: Final = re.compile(r"\$(?:(\$)|\(([^)]*)\))", re.DOTALL)


class Var(NamedTuple):
    """A name for a field of an object."""

    name: str
    target: ResId
    field_path: str

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Var:
        """From its YAML form."""
        ref = config.get("objref", {})
        group, version = split_api_version(ref["apiVersion"]) if ref.get("apiVersion") else ("", "")
        gvk = Gvk(group or ref.get("group", ""), version or ref.get("version", ""), ref.get("kind", ""))
        field = config.get("fieldref", {})
        return cls(
            config.get("name", ""),
            ResId(gvk, ref.get("name", ""), ref.get("namespace", ""), is_cluster_scoped(gvk.api_version, gvk.kind)),
            field.get("fieldPath") or field.get("fieldpath") or "metadata.name",
        )

    def means(self, known: ResId) -> bool:
        """Whether an identity is the one that is referred to."""
        if self.target.namespace or self.target.cluster:
            return self.target.same(known)
        return self.target.name == known.name and self.target.gvk == known.gvk


class Vars:
    """The vars that a build has gathered."""

    def __init__(self) -> None:
        self._vars: dict[str, Var] = {}

    def merge(self, incoming: Iterable[Var]) -> None:
        """Add vars; a name may come once only."""
        for var in incoming:
            if var.name in self._vars:
                raise BuildError(f"var '{var.name}' already encountered", field="vars", fix="rename one of the two")
            self._vars[var.name] = var

    def __iter__(self) -> Any:
        return iter(self._vars.values())

    def bind(self, incoming: Iterable[Var], resources: ResMap) -> None:
        """Note on the objects that they are referred to, and add the vars."""
        bound = list(incoming)
        for var in bound:
            found = resources.matching_any_id(var.target.name, var.means)
            if len(found) > 1:
                raise BuildError(
                    f"found {len(found)} resId matches for var {var.name} (unable to disambiguate)",
                    field="vars",
                    fix="name the namespace in objref",
                )
            for resource in found:
                resource.var_names.append(var.name)
        self.merge(bound)

    def resolve(self, resources: ResMap, specs: Iterable[FieldSpec]) -> None:
        """Replace every reference in the fields that may hold one."""
        if not self._vars:
            return
        values = {var.name: _value(var, resources) for var in self._vars.values()}
        paths = FieldPaths(FieldPath(spec) for spec in specs)
        for resource in resources:
            paths.apply(resource.obj, lambda value: _expanded(value, values))


def _value(var: Var, resources: ResMap) -> Any:
    for resource in resources:
        if var.name in resource.var_names:
            parts: list[str] = []
            for part in split_field_path(var.field_path):
                indexed = _INDEXED.fullmatch(part)
                parts.extend(indexed.groups() if indexed else (part,))
            value = lookup(resource.obj, parts)
            if value is None:
                raise BuildError(
                    f"field specified in var '{var.name}' not found in corresponding resource {resource.id}",
                    field="vars",
                )
            return value
    raise BuildError(
        f"var '{var.name}' cannot be mapped to a field in the set of known resources",
        field="vars",
        fix="check objref, or add the object",
    )


def _expanded(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _in_text(child, values) for key, child in value.items()}
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise BuildError("invalid value type expect a string", field="vars")
        return [_in_text(item, values) for item in value]
    return _in_text(value, values)


def _in_text(value: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None and whole[2] is not None:
        return _mapped(whole[2], values)
    return _REFERENCE.sub(lambda found: found[1] or text(_mapped(found[2], values)), value)


def _mapped(name: str, values: Mapping[str, Any]) -> Any:
    value = values.get(name)
    return f"$({name})" if value is None or isinstance(value, (dict, list)) else value
