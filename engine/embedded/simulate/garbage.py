"""Garbage collection by owner references: background, foreground and orphan.

Keys are uids. The collector keeps who owns whom, and where each object is; whether one is still there is read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Cluster, Key, Object
from engine.embedded.simulate.loop import Route, Simulator
from engine.embedded.simulate.objects import is_deleting

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object is, by which it can be read again."""

    group_version: str
    kind: str
    namespace: str
    name: str


class Garbage(Simulator):
    """All kinds."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._places: dict[str, _Place] = {}
        self._owners: dict[str, tuple[str, ...]] = {}
        self._dependents: dict[str, set[str]] = {}

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Every kind."""
        return {self.ANY: self._seen}

    def _seen(self, change: Change) -> Iterable[Key]:
        """Keep the graph; look at owned objects, at those being deleted, and at the dependents of what is gone."""
        obj = change.object
        metadata = obj["metadata"]
        uid = str(metadata.get("uid") or "")
        owners = () if change.type == "DELETED" else tuple(o["uid"] for o in metadata.get("ownerReferences") or ())
        before = self._owners.get(uid, ())
        for owner in {*before} - {*owners}:
            self._dependents.get(owner, set()).discard(uid)
        for owner in {*owners} - {*before}:
            self._dependents.setdefault(owner, set()).add(uid)
        if change.type == "DELETED":
            self._places.pop(uid, None)
            self._owners.pop(uid, None)
            # Owners that wait for it may go now; what it owned must be looked at.
            return [("", other) for other in (*before, *self._dependents.pop(uid, ()))]
        if owners:
            self._owners[uid] = owners
        else:
            self._owners.pop(uid, None)
        place = _Place(obj["apiVersion"], obj["kind"], str(metadata.get("namespace") or ""), metadata["name"])
        self._places[uid] = place
        if is_deleting(obj):
            return [("", uid), *(("", owner) for owner in before)]
        return [("", uid)] if owners != before else ()

    def reconcile(self, key: Key) -> float | None:
        """One object: finish its deletion, or delete it when nobody owns it any more."""
        obj = self._read(key[1])
        if obj is None:
            return None
        finalizers = obj["metadata"].get("finalizers") or ()
        if is_deleting(obj):
            if ORPHAN in finalizers:
                self._orphan(obj)
            elif FOREGROUND in finalizers:
                self._delete_dependents_first(obj)
        elif obj["metadata"].get("ownerReferences"):
            self._check_owners(obj)
        return None

    def _read(self, uid: str) -> Object | None:
        place = self._places.get(uid)
        if place is None:
            return None
        obj = self.cluster.api.get(place.group_version, place.kind, place.namespace, place.name)
        return obj if obj is not None and obj["metadata"]["uid"] == uid else None

    def _check_owners(self, obj: Object) -> None:
        """Without any owner left it goes; references to owners that are gone go when another is there."""
        references = obj["metadata"]["ownerReferences"]
        solid: list[Object] = []
        waiting: list[Object] = []
        for reference in references:
            owner = self._owner(reference)
            if owner is not None:
                goes_first = is_deleting(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())
                (waiting if goes_first else solid).append(reference)
        if solid:
            if len(solid) < len(references):
                self._patch(obj, {"ownerReferences": solid})
        else:
            self._delete(obj, "Foreground" if waiting and self._blocking(obj) else "Background")

    def _blocking(self, obj: Object) -> bool:
        """Whether the object has dependents that hold up its own foreground deletion."""
        return bool(self._dependents.get(obj["metadata"]["uid"]))

    def _owner(self, reference: Object) -> Object | None:
        """The living object that a reference means; a kind that is not served counts as there, for nobody can tell."""
        owner = self._read(reference["uid"])
        if owner is not None:
            return owner
        group = reference["apiVersion"].rpartition("/")[0]
        kinds = self.cluster.api.kinds()
        served = any(known.rpartition("/")[0] == group and kind == reference["kind"] for known, kind, _ in kinds)
        return None if served else {"metadata": {"uid": reference["uid"]}}

    def _living(self, uid: str) -> list[Object]:
        """The dependents of an owner that are still there."""
        read = (self._read(dependent) for dependent in sorted(self._dependents.get(uid, ())))
        return [dependent for dependent in read if dependent is not None]

    def _delete_dependents_first(self, obj: Object) -> None:
        """Foreground: the owner waits for every dependent that blocks it, except those that somebody else keeps."""
        uid = obj["metadata"]["uid"]
        for dependent in self._living(uid):
            others = (r for r in dependent["metadata"].get("ownerReferences") or () if r["uid"] != uid)
            if not is_deleting(dependent) and not any(self._owner(reference) for reference in others):
                self._delete(dependent, "Foreground" if self._blocking(dependent) else "Background")
        if not any(is_deleting(dependent) and _blocks(dependent, uid) for dependent in self._living(uid)):
            self._drop(obj, FOREGROUND)

    def _orphan(self, obj: Object) -> None:
        """Set the dependents free, then let the owner go."""
        uid = obj["metadata"]["uid"]
        for dependent in self._living(uid):
            references = dependent["metadata"].get("ownerReferences") or ()
            left = [reference for reference in references if reference["uid"] != uid]
            self._patch(dependent, {"ownerReferences": left or None})
        self._drop(obj, ORPHAN)

    def _drop(self, obj: Object, finalizer: str) -> None:
        left = [name for name in obj["metadata"].get("finalizers") or () if name != finalizer]
        self._patch(obj, {"finalizers": left or None})

    def _patch(self, obj: Object, metadata: Object) -> None:
        own = obj["metadata"]
        body = {"metadata": metadata}
        self.cluster.api.patch(obj["apiVersion"], obj["kind"], own.get("namespace") or "", own["name"], body)

    def _delete(self, obj: Object, propagation: str) -> None:
        own = obj["metadata"]
        place = (obj["apiVersion"], obj["kind"], own.get("namespace") or "", own["name"])
        self.cluster.api.delete(*place, uid=own["uid"], propagation=propagation)


def _blocks(dependent: Object, uid: str) -> bool:
    """Whether the dependent holds up the foreground deletion of this owner."""
    references = dependent["metadata"].get("ownerReferences") or ()
    return any(reference["uid"] == uid and reference.get("blockOwnerDeletion") for reference in references)
