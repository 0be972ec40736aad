"""How an artifact is reached from outside the cluster (design.md 3.9): never by its host name.

A loopback address is asked directly. Anything else names a Service inside the cluster, and is read through the API
server: by port-forward to one of its pods, else by the service proxy.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from engine import errors
from engine.kube.client import Client
from engine.kube.portforward import pod_get, service_get
from engine.kube.resources import PODS, SERVICES
from engine.kube.types import Object
from engine.source.fetch import loopback_download

_SERVICE: Final = re.compile(r"(?P<name>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)(\.svc(\.[a-z0-9.-]+)?)?\.?")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Reach:
    """Downloads artifacts on behalf of the drift comparison."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def download(self, url: str, limit: int) -> tuple[int, bytes]:
        """`fetch.Download`: status and body. Raises errors.NotAllowed naming the rights that would help."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in _LOOPBACK:
            return await loopback_download(url, limit)
        match = _SERVICE.fullmatch(host)
        if match is None or parts.scheme != "http":
            raise errors.Unsupported("the artifact's address is none of a Service in the cluster")
        name, namespace, port = match["name"], match["namespace"], parts.port or 80
        try:
            return HTTPStatus.OK, await self._by_pod(namespace, name, port, parts.path, limit)
        except errors.NotFound:
            return HTTPStatus.NOT_FOUND, b""
        except (errors.NotAllowed, errors.Unavailable) as by_pod:
            try:
                body = service_get(self._client, namespace, name, port, parts.path, max_bytes=limit)
                return HTTPStatus.OK, await _whole(body)
            except errors.NotFound:
                return HTTPStatus.NOT_FOUND, b""
            except errors.NotAllowed as by_proxy:
                raise errors.NotAllowed(
                    f"the artifact cannot be read: {by_pod.message}; {by_proxy.message}",
                    verb="create",
                    resource="pods/portforward",
                ) from None

    async def _by_pod(self, namespace: str, name: str, port: int, path: str, limit: int) -> bytes:
        service = await self._client.get(SERVICES, namespace, name)
        spec = service.get("spec") or {}
        selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
        if not selector:
            raise errors.Unavailable(f"service {namespace}/{name} selects no pods")
        async for page in self._client.list(PODS, namespace, label_selector=selector):
            for pod in page.items:
                if _is_ready(pod):
                    target = _target_port(spec, pod, port)
                    body = pod_get(
                        self._client, namespace, pod["metadata"]["name"], target, path, host=name, max_bytes=limit
                    )
                    return await _whole(body)
        raise errors.Unavailable(f"service {namespace}/{name} has no ready pod")


async def _whole(pieces: AsyncGenerator[bytes, None]) -> bytes:
    async with aclosing(pieces) as source:
        return b"".join([piece async for piece in source])


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


def _target_port(service: Object, pod: Object, port: int) -> int:
    """The container's port behind a service's port, by number or by name."""
    target: object = port
    for entry in service.get("ports") or []:
        if entry.get("port") == port:
            target = entry.get("targetPort") or port
    if isinstance(target, int):
        return target
    for container in (pod.get("spec") or {}).get("containers") or []:
        for exposed in container.get("ports") or []:
            if exposed.get("name") == target:
                return int(exposed["containerPort"])
    return port
