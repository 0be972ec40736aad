"""Reaching what runs in the cluster through the API server: port-forward to a pod, and the service proxy.

Port-forward speaks the websocket protocol `v4.channel.k8s.io`, which every kubelet serves and the API server passes
through: per port one data and one error channel, the first message of each carries the port. (The newer
`SPDY/3.1+portforward.k8s.io` tunnels SPDY frames in a websocket, and brings us nothing.)
"""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from urllib.parse import quote

import aiohttp

from engine import errors
from engine.kube.client import Client
from engine.kube.mask import masked
from engine.kube.request import Request
from engine.kube.resources import PODS, SERVICES

PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
MAX_HEAD = 64 * 1024


class Tunnel:
    """A byte stream to one port of one pod."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, where: str, port: int) -> None:
        self._socket = socket
        self._where = where
        self._port = port
        self._opened: set[int] = set()

    async def write(self, data: bytes) -> None:
        """Send."""
        await self._socket.send_bytes(bytes((_DATA,)) + data)

    async def read(self) -> bytes:
        """What came next; b"" at the end. Raises errors.Unavailable when the pod does not answer."""
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            channel, payload = message.data[0], message.data[1:]
            if channel not in self._opened:
                self._open(channel, payload)
            elif channel == _ERROR and payload:
                raise errors.Unavailable(f"{self._where}: {masked(payload.decode('utf-8', 'replace'))}")
            elif channel == _DATA and payload:
                return bytes(payload)
        return b""

    def _open(self, channel: int, payload: bytes) -> None:
        if channel not in (_DATA, _ERROR) or len(payload) != 2 or struct.unpack("<H", payload)[0] != self._port:
            raise errors.Unavailable(f"{self._where}: port-forward was answered in another protocol")
        self._opened.add(channel)


@asynccontextmanager
async def port_forward(client: Client, namespace: str, pod: str, port: int) -> AsyncIterator[Tunnel]:
    """A tunnel to a port of a pod; needs the right to `create pods/portforward` (or `get`, on older servers)."""
    request = client.identified(Request("GET", PODS.path(namespace, pod, "portforward"), query=(("ports", str(port)),)))
    where = f"port {port} of pod {namespace}/{pod}"
    async with client.transport.websocket(request, (PROTOCOL,)) as socket:
        if socket.protocol != PROTOCOL:
            raise errors.Unavailable(f"{where}: the API server does not forward ports over {PROTOCOL}")
        yield Tunnel(socket, where, port)


async def pod_get(
    client: Client, namespace: str, pod: str, port: int, path: str, *, host: str = "", max_bytes: int
) -> AsyncGenerator[bytes, None]:
    """The body of `GET path` from a pod's HTTP server, in pieces, through a port-forward.

    Raises errors.NotFound, errors.Unavailable or errors.LimitExceeded.
    """
    where = f"GET {path} from pod {namespace}/{pod}"
    if any(character in path + host for character in "\r\n "):
        raise errors.Malformed(f"{path!r} is not a path that can be asked for")
    async with port_forward(client, namespace, pod, port) as tunnel:
        # In HTTP/1.0 an answer is never chunked: it ends with its length or with the connection.
        await tunnel.write(f"GET {path} HTTP/1.0\r\nHost: {host or pod}\r\nAccept-Encoding: identity\r\n\r\n".encode())
        status, length, rest = await _head(tunnel, where)
        if status != 200:
            kind = errors.NotFound if status == 404 else errors.Unavailable
            raise kind(f"{where}: {status}")
        size = 0
        while True:
            size += len(rest)
            if size > max_bytes:
                raise errors.LimitExceeded(f"{where}: larger than {max_bytes} bytes")
            if rest:
                yield rest
            if length is not None and size >= length:
                return
            rest = await tunnel.read()
            if not rest:
                break
        if length is not None:
            raise errors.Unavailable(f"{where}: the connection was lost")


async def service_get(
    client: Client, namespace: str, name: str, port: str | int, path: str, *, scheme: str = "http", max_bytes: int
) -> AsyncGenerator[bytes, None]:
    """The body of `GET path` from a service, in pieces, through the API server's proxy (`get services/proxy`)."""
    target = f"{scheme}:{name}:{port}"
    url = f"{SERVICES.path(namespace)}/{quote(target, safe=':')}/proxy/{quote(path.lstrip('/'), safe='/:@+')}"
    where = f"GET {path} from service {namespace}/{name}"
    size = 0
    try:
        async with client.stream(Request("GET", url, accept="*/*")) as stream, aclosing(stream.pieces()) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > max_bytes:
                    raise errors.LimitExceeded(f"{where}: larger than {max_bytes} bytes")
                yield piece
    except errors.NoKindMatch as error:
        # The service's own 404, in words of its own.
        raise errors.NotFound(f"{where}: 404", status=error.status) from None


async def _head(tunnel: Tunnel, where: str) -> tuple[int, int | None, bytes]:
    """Status, Content-Length if there is one, and what came after the head."""
    buffer = b""
    while b"\r\n\r\n" not in buffer:
        piece = await tunnel.read()
        if not piece or len(buffer) > MAX_HEAD:
            raise errors.Unavailable(f"{where}: no HTTP answer")
        buffer += piece
    head, _, rest = buffer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise errors.Unavailable(f"{where}: no HTTP answer")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "")
    return int(words[1]), int(length) if length.isdigit() else None, rest
