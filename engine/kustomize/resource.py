"""An object under construction and what it was called before."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.ids import Gvk, ResId, gvk_of, id_of
from engine.kustomize.keys import is_text
from engine.kustomize.nodes import UNTAGGED, Tagged, put, text, untagged, written

Object = dict[str, Any]

_DOMAIN: Final = "internal.config.kubernetes.io/"
PREVIOUS_NAMES: Final = f"{_DOMAIN}previousNames"
PREVIOUS_NAMESPACES: Final = f"{_DOMAIN}previousNamespaces"
PREVIOUS_KINDS: Final = f"{_DOMAIN}previousKinds"
PREFIXES: Final = f"{_DOMAIN}prefixes"
SUFFIXES: Final = f"{_DOMAIN}suffixes"
BEHAVIOR: Final = f"{_DOMAIN}generatorBehavior"
NEEDS_HASH: Final = f"{_DOMAIN}needsHashSuffix"
ALLOW_NAME_CHANGE: Final = f"{_DOMAIN}allowNameChange"
ALLOW_KIND_CHANGE: Final = f"{_DOMAIN}allowKindChange"
FROM_HELM: Final = f"{_DOMAIN}helm-generated"
ENABLED: Final = "enabled"
_LEGACY: Final = ("config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id")
#: Removed from the objects when they are built.
BUILD_ANNOTATIONS: Final = frozenset(
    (
        PREVIOUS_NAMES,
        PREVIOUS_NAMESPACES,
        PREVIOUS_KINDS,
        PREFIXES,
        SUFFIXES,
        BEHAVIOR,
        NEEDS_HASH,
        ALLOW_NAME_CHANGE,
        ALLOW_KIND_CHANGE,
        FROM_HELM,
        *(
            _DOMAIN + name
            for name in ("refBy", "path", "index", "seqindent", "id", "annotations-migration-resource-id")
        ),
        *_LEGACY,
    )
)


def is_internal(annotation: str) -> bool:
    """Whether an annotation is kustomize's own; JSON patches do not remove these."""
    return annotation.startswith(_DOMAIN) or annotation in _LEGACY


class Behavior(Enum):
    """What a generator does when the object exists already."""

    UNSPECIFIED = ""
    CREATE = "create"
    REPLACE = "replace"
    MERGE = "merge"

    @classmethod
    def _missing_(cls, value: object) -> Behavior:
        """Any other word is as good as none."""
        return cls.UNSPECIFIED


@lru_cache(maxsize=8192)
def _trail(names: str, namespaces: str, kinds: str) -> tuple[tuple[str, str, str], ...]:
    """(name, namespace, kind) of every earlier identity, oldest first."""
    rows = [column.split(",") for column in (names, namespaces, kinds)]
    if len({len(row) for row in rows}) > 1:
        raise BuildError("number of previous names, namespaces and kinds not equal", field="metadata.annotations")
    return tuple(zip(*rows, strict=True))


class Resource:
    """One object; its history (earlier ids, prefixes, suffixes) is in annotations of its own, as kustomize keeps it.

    There patches see it, can remove it, and so cut the object off from the names it had.
    """

    __slots__ = ("obj", "var_names")

    def __init__(self, obj: Object) -> None:
        self.obj = obj
        self.var_names: list[str] = []

    @property
    def gvk(self) -> Gvk:
        """Group, version and kind as they stand."""
        return gvk_of(self.obj)

    @property
    def id(self) -> ResId:
        """The identity as it stands."""
        return id_of(self.obj)

    @property
    def previous(self) -> tuple[tuple[str, str, str], ...]:
        """Earlier (name, namespace, kind), oldest first; namespaces are effective ones."""
        annotations = self.annotations
        names = annotations.get(PREVIOUS_NAMES)
        if names is None:
            return ()
        return _trail(
            written(names),
            written(annotations.get(PREVIOUS_NAMESPACES)),
            written(annotations.get(PREVIOUS_KINDS)),
        )

    @property
    def previous_ids(self) -> list[ResId]:
        """Earlier identities, oldest first."""
        previous = self.previous
        if not previous:
            return []
        group, version, _ = self.gvk
        return [ResId(Gvk(group, version, kind), name, namespace) for name, namespace, kind in previous]

    @property
    def original_id(self) -> ResId:
        """The first identity."""
        previous = self.previous
        if not previous:
            return self.id
        name, namespace, kind = previous[0]
        group, version, _ = self.gvk
        return ResId(Gvk(group, version, kind), name, namespace)

    def was_called(self, name: str) -> bool:
        """Whether this is the name, or once was."""
        if self.name == name:
            return True
        names = self.annotations.get(PREVIOUS_NAMES)
        return names is not None and name in written(names).split(",")

    @property
    def name(self) -> str:
        """metadata.name."""
        return text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """metadata.namespace, or ""."""
        return text(self.metadata.get("namespace"))

    @property
    def kind(self) -> str:
        """The kind as it stands."""
        return written(self.obj.get("kind"))

    @property
    def metadata(self) -> Object:
        """metadata; an empty dict that is not the object's when it has none."""
        found = self.obj.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def annotations(self) -> dict[str, Any]:
        """metadata.annotations as they stand, kustomize's own among them; empty when there are none."""
        metadata = self.obj.get("metadata")
        found = metadata.get("annotations") if isinstance(metadata, dict) else None
        return found if isinstance(found, dict) else {}

    def own_metadata(self) -> Object:
        """metadata, made when missing."""
        found = self.obj.get("metadata")
        if not isinstance(found, dict):
            found = self.obj["metadata"] = {}
        return found

    def strings(self, field: str) -> dict[str, str]:
        """Labels or annotations as text, also those that are none."""
        found = self.metadata.get(field)
        return {key: written(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def check_identity(self) -> None:
        """A BuildError when changes have left the object without kind or name; one without anything is deleted."""
        obj = self.obj
        kind, metadata = obj.get("kind"), obj.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if (kind.__class__ is str and name.__class__ is str and kind and name) or not obj:
            return
        if not text(kind):
            raise BuildError("missing kind in object", field="kind", fix="keep kind, apiVersion and metadata.name")
        if not text(name) and not text(kind).endswith("List"):
            raise BuildError(
                f"missing metadata.name in a {text(kind)}", field="metadata.name", fix="let patches keep the name"
            )

    def set_strings(self, field: str, entries: Mapping[str, str]) -> None:
        """Make labels or annotations anew, of strings that stand nowhere else; none removes the field."""
        if entries:
            self.own_metadata()[field] = {
                key if is_text(key) else Tagged(key, UNTAGGED): entries[key] for key in entries
            }
        else:
            self.metadata.pop(field, None)

    def set_annotation(self, name: str, value: str) -> None:
        """Set one annotation beside the others."""
        metadata = self.own_metadata()
        present = metadata.get("annotations")
        if isinstance(present, dict):
            put(present, name, value)
        elif present.__class__ is list and present:
            raise self.build_error("metadata.annotations is a list, not a mapping")
        else:
            metadata["annotations"] = {name: value}

    def enable(self, name: str) -> None:
        """Set one of kustomize's own flags."""
        self.set_strings("annotations", {**self.strings("annotations"), name: ENABLED})

    def is_enabled(self, name: str) -> bool:
        """Whether one of kustomize's own flags is set."""
        return written(self.annotations.get(name)) == ENABLED

    def set_name(self, name: str) -> None:
        """Set metadata.name."""
        metadata = self.own_metadata()
        put(metadata, "name", untagged(name, metadata.get("name")) if "name" in metadata else name)

    def set_namespace(self, namespace: str) -> None:
        """Set metadata.namespace, or remove it."""
        if namespace:
            metadata = self.own_metadata()
            present = metadata.get("namespace")
            put(metadata, "namespace", namespace if present is None else untagged(namespace, present))
        else:
            self.metadata.pop("namespace", None)

    def remember(self) -> None:
        """Keep the identity as it stands among the earlier ones."""
        current = self.id
        self._append(PREVIOUS_NAMES, current.name)
        self._append(PREVIOUS_NAMESPACES, current.effective_namespace)
        self._append(PREVIOUS_KINDS, current.gvk.kind)

    def add_prefix(self, prefix: str) -> None:
        """Note that the name got a prefix."""
        self._append(PREFIXES, prefix)

    def add_suffix(self, suffix: str) -> None:
        """Note that the name got a suffix."""
        self._append(SUFFIXES, suffix)

    def _append(self, name: str, value: str) -> None:
        if not value:
            return
        annotations = self.annotations
        present = annotations.get(name)
        if present.__class__ is str:
            annotations[name] = f"{present},{value}"
        else:
            self.set_annotation(name, value if present is None else f"{written(present)},{value}")

    def _list(self, name: str) -> list[str]:
        present = self.annotations.get(name)
        return [] if present is None else written(present).split(",")

    @property
    def behavior(self) -> Behavior:
        """What the generator that made the object does when it exists already."""
        return Behavior(written(self.annotations.get(BEHAVIOR)))

    def same_prefixes_and_suffixes(self, other: Resource, *, allow_empty: bool) -> bool:
        """Whether the shorter trail of each ends the longer one (or one is empty, if that is allowed)."""
        return all(
            _same_ending(self._list(name), other._list(name), allow_empty=allow_empty) for name in (PREFIXES, SUFFIXES)
        )

    def build_error(self, message: str, *, fix: str = "") -> BuildError:
        """An error that names this object."""
        return BuildError(f"{self.id}: {message}", fix=fix)

    def __repr__(self) -> str:
        return f"Resource({self.id})"


def _same_ending(left: list[str], right: list[str], *, allow_empty: bool) -> bool:
    if not left or not right:
        return allow_empty or left == right
    shorter, longer = sorted((left, right), key=len)
    return longer[len(longer) - len(shorter) :] == shorter
