"""An object under construction and what it was called before."""

from __future__ import annotations

from enum import Enum
from typing import Any

from engine.kustomize.errors import BuildError
from engine.kustomize.ids import Gvk, ResId, gvk_of, id_of, text
from engine.kustomize.origin import Origin

Object = dict[str, Any]
#: By identity of the mapping and key; the mappings are kept so that identities stay theirs.
Blanks = dict[tuple[int, str], Object]


class Behavior(Enum):
    """What a generator does when the object exists already."""

    UNSPECIFIED = ""
    CREATE = "create"
    REPLACE = "replace"
    MERGE = "merge"


class Resource:
    """One object with its history: earlier ids, prefixes and suffixes, and how it came to be.

    kustomize keeps these as internal annotations; here they never touch the object, so patches,
    hashes and selectors see only what is the object's own.
    """

    __slots__ = (
        "allow_kind_change",
        "allow_name_change",
        "behavior",
        "blanks",
        "needs_hash",
        "obj",
        "origin",
        "prefixes",
        "previous",
        "suffixes",
        "transformations",
        "var_names",
    )

    def __init__(self, obj: Object, *, origin: Origin | None = None) -> None:
        self.obj = obj
        self.origin = origin
        self.transformations: list[Origin] = []
        #: Earlier (namespace, name, kind), oldest first; namespaces are effective ones.
        self.previous: list[tuple[str, str, str]] = []
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.behavior = Behavior.UNSPECIFIED
        self.needs_hash = False
        self.allow_name_change = False
        self.allow_kind_change = False
        self.var_names: list[str] = []
        #: Fields that are null because nothing is written there; the first strategic merge removes them.
        self.blanks: Blanks | None = None

    @property
    def gvk(self) -> Gvk:
        """Group, version and kind as they stand."""
        return gvk_of(self.obj)

    @property
    def id(self) -> ResId:
        """The identity as it stands."""
        return id_of(self.obj)

    @property
    def previous_ids(self) -> list[ResId]:
        """Earlier identities, oldest first."""
        if not self.previous:
            return []
        group, version, _ = self.gvk
        return [ResId(Gvk(group, version, kind), name, namespace) for namespace, name, kind in self.previous]

    @property
    def original_id(self) -> ResId:
        """The first identity."""
        if not self.previous:
            return self.id
        namespace, name, kind = self.previous[0]
        group, version, _ = self.gvk
        return ResId(Gvk(group, version, kind), name, namespace)

    def was_called(self, name: str) -> bool:
        """Whether this is the name, or once was."""
        return self.name == name or name in [earlier for _, earlier, _ in self.previous]

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
        return text(self.obj.get("kind"))

    @property
    def metadata(self) -> Object:
        """metadata; an empty dict that is not the object's when it has none."""
        found = self.obj.get("metadata")
        return found if isinstance(found, dict) else {}

    def own_metadata(self) -> Object:
        """metadata, made when missing."""
        found = self.obj.get("metadata")
        if not isinstance(found, dict):
            found = self.obj["metadata"] = {}
        return found

    def strings(self, field: str) -> dict[str, str]:
        """Labels or annotations as text; a null is the word, unless nothing is written there."""
        found = self.metadata.get(field)
        if not isinstance(found, dict):
            return {}
        blanks = self.blanks or {}
        return {
            key: "null" if value is None and (id(found), key) not in blanks else text(value)
            for key, value in found.items()
        }

    def check_identity(self) -> None:
        """A BuildError when a change has left the object without kind or name; one without anything is deleted."""
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

    def set_strings(self, field: str, values: dict[str, str]) -> None:
        """Set labels or annotations; none removes the field."""
        if values:
            self.own_metadata()[field] = values
        else:
            self.metadata.pop(field, None)

    def set_name(self, name: str) -> None:
        """Set metadata.name."""
        self.own_metadata()["name"] = name

    def set_namespace(self, namespace: str) -> None:
        """Set metadata.namespace, or remove it."""
        if namespace:
            self.own_metadata()["namespace"] = namespace
        else:
            self.metadata.pop("namespace", None)

    def remember(self) -> None:
        """Keep the identity as it stands among the earlier ones."""
        current = self.id
        self.previous.append((current.effective_namespace, current.name, current.gvk.kind))

    def copy_history(self, other: Resource) -> None:
        """Take over the other's identity trail."""
        self.previous = list(other.previous)
        self.prefixes = list(other.prefixes)
        self.suffixes = list(other.suffixes)
        self.var_names = list(other.var_names)

    def same_prefixes_and_suffixes(self, other: Resource, *, allow_empty: bool) -> bool:
        """Whether the shorter trail of each ends the longer one (or one is empty, if that is allowed)."""
        return _same_ending(self.prefixes, other.prefixes, allow_empty=allow_empty) and _same_ending(
            self.suffixes, other.suffixes, allow_empty=allow_empty
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
