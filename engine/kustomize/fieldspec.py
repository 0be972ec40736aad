"""Where in which kinds of objects a transformer works: `path` with `create`, `group`, `version` and `kind`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from engine.kustomize.errors import BuildError
from engine.kustomize.ids import Gvk, gvk_of
from engine.kustomize.nodes import Tagged, is_null, kind_of, put, written

#: Matches every kind.
ANY: Final = Gvk()

Setter = Callable[[Any], Any]
#: Makes the node at the end of a path that had to be created, from the text of the null that stood there.
Make = Callable[[str], Any]
ORDER_FIRST: Final = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service",
    "LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet",
    "CronJob", "PodDisruptionBudget",
)  # fmt: skip
ORDER_LAST: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_RANK: Final = {
    **{kind: index - len(ORDER_FIRST) for index, kind in enumerate(ORDER_FIRST)},
    **{kind: index + 1 for index, kind in enumerate(ORDER_LAST)},
}


def gvk_order(gvk: Gvk) -> tuple[int, str]:
    """Kustomize's order among kinds."""
    return _RANK.get(gvk.kind, 0), f"{gvk.group or '~G'}_{gvk.version or '~V'}_{gvk.kind or '~K'}"


class FieldSpec(NamedTuple):
    """One place: `path` is a/b[]/c, `create` makes what is missing on the way."""

    path: str
    gvk: Gvk = ANY
    create: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> FieldSpec:
        """From its YAML form."""
        return cls(
            str(raw.get("path", "")),
            Gvk(str(raw.get("group", "")), str(raw.get("version", "")), str(raw.get("kind", ""))),
            create=bool(raw.get("create", False)),
        )


def split_path(path: str, separator: str = "/") -> list[str]:
    r"""The parts of a path; a backslash before the separator makes it part of a name."""
    raw = path.split(separator)
    if len(raw) > 1 and raw[0] == "":
        raw = raw[1:]
    parts = [raw[0]]
    for part in raw[1:]:
        if parts[-1].endswith("\\"):
            parts[-1] = parts[-1][:-1] + separator + part
        else:
            parts.append(part)
    return parts


def merge_specs(base: Iterable[FieldSpec], more: Iterable[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Both lists; a place that is covered already is not added twice."""
    merged = list(base)
    for spec in more:
        known = next((old for old in merged if old.path == spec.path and spec.gvk.selects(old.gvk)), None)
        if known is None:
            merged.append(spec)
        elif known.create != spec.create:
            raise BuildError(
                f"conflicting field specs for {spec.path}: create is {known.create} and {spec.create}",
                field="fieldSpecs",
            )
    return tuple(merged)


def mapping(text: str) -> dict[str, Any]:
    """An empty mapping, as a `Make`."""
    del text
    return {}


class FieldPath:
    """Walks one FieldSpec through objects and replaces what it finds there."""

    __slots__ = ("_create", "_gvk", "_make", "_parts", "path")

    def __init__(self, spec: FieldSpec, make: Make | None = None) -> None:
        """Without `make` nothing is created."""
        self.path = spec.path
        self._gvk = spec.gvk
        self._create = spec.create and make is not None
        self._make = make or mapping
        parts = split_path(spec.path)
        #: Name, whether a list is there, whether it is the last one.
        self._parts = [
            (part.removesuffix("[]"), part.endswith("[]"), position == len(parts))
            for position, part in enumerate(parts, start=1)
        ]

    def apply(self, obj: dict[str, Any], update: Setter) -> None:
        """Replace every value at this place by `update(value)`; a missing place is left alone unless `create`."""
        if self.selects(gvk_of(obj)):
            self.put(obj, update)

    def selects(self, gvk: Gvk) -> bool:
        """Whether the spec is for objects of this type."""
        return self._gvk.selects(gvk)

    def put(self, obj: dict[str, Any], update: Setter) -> None:
        """The same for an object that is known to be selected."""
        self._walk(obj, 0, update, obj)

    def _walk(self, node: Any, position: int, update: Setter, obj: dict[str, Any]) -> None:
        """From level to level; only a list branches, so only there it calls itself."""
        while node.__class__ is dict:
            name, is_list, last = self._parts[position]
            if not name:
                raise BuildError(f"the path {self.path} has an empty part", field="fieldSpecs")
            value = node.get(name)
            if value is None:
                if is_list or not self._create:
                    return
                value = node[name] = self._make("") if last else {}
            elif (is_list or self._create) and value.__class__ is Tagged and is_null(value):
                value = node[name] = [] if is_list else self._make(written(value)) if last else {}
            if last:
                updated = update(value)
                if updated is not value:
                    put(node, name, updated)
                return
            node = value
            position += 1
        if node.__class__ is list:
            for item in node:
                self._walk(item, position, update, obj)
        elif not is_null(node):
            raise self._misfit(node, obj)

    def _misfit(self, node: Any, obj: dict[str, Any]) -> BuildError:
        metadata = obj.get("metadata")
        name = metadata.get("name", "") if isinstance(metadata, dict) else ""
        return BuildError(
            f"{obj.get('kind')} {name} has {kind_of(node)} on the path {self.path} where a mapping or list is expected",
            field=self.path,
        )


class FieldPaths:
    """Several places; which of them an object's type has is found out once a type."""

    __slots__ = ("_by_type", "_paths")

    def __init__(self, paths: Iterable[FieldPath]) -> None:
        self._paths = tuple(paths)
        self._by_type: dict[Gvk, tuple[FieldPath, ...]] = {}

    def apply(self, obj: dict[str, Any], update: Setter) -> None:
        """Replace every value at every place, in the order of the places."""
        gvk = gvk_of(obj)
        selected = self._by_type.get(gvk)
        if selected is None:
            selected = self._by_type[gvk] = tuple(path for path in self._paths if path.selects(gvk))
        for path in selected:
            path.put(obj, update)
