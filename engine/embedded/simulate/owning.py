"""Which objects a workload has, and how it loses pods: in bursts, so that requests come between."""

from __future__ import annotations

from collections.abc import Iterator

from engine.embedded.facade import Change
from engine.embedded.simulate.objects import Object, controller_uid, match_labels

#: More pods than this are never made for one owner: its status then says what there is.
MAX_PODS = 200
#: Creates and deletes in one go; the changes that they are bring the owner back for the rest.
BURST = 25

Kind = tuple[str, str]
Key = tuple[str, str]

POD: Kind = ("v1", "Pod")
REPLICA_SET: Kind = ("apps/v1", "ReplicaSet")
#: The kinds that controllers own.
OWNED = frozenset({POD, REPLICA_SET})


class Ownership:
    """Keys of owned objects by their controller's uid, and of those that nobody controls.

    What a simulator creates is noted at once, what others write when the change arrives; an object that is gone
    meanwhile is simply not found when it is read.
    """

    def __init__(self) -> None:
        self._owner: dict[tuple[Kind, Key], str] = {}
        self._keys: dict[tuple[str, Kind], dict[Key, None]] = {}

    def changed(self, change: Change) -> None:
        """Follow one stored write."""
        if change.type != "DELETED":
            self.note(change.object)
        elif (kind := _kind(change.object)) in OWNED:
            self._forget(kind, _key(change.object))

    def note(self, obj: Object) -> None:
        """An object is there, with the controller that it names."""
        kind = _kind(obj)
        if kind not in OWNED:
            return
        key, owner = _key(obj), controller_uid(obj)
        if self._owner.get((kind, key)) != owner:
            self._forget(kind, key)
            self._owner[kind, key] = owner
            self._keys.setdefault((owner, kind), {})[key] = None

    def of(self, uid: str, kind: Kind) -> tuple[Key, ...]:
        """Keys of what this controller owns, in the order they were noted."""
        return tuple(self._keys.get((uid, kind), ()))

    def orphans(self, owner: Object, kind: Kind) -> Iterator[Key]:
        """Keys in the owner's namespace that nobody controls."""
        namespace = owner["metadata"]["namespace"]
        return (key for key in tuple(self._keys.get(("", kind), ())) if key[0] == namespace)

    def _forget(self, kind: Kind, key: Key) -> None:
        owner = self._owner.pop((kind, key), None)
        if owner is not None:
            keys = self._keys[owner, kind]
            del keys[key]
            if not keys:
                del self._keys[owner, kind]


def selects(owner: Object, obj: Object) -> bool:
    """Whether the owner's matchLabels are all on the object; an empty selector selects nothing."""
    wanted = match_labels(owner)
    return bool(wanted) and wanted.items() <= (obj["metadata"].get("labels") or {}).items()


def _kind(obj: Object) -> Kind:
    return str(obj.get("apiVersion")), str(obj.get("kind"))


def _key(obj: Object) -> Key:
    return str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"])
