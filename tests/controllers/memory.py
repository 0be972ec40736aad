"""One kind of objects in memory: an API and its cache in one, for controllers on virtual time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine import errors
from engine.kube.types import Object, PatchType, ResourceType


class Memory:
    """Merge patches, optimistic locking, generations, finalizers, and a cache that may lag on purpose."""

    def __init__(self) -> None:
        self._live: dict[tuple[str, str, str], Object] = {}
        self._seen: dict[tuple[str, str, str], Object] = {}
        self._handlers: list[Callable[[str, Object | None, Object | None], None]] = []
        self._version = 100
        #: Every write that was accepted: (verb, resource/subresource, body).
        self.writes: list[tuple[str, str, Any]] = []
        #: Called before each patch with its body; raises what the API server is to answer.
        self.before_patch: Callable[[Any], None] = lambda body: None
        self.lagging = False

    # ---- the API

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        return copy.deepcopy(self._find(res.plural, namespace, name))

    async def create(self, res: ResourceType, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        return self.put(obj, plural=res.plural)

    async def patch(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: Any,
        *,
        type: PatchType,  # noqa: A002
        manager: str,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        assert type is PatchType.MERGE
        self.before_patch(body)
        live = self._find(res.plural, namespace, name)
        locked = (body.get("metadata") or {}).get("resourceVersion")
        if locked is not None and locked != live["metadata"]["resourceVersion"]:
            raise errors.Conflict(f'Operation cannot be fulfilled on {res.plural} "{name}"')
        new = merged(live, body)
        if subresource:
            new = {**copy.deepcopy(live), "status": new.get("status")}
        else:
            new["status"] = live.get("status")
        new["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        if new == live:
            return copy.deepcopy(live)
        self.writes.append(("patch", f"{res.plural}/{subresource}".rstrip("/"), body))
        return self._store(res.plural, live, new)

    async def apply(self, res: ResourceType, obj: Object, **_: Any) -> Object:
        raise NotImplementedError

    async def delete(self, res: ResourceType, namespace: str, name: str, **_: Any) -> Object:
        live = self._find(res.plural, namespace, name)
        if live["metadata"].get("finalizers"):
            new = copy.deepcopy(live)
            new["metadata"] |= {
                "deletionTimestamp": "2026-11-21T12:00:00Z",
                "generation": live["metadata"]["generation"] + 1,
            }
            return self._store(res.plural, live, new)
        return self._remove(res.plural, live)

    # ---- the cache, of all kinds together

    def cache(self, res: ResourceType) -> Cache:
        return Cache(self, res.plural)

    def catch_up(self) -> None:
        """Let the cache see what was written while it lagged."""
        self.lagging = False
        for key in {**self._live, **self._seen}:
            self._show(key)

    # ---- for tests

    def put(self, obj: Object, plural: str) -> Object:
        """Create, or replace the spec and metadata like somebody with kubectl."""
        metadata = obj["metadata"]
        key = (plural, metadata.get("namespace", ""), metadata["name"])
        live = self._live.get(key)
        if live is None:
            new = {"status": {"observedGeneration": -1}, **copy.deepcopy(obj)}
            new["metadata"] = {**new["metadata"], "generation": 1, "uid": f"uid-{self._version}"}
        else:
            new = merged(live, obj)
            if new.get("spec") != live.get("spec"):
                new["metadata"]["generation"] += 1
        return self._store(plural, live, new)

    def live(self, plural: str, namespace: str, name: str) -> Object | None:
        return self._live.get((plural, namespace, name))

    def _find(self, plural: str, namespace: str, name: str) -> Object:
        try:
            return self._live[plural, namespace, name]
        except KeyError:
            text = f'{plural} "{name}" not found'
            raise errors.NotFound(text, status={"message": text, "code": 404}) from None

    def _store(self, plural: str, live: Object | None, new: Object) -> Object:
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            return self._remove(plural, new)
        self._version += 1
        new["metadata"]["resourceVersion"] = str(self._version)
        key = (plural, new["metadata"].get("namespace", ""), new["metadata"]["name"])
        self._live[key] = new
        if not self.lagging:
            self._show(key)
        return copy.deepcopy(new)

    def _remove(self, plural: str, live: Object) -> Object:
        key = (plural, live["metadata"].get("namespace", ""), live["metadata"]["name"])
        del self._live[key]
        if not self.lagging:
            self._show(key)
        return copy.deepcopy(live)

    def _show(self, key: tuple[str, str, str]) -> None:
        old, new = self._seen.get(key), self._live.get(key)
        if new is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = copy.deepcopy(new)
        kind = "added" if old is None else "deleted" if new is None else "modified"
        for handler in list(self._handlers):
            handler(kind, old, self._seen.get(key))


class Cache:
    """What `Memory` has shown of one kind."""

    def __init__(self, memory: Memory, plural: str) -> None:
        self._memory = memory
        self._plural = plural

    def get(self, namespace: str, name: str) -> Object | None:
        return self._memory._seen.get((self._plural, namespace, name))

    def objects(self) -> Iterable[Object]:
        return [obj for (plural, _, _), obj in self._memory._seen.items() if plural == self._plural]

    def subscribe(self, handler: Callable[[str, Object | None, Object | None], None]) -> Callable[[], None]:
        self._memory._handlers.append(handler)
        return lambda: self._memory._handlers.remove(handler)

    async def synced(self) -> None:
        return None


class Recorder:
    """Events as (type, reason, message)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.annotations: list[dict[str, str]] = []

    async def event(
        self,
        obj: Object,
        type: str,  # noqa: A002
        reason: str,
        message: str,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        self.events.append((type, reason, message))
        self.annotations.append(dict(annotations or {}))


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    out = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merged(out.get(key), value)
    return copy.deepcopy(out)
