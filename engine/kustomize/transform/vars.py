"""vars: $(NAME) in some fields becomes the value of another object's field. Resolved once, at the root."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldpath import lookup, split_field_path
from engine.kustomize.fieldspec import FieldPath, FieldPaths, FieldSpec
from engine.kustomize.ids import Gvk, ResId, split_api_version
from engine.kustomize.limits import Budget
from engine.kustomize.nodes import BOOL, FLOAT, INT, Tagged, is_string, overwrite, tag_of, written
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
            paths.apply(resource.obj, lambda value: _expanded(value, values, resources.budget))


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
            return _read(value, var)
    raise BuildError(
        f"var '{var.name}' cannot be mapped to a field in the set of known resources",
        field="vars",
        fix="check objref, or add the object",
    )


#: What kustomize takes for a number when it reads one for a var: no hexadecimal, no underscores.
_NUMBERS: Final = {
    INT: re.compile(r"[-+]?[0-9]+", re.ASCII),
    FLOAT: re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", re.ASCII),
}


def _read(node: Any, var: Var) -> Any:
    """The scalar that a var stands for, its number in plain digits; a mapping or list stays."""
    if not isinstance(node, str):
        return node
    tag = tag_of(node)
    written_as = _NUMBERS.get(tag)
    if written_as is None:
        return Tagged(node.lower(), BOOL) if tag == BOOL else written(node)
    if written_as.fullmatch(node) is None:
        raise BuildError(f"field specified in var '{var.name}' is no decimal number", field="vars")
    return Tagged(str(int(node)) if tag == INT else format(Decimal(repr(float(node))), "f"), tag)


def _expanded(node: Any, scalars: Mapping[str, Any], budget: Budget) -> Any:
    if isinstance(node, dict):
        for key, child in node.items():
            expanded = _in_text(child, scalars, budget)
            if expanded is not child:
                overwrite(node, key, expanded)
        return node
    if isinstance(node, list):
        if not all(map(is_string, node)):
            raise BuildError("invalid value type expect a string", field="vars")
        node[:] = [_in_text(item, scalars, budget) for item in node]
        return node
    return _in_text(node, scalars, budget)


def _in_text(node: Any, scalars: Mapping[str, Any], budget: Budget) -> Any:
    if not is_string(node) or "$" not in node:
        return node
    whole = _REFERENCE.fullmatch(node)
    if whole is not None and whole[2] is not None:
        return _mapped(whole[2], scalars)

    def value_of(found: re.Match[str]) -> str:
        text = found[1] or written(_mapped(found[2], scalars))
        budget.add(len(text))
        return text

    return _REFERENCE.sub(value_of, node)


def _mapped(name: str, scalars: Mapping[str, Any]) -> Any:
    value = scalars.get(name)
    return value if isinstance(value, str) else f"$({name})"
