"""The client: every verb of the Kubernetes API on plain dicts, errors typed, nothing sent twice unasked."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import orjson

from engine import errors
from engine.clock import Clock
from engine.kube.bodies import decoded, filled, is_object
from engine.kube.config import ClusterConfig, Impersonation
from engine.kube.discovery import Discovery
from engine.kube.exec import LoginRunner
from engine.kube.request import MYSELF, REQUEST_TIMEOUT, Request, Response
from engine.kube.status import retry_after
from engine.kube.transport import Stream, Transport
from engine.kube.types import Object, Page, PatchType, ResourceType, WatchEvent
from engine.kube.watching import watch_events

if TYPE_CHECKING:
    from engine.kube.portforward import Tunnel

JSON = "application/json"
_PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

#: Seconds a watch may last before the server ends it and we resume: long, because each end costs a request.
WATCH_SECONDS = (1800, 3600)
MAX_ATTEMPTS = 5
LOST_DELAYS = (0.2, 1.0)
MAX_WAIT = 30.0


class Client:
    """One cluster as one user. `derive` gives the same connections with another identity or retry rule.

    Reads are retried (Retry-After obeyed). Writes go out once, unless `retry_writes`: only level-triggered
    controllers may want that.
    """

    def __init__(
        self,
        config: ClusterConfig,
        *,
        clock: Clock | None = None,
        user_agent: str = "fluxtui",
        max_connections: int = 16,
        retry_writes: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.config = config
        self.clock = clock or Clock()
        self.transport = Transport(
            config, clock=self.clock, user_agent=user_agent, max_connections=max_connections, environ=environ
        )
        self.discovery = Discovery(self)
        self._retry_writes = retry_writes
        self._impersonate = MYSELF
        self._may_write: Callable[[], bool] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the connection pools; nothing is sent yet."""
        await self.transport.start()

    async def close(self) -> None:
        """Close every connection, also those of derived clients."""
        await self.transport.close()

    def derive(
        self,
        *,
        impersonate: Impersonation | None = None,
        retry_writes: bool | None = None,
        may_write: Callable[[], bool] | None = None,
    ) -> Client:
        """The same server, pool, credentials and discovery, as somebody else or under other rules.

        `may_write` is asked right before each write (and each retry of one) uses its connection, dry runs
        excepted; when it says no, errors.LeaseHeld is raised and nothing is sent.
        """
        other = copy(self)
        if retry_writes is not None:
            other._retry_writes = retry_writes
        other._impersonate = impersonate or self._impersonate
        other._may_write = may_write or self._may_write
        return other

    # ---- login and time

    @property
    def login_runner(self) -> LoginRunner | None:
        """What lends a terminal to an exec plugin: set by the console; None means never interactive."""
        return self.transport.auth.login_runner

    @login_runner.setter
    def login_runner(self, runner: LoginRunner | None) -> None:
        self.transport.auth.login_runner = runner

    @property
    def can_login(self) -> bool:
        """Whether `login` can do something."""
        return self.transport.auth.can_login

    async def login(self) -> None:
        """Log in with the person's terminal; nothing but this call is ever interactive."""
        await self.transport.auth.login()

    @property
    def round_trip(self) -> float:
        """Seconds that the last request waited for its answer to begin."""
        return self.transport.round_trip

    @property
    def server_time_offset(self) -> timedelta:
        """What to add to our clock to get the API server's."""
        return self.transport.server_clock.offset

    # ---- reading

    async def version(self) -> dict[str, Any]:
        """The server's /version."""
        return decoded(await self._call("GET", "/version"))

    async def get(
        self, res: ResourceType, namespace: str, name: str, *, subresource: str = "", metadata_only: bool = False
    ) -> Object:
        """One object."""
        path = res.path(namespace, name, subresource)
        response = await self._call("GET", path, accept=_PARTIAL if metadata_only else JSON)
        return filled(decoded(response), res, subresource)

    async def list(
        self,
        res: ResourceType,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 500,
        metadata_only: bool = False,
        from_cache: bool = False,
    ) -> AsyncGenerator[Page, None]:
        """Pages of one consistent list. Raises errors.Expired when its continue token grew too old.

        `from_cache` takes what the API server has in memory, perhaps a moment old and in one page: many times
        quicker for both sides where its etcd answers no consistent list from the cache.
        """
        query = _selectors(label_selector, field_selector)
        if limit:
            query.append(("limit", str(limit)))
        accept = _PARTIAL_LIST if metadata_only else JSON
        token = ""
        first = [*query, ("resourceVersion", "0")] if from_cache else query
        while True:
            page = [*query, ("continue", token)] if token else first
            answer = decoded(await self._call("GET", res.path(namespace), query=page, accept=accept))
            metadata = answer.get("metadata") or {}
            token = str(metadata.get("continue") or "")
            # Nothing here holds on to the items: whoever takes them may let go of each.
            items = (filled(item, res) for item in answer.pop("items", None) or () if is_object(item))
            yield Page(tuple(items), str(metadata.get("resourceVersion") or ""))
            if not token:
                return

    async def watch(
        self,
        res: ResourceType,
        namespace: str = "",
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        timeout: float = 0,
        on_open: Callable[[], None] | None = None,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes after `resource_version`, bookmarks among them, until the server ends the watch.

        `timeout` in seconds; 0 lets us choose. `on_open` is called when the server has accepted the watch.
        Raises errors.Expired when the version is too old: list again.
        """
        seconds = int(timeout) or random.randint(*WATCH_SECONDS)  # noqa: S311  # spreads load, keeps no secret
        query = _selectors(label_selector, field_selector)
        query += [
            ("watch", "1"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
            ("resourceVersion", resource_version),
        ]
        request = Request(
            "GET",
            res.path(namespace),
            query=query,
            accept=_PARTIAL if metadata_only else JSON,
        )
        async with self.stream(request) as stream:
            if on_open is not None:
                on_open()
            async with aclosing(watch_events(stream, res, self.clock)) as events:
                async for event in events:
                    yield event

    # ---- writing

    async def create(self, res: ResourceType, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        """POST; the namespace is the object's own."""
        namespace, _ = _name(obj)
        query = _write_query(manager, dry_run=dry_run)
        return filled(decoded(await self._call("POST", res.path(namespace), query=query, body=obj)), res)

    async def replace(self, res: ResourceType, obj: Object, *, manager: str, subresource: str = "") -> Object:
        """PUT; with metadata.resourceVersion it is refused (errors.Conflict) when somebody else wrote since."""
        path = res.path(*_name(obj), subresource)
        answer = decoded(await self._call("PUT", path, query=_write_query(manager), body=obj))
        return filled(answer, res, subresource)

    async def patch(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        body: Any,
        *,
        type: PatchType,  # noqa: A002  # kubectl's word
        manager: str,
        subresource: str = "",
        dry_run: bool = False,
        force: bool = False,
    ) -> Object:
        """PATCH in one of the four ways; `force` counts for APPLY only."""
        query = _write_query(manager, dry_run=dry_run)
        if type is PatchType.APPLY:
            query.append(("force", "true" if force else "false"))
        path = res.path(namespace, name, subresource)
        answer = decoded(await self._call("PATCH", path, query=query, body=body, content_type=type.value))
        return filled(answer, res, subresource)

    async def apply(
        self,
        res: ResourceType,
        obj: Object,
        *,
        manager: str,
        force: bool = True,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Object:
        """Server-side apply. Raises errors.Conflict (reason, causes) when `force` is off and a field is another's."""
        namespace, name = _name(obj)
        return await self.patch(
            res,
            namespace,
            name,
            obj,
            type=PatchType.APPLY,
            manager=manager,
            subresource=subresource,
            dry_run=dry_run,
            force=force,
        )

    async def delete(
        self,
        res: ResourceType,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> Object:
        """DELETE with preconditions; the answer is a Status, or the object while finalizers hold it."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        wanted = {"uid": uid, "resourceVersion": resource_version}
        if preconditions := {key: value for key, value in wanted.items() if value}:
            options["preconditions"] = preconditions
        query = [("dryRun", "All")] if dry_run else []
        return decoded(await self._call("DELETE", res.path(namespace, name), query=query, body=options))

    # ---- anything else

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        content_type: str = "",
        accept: str = JSON,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Any:
        """Any request below the server's URL; the answer decoded when it is JSON, else its bytes.

        A proxied service may answer with anything: ask for its bytes with `send`.
        """
        response = await self._call(
            method, path, query=query, body=body, content_type=content_type, accept=accept, timeout=timeout
        )
        return orjson.loads(response.body) if response.content_type == JSON else response.body

    async def send(self, request: Request) -> Response:
        """One prepared request, under this client's identity and retry rule."""
        request = self.identified(request)
        attempt = 0
        while True:
            try:
                return await self.transport.request(request)
            except errors.Retryable as error:
                wait = _wait(error, attempt)
                if wait is None or not (request.is_read or self._retry_writes):
                    raise
            attempt += 1
            await self.clock.sleep(wait)

    def stream(self, request: Request) -> AbstractAsyncContextManager[Stream]:
        """A prepared request whose answer is read piece by piece."""
        return self.transport.stream(self.identified(request))

    def port_forward(self, namespace: str, pod: str, port: int) -> AbstractAsyncContextManager[Tunnel]:
        """A byte stream to a port of a pod (see portforward.py, also for HTTP through it)."""
        from engine.kube.portforward import port_forward

        return port_forward(self, namespace, pod, port)

    def identified(self, request: Request) -> Request:
        """The request as the one whom this client acts as, under its rules."""
        if self._impersonate.user:
            request = replace(request, impersonate=self._impersonate)
        if self._may_write is not None and request.is_write:
            request = replace(request, may_send=self._may_write)
        return request

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        content_type: str = "",
        accept: str = JSON,
        timeout: float = REQUEST_TIMEOUT,
    ) -> Response:
        data = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        return await self.send(
            Request(
                method,
                path,
                query=query,
                body=data,
                content_type=content_type or (JSON if data is not None else ""),
                accept=accept,
                timeout=timeout,
            )
        )


def _wait(error: errors.Retryable, attempt: int) -> float | None:
    """How long to wait before trying again, None for not at all."""
    if attempt + 1 >= MAX_ATTEMPTS or isinstance(error, errors.Conflict | errors.Expired):
        return None
    asked = retry_after(error)
    if asked is not None:
        return asked if asked <= MAX_WAIT else None
    if error.status is None and attempt < len(LOST_DELAYS):
        return LOST_DELAYS[attempt] * random.uniform(0.8, 1.2)  # noqa: S311  # spreads load, keeps no secret
    return None


def _selectors(label_selector: str, field_selector: str) -> list[tuple[str, str]]:
    pairs = (("labelSelector", label_selector), ("fieldSelector", field_selector))
    return [(key, value) for key, value in pairs if value]


def _write_query(manager: str, *, dry_run: bool = False) -> list[tuple[str, str]]:
    return [("fieldManager", manager), *([("dryRun", "All")] if dry_run else [])]


def _name(obj: Object) -> tuple[str, str]:
    metadata = obj.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
