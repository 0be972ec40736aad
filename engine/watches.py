"""What is watched on every cluster: Flux's kinds, events about them, and the Deployments of its controllers.

Nothing else is watched here (design.md 3.9); each watch reports its own state, so that one missing right disables one
panel and nothing more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from engine import errors, project
from engine.clock import Clock
from engine.flux import kinds
from engine.flux.kinds import FluxKind
from engine.kube.client import Client
from engine.kube.informer import Informer, InformerStatus
from engine.kube.resources import DEPLOYMENTS, EVENTS
from engine.kube.types import Object, ResourceType
from engine.kube.waiting import wait_for
from engine.model import Resource, Stance, State
from engine.safe import line
from engine.snapshot import Controller, KindState, KindStatus
from engine.store import Store
from engine.tasks import Supervisor

log = logging.getLogger(__name__)

PART_OF_FLUX: Final = "app.kubernetes.io/part-of=flux"
EVENT_KIND: Final = "Event"
_DRIVEN: Final = (kinds.GIT_REPOSITORY, kinds.KUSTOMIZATION)
"""The kinds that this engine reconciles in the drive stance."""
_STATUS: Final = ("artifact", "inventory", "lastAppliedRevision")
_IDENTITY: Final = ("name", "namespace", "uid", "resourceVersion", "generation")


def without_managed_fields(obj: Object) -> Object:
    """Attribution reads them anew; kept in memory they are two fifths of everything (kubernetes-api.md D)."""
    obj["metadata"].pop("managedFields", None)
    return obj


class Watches:
    """Informers of one cluster, feeding one store."""

    def __init__(self, client: Client, store: Store, cluster: str, namespace: str = "") -> None:
        self._client = client
        self._store = store
        self._cluster = cluster
        self._namespace = namespace
        self.flux: dict[FluxKind, Informer] = {}
        self.deployments = Informer(
            client, DEPLOYMENTS, namespace="", label_selector=PART_OF_FLUX, transform=without_managed_fields
        )

    async def start(self, supervisor: Supervisor) -> None:
        """Resolve the served versions and start every watch under the supervisor."""
        for kind in kinds.KINDS:
            informer = Informer(
                self._client,
                await self._served(kind),
                namespace=self._namespace,
                transform=without_managed_fields,
                keep=self._keeper(kind),
            )
            self.flux[kind] = informer
            self._follow(kind, informer)
            supervisor.start(f"watch {kind.plural}", informer.run)
        for api_version in sorted({kind.api_version for kind in kinds.KINDS}):
            self._start_events(supervisor, api_version)
        self.deployments.subscribe(lambda *_: self._controllers())
        supervisor.start("watch controllers", self.deployments.run)
        supervisor.start("watch kinds", self._client.discovery.watch_crds)

    def objects(self) -> Iterator[Object]:
        """Every Flux object as it is remembered."""
        for informer in self.flux.values():
            yield from informer.objects()

    async def controllers_known(self) -> None:
        """Wait until the controllers' Deployments were listed, or it is known why they cannot be."""
        known = asyncio.Event()

        def judge(status: InformerStatus) -> None:
            if status.state != "starting" or status.error is not None:
                known.set()

        end = self.deployments.on_status(judge)
        judge(self.deployments.status)
        try:
            await known.wait()
        finally:
            end()

    async def listed(self, clock: Clock, limit: float) -> None:
        """Wait until each of Flux's kinds was listed or told why not, at most `limit` seconds."""
        done = asyncio.Event()

        def judge(_: object = None) -> None:
            statuses = [informer.status for informer in self.flux.values()]
            if all(status.state != "starting" or status.error is not None for status in statuses):
                done.set()

        ends = [informer.on_status(judge) for informer in self.flux.values()]
        judge()
        try:
            await wait_for(done, clock, limit)
        finally:
            for end in ends:
                end()

    def retry_now(self) -> None:
        """Somebody logged in, or asks: end every pause."""
        for informer in (*self.flux.values(), self.deployments):
            informer.retry_now()

    def _keeper(self, kind: FluxKind) -> Callable[[Object], Object] | None:
        """What is remembered of a kind: the panels have their rows; drift and reconcilers need more."""
        if self._store.snapshot.stance is Stance.DRIVE and kind in _DRIVEN:
            return None
        return partial(_essence, metadata=kind is kinds.KUSTOMIZATION)

    # --- Flux's kinds -----------------------------------------------------------------------------------

    async def _served(self, kind: FluxKind) -> ResourceType:
        try:
            return await self._client.discovery.resource(kind.group, "", kind.kind)
        except errors.EngineError as error:
            # Not served, not to be discovered by us, or lost this very moment: the list that follows says which.
            log.info("the served version of %s is not known: %s", kind.kind, error)
            return ResourceType(kind.group, kind.version, kind.kind, kind.plural, namespaced=True)

    def _follow(self, kind: FluxKind, informer: Informer) -> None:
        def changed(_: str, old: Object | None, new: Object | None) -> None:
            if new is not None:
                self._store.put(self._told(kind, project.resource(self._cluster, new)))
            elif old is not None:
                self._store.remove(project.ref_of(self._cluster, old))

        informer.subscribe(changed)
        informer.on_status(lambda status: self._store.put_kind(kind_status(kind.group, kind.kind, kind.plural, status)))
        self._store.put_kind(kind_status(kind.group, kind.kind, kind.plural, informer.status))

    def _told(self, kind: FluxKind, resource: Resource) -> Resource:
        """Where we drive, nobody is going to reconcile the kinds that we do not: that is no waiting."""
        waits = resource.state is State.UNKNOWN and not resource.conditions
        if waits and self._store.snapshot.stance is Stance.DRIVE and kind not in _DRIVEN:
            return replace(resource, message="not reconciled by this engine yet")
        return resource

    # --- events -----------------------------------------------------------------------------------------

    def _start_events(self, supervisor: Supervisor, api_version: str) -> None:
        """One watch per API group: the field selector knows no "or"."""
        informer = Informer(
            self._client,
            EVENTS,
            namespace=self._namespace,
            field_selector=f"involvedObject.apiVersion={api_version}",
            transform=_slim_event,
        )

        def changed(_: str, __: Object | None, new: Object | None) -> None:
            if new is not None:
                self._store.put_event(project.event(self._cluster, new))

        informer.subscribe(changed)
        informer.on_status(lambda status: self._store.put_kind(kind_status("", EVENT_KIND, "events", status)))
        supervisor.start(f"watch events of {api_version}", informer.run)

    # --- controllers ------------------------------------------------------------------------------------

    def _controllers(self) -> None:
        found = tuple(sorted((_controller(obj) for obj in self.deployments.objects()), key=lambda c: c.name))
        version = next((_version(obj) for obj in self.deployments.objects() if _version(obj)), "")
        self._store.set(controllers=found, flux_version=version)


def _essence(obj: Object, *, metadata: bool) -> Object:
    """An object without what only its row shows; `metadata` whole, or cut to what identifies it."""
    status = obj.get("status") or {}
    return {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": obj["metadata"] if metadata else {k: v for k, v in obj["metadata"].items() if k in _IDENTITY},
        "spec": obj.get("spec") or {},
        "status": {key: status[key] for key in _STATUS if key in status},
    }


def kind_status(group: str, kind: str, plural: str, status: InformerStatus) -> KindStatus:
    """A watch's state as the panels show it."""
    verb = (status.error.verb or "list") if isinstance(status.error, errors.NotAllowed) else ""
    return KindStatus(
        group, kind, plural, KindState(status.state), line(status.message), status.last_contact or status.since, verb
    )


def _slim_event(obj: Object) -> Object:
    """Only what a line shows."""
    kept = ("apiVersion", "kind", "type", "reason", "message", "count", "involvedObject", "series", "source")
    slim = {key: obj[key] for key in (*kept, *_EVENT_TIMES) if key in obj}
    metadata = obj["metadata"]
    slim["metadata"] = {
        k: metadata[k] for k in ("uid", "name", "namespace", "resourceVersion", "creationTimestamp") if k in metadata
    }
    return slim


_EVENT_TIMES: Final = ("firstTimestamp", "lastTimestamp", "eventTime", "reportingComponent")


def _controller(obj: Mapping[str, Any]) -> Controller:
    metadata, status = obj["metadata"], obj.get("status") or {}
    wanted = (obj.get("spec") or {}).get("replicas", 1)
    ready = status.get("readyReplicas") or 0
    containers = ((obj.get("spec") or {}).get("template") or {}).get("spec", {}).get("containers") or [{}]
    image = str(containers[0].get("image") or "")
    return Controller(
        name=line(str(metadata.get("name") or "")),
        version=line(image.partition("@")[0].rpartition(":")[2]),
        ready=bool(wanted) and ready >= wanted,
        message="scaled to zero" if not wanted else f"{ready}/{wanted} ready",
    )


def _version(obj: Mapping[str, Any]) -> str:
    labels = obj["metadata"].get("labels") or {}
    return line(str(labels.get("app.kubernetes.io/version") or "")).removeprefix("v")
