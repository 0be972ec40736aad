"""The embedded API server from the inside: what a controller that lives in the same process uses.

Every call goes through the same pipeline as an HTTP request (defaults, validation, field ownership, storage), as the
one field manager that the facade was made with. Calls are synchronous: they answer from memory and a write is queued
for the disk, in order. Objects handed out are shared with the store: copy before changing (`copy.deepcopy`).

Failures are `engine.embedded.status.ApiError`; `error.code` is the HTTP code (404, 409, 422, …) and `error.status`
the metav1.Status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.embedded.core import Core

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One stored write: ADDED, MODIFIED or DELETED, the object after (or as it last was) and before it."""

    type: str
    object: Object
    old: Object | None


Callback = Callable[[Change], None]


class Facade:
    """Reads and writes as one field manager; `namespace` is "" for cluster-scoped objects."""

    def __init__(self, core: Core, *, manager: str) -> None:
        self._core = core
        self._manager = manager

    def get(self, group_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """The object, with apiVersion and kind, or None when it, or its kind, is not there."""
        return self._core.read(group_version, kind, namespace, name)

    def list(
        self, group_version: str, kind: str, namespace: str = "", *, labels: Mapping[str, str] | None = None
    ) -> list[Object]:
        """All objects of a kind, in the namespace or in all, that carry these labels; [] for an unknown kind."""
        return self._core.read_all(group_version, kind, namespace, labels or {})

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` in the server's loop for every write from now on, of every kind; returns what ends it.

        Calls come in the order of resourceVersion, after the write itself has returned. What was there before is
        not told: list it after subscribing. A callback must not raise.
        """
        return self._core.subscribe(callback)

    def create(self, obj: Object) -> Object:
        """Create; `metadata.generateName` works; AlreadyExists is an ApiError with code 409."""
        return self._core.create_object(obj, manager=self._manager)

    def update(self, obj: Object) -> Object:
        """Replace all but the status; a `metadata.resourceVersion` in `obj` must be the stored one."""
        return self._core.replace_object(obj, manager=self._manager)

    def patch(self, group_version: str, kind: str, namespace: str, name: str, body: Object) -> Object:
        """Merge-patch (RFC 7386) all but the status; a write that changes nothing stores nothing."""
        return self._core.merge_object(group_version, kind, namespace, name, body, manager=self._manager)

    def patch_status(self, group_version: str, kind: str, namespace: str, name: str, status: Object) -> Object:
        """Merge-patch the status with `status`; null removes a field, a list replaces the whole list."""
        return self._core.merge_object(
            group_version, kind, namespace, name, {"status": status}, manager=self._manager, subresource="status"
        )

    def delete(
        self,
        group_version: str,
        kind: str,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        propagation: str = "Background",
    ) -> None:
        """Delete; with finalizers left only deletionTimestamp is set. A missing object is no failure.

        With `uid` only that very object is deleted. Pods go at once (a grace period of 0 seconds).
        """
        self._core.delete_object(group_version, kind, namespace, name, uid=uid, propagation=propagation)

    def finalize_namespace(self, name: str) -> None:
        """Take `kubernetes` out of a namespace's spec.finalizers: the last step of its termination."""
        self._core.finalize_namespace(name)

    def kinds(self) -> tuple[tuple[str, str, bool], ...]:
        """Every stored kind once, as (group_version, kind, namespaced), custom resources included."""
        return self._core.stored_kinds()
