"""The API server without HTTP: store, registry and clock, and what its parts ask of one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.clock import Clock
from engine.embedded import builtin, convert, crds, metadata, patch, status
from engine.embedded.facade import Change, Object
from engine.embedded.options import DeleteOptions, WriteOptions
from engine.embedded.records import Event, Record
from engine.embedded.registry import Registry, Resource
from engine.embedded.schema import FieldError
from engine.embedded.store import Store
from engine.embedded.values import clone
from engine.embedded.verbs import delete, write

#: Namespaces that every cluster has.
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
NAMESPACE = "namespaces"
SERVICES = "services"


class Core:
    """Everything a request handler needs; the methods below `facade` are what engine.embedded.facade calls."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.registry = Registry()
        self.definitions = crds.Definitions(self)
        self._services = builtin.ServiceAllocator()

    def start(self) -> None:
        """Serve the stored definitions, and make the namespaces that every cluster has."""
        self.definitions.load()
        for record in self.store.records(SERVICES):
            self._services.adopt(record.obj)
        for name in NAMESPACES:
            if self.store.get(NAMESPACE, "", name) is None:
                obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                self.create_object(obj, manager=crds.MANAGER)

    def now(self) -> str:
        """Wall time as metadata writes it."""
        return metadata.timestamp(self.clock.now())

    def stored_as(self, resource: Resource) -> Resource:
        """The resource under whose type a write is judged: events of both groups are core/v1 Events."""
        return convert.stored_as(self.registry, resource)

    def put(self, resource: Resource, namespace: str, obj: Object) -> Record:
        """Store an object that went through the pipeline, and act on it where the server itself must."""
        record = self.store.put(resource.storage, namespace, obj["metadata"]["name"], obj)
        if resource.storage == crds.STORAGE:
            self.definitions.written(record)
        elif resource.storage == SERVICES:
            self._services.adopt(obj)
        return record

    def allocate(self, resource: Resource, obj: Object, live: Object | None) -> list[FieldError]:
        """Give a Service its address and ports, in place; what cannot be given."""
        return self._services.allocate(obj, live) if resource.storage == SERVICES else []

    def remove(self, record: Record) -> None:
        """Remove an object for good, and act on it where the server itself must."""
        last = self.store.delete(record)
        if record.storage == crds.STORAGE:
            self.definitions.removed(record)
        elif record.storage == SERVICES:
            self._services.release(record.obj)
        elif self.store.get(crds.STORAGE, "", record.storage) is not None:
            self.definitions.instance_removed(Event("DELETED", last, record))

    def delete_record(self, resource: Resource, record: Record) -> None:
        """Delete as the server itself does while it cleans up."""
        delete.delete(self, resource, record, DeleteOptions())

    def drop_finalizer(self, storage: str, namespace: str, name: str, finalizer: str) -> None:
        """Take one finalizer away; an object that waited only for it goes."""
        record = self.store.get(storage, namespace, name)
        if record is None:
            return
        obj = clone(record.obj)
        left = [one for one in obj["metadata"].get("finalizers") or () if one != finalizer]
        obj["metadata"]["finalizers"] = left
        if not left:
            del obj["metadata"]["finalizers"]
        resource = self._resource(record.obj)
        if left or not obj["metadata"].get("deletionTimestamp"):
            self.put(resource, namespace, obj)
        else:
            self.remove(record)

    # ---- facade

    def read(self, group_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """See Facade.get."""
        resource = self.registry.by_kind(group_version, kind)
        record = None if resource is None else self.store.get(resource.storage, namespace, name)
        return None if record is None or resource is None else convert.to_version(resource, record.obj)

    def read_all(self, group_version: str, kind: str, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """See Facade.list."""
        resource = self.registry.by_kind(group_version, kind)
        if resource is None:
            return []
        wanted = labels.items()
        return [
            convert.to_version(resource, record.obj)
            for record in self.store.records(resource.storage, namespace)
            if wanted <= (record.obj["metadata"].get("labels") or {}).items()
        ]

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """See Facade.subscribe."""

        def told(event: Event) -> None:
            callback(Change(event.type, event.record.obj, event.old.obj if event.old else None))

        return self.store.subscribe(told)

    def create_object(self, obj: Object, *, manager: str) -> Object:
        """See Facade.create."""
        resource = self._resource(obj)
        namespace = str(obj["metadata"].get("namespace") or "")
        return write.create(self, resource, namespace, clone(obj), WriteOptions(manager)).obj

    def replace_object(self, obj: Object, *, manager: str, subresource: str = "") -> Object:
        """See Facade.update."""
        resource = self._resource(obj)
        target = write.Target(
            resource, str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]), subresource
        )
        return write.replace(self, target, clone(obj), WriteOptions(manager), trusted=True).obj

    def merge_object(
        self,
        group_version: str,
        kind: str,
        namespace: str,
        name: str,
        body: Object,
        *,
        manager: str,
        subresource: str = "",
    ) -> Object:
        """See Facade.patch and Facade.patch_status."""
        resource = self._resource({"apiVersion": group_version, "kind": kind})
        target = write.Target(resource, namespace, name, subresource)
        return write.modify(self, target, lambda live: patch.merge_patch(live, body), WriteOptions(manager)).obj

    def delete_object(
        self, group_version: str, kind: str, namespace: str, name: str, *, uid: str, propagation: str
    ) -> None:
        """See Facade.delete."""
        resource = self._resource({"apiVersion": group_version, "kind": kind})
        record = self.store.get(resource.storage, namespace, name)
        if record is None or (uid and record.obj["metadata"]["uid"] != uid):
            return
        delete.delete(self, resource, record, DeleteOptions(propagation=propagation, grace=0))

    def finalize_namespace(self, name: str) -> None:
        """See Facade.finalize_namespace."""
        record = self.store.get(NAMESPACE, "", name)
        if record is None:
            return
        obj = clone(record.obj)
        obj["spec"]["finalizers"] = []
        write.finalize(self, self._resource(record.obj), record, obj, WriteOptions(crds.MANAGER))

    def stored_kinds(self) -> tuple[tuple[str, str, bool], ...]:
        """See Facade.kinds."""
        found: dict[str, Resource] = {}
        for resource in self.registry:
            if resource.stored:
                found.setdefault(resource.storage, resource)
        return tuple((one.api_version, one.kind, one.namespaced) for one in found.values())

    def _resource(self, obj: Mapping[str, Any]) -> Resource:
        resource = self.registry.by_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
        if resource is None:
            raise status.resource_unknown()
        return resource
