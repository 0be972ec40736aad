"""Proxies of the environment, port-forward and the service proxy."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from aiohttp import WSMsgType, web

from engine import errors
from engine.kube.client import Client
from engine.kube.config import ClusterConfig
from engine.kube.portforward import pod_get, service_get
from engine.kube.proxy import proxy_for
from tests.kube.scripted import ScriptedServer, failure

FORWARD = "GET /api/v1/namespaces/flux-system/pods/source-controller-0/portforward"
BODY = bytes(range(256)) * 300


@pytest.mark.parametrize(
    ("server", "no_proxy", "proxied"),
    [
        ("https://api.example.org:6443", "", True),
        ("https://api.example.org:6443", "*", False),
        ("https://api.example.org:6443", "example.org", False),
        ("https://api.example.org:6443", ".example.org", False),
        ("https://example.org", ".example.org", True),
        ("https://example.org", "*.example.org", True),
        ("https://badexample.org", "example.org", True),
        ("https://api.example.org:6443", "other.org, api.example.org:6443", False),
        ("https://api.example.org:6443", "api.example.org:443", True),
        ("https://10.1.2.3", "10.0.0.0/8", False),
        ("https://10.1.2.3", "10.1.2.3", False),
        ("https://10.1.2.3", "10.1.2.3:443", False),
        ("https://10.1.2.3", "10.1.2.3:8443", True),
        ("https://[fd00::1]:6443", "fd00::1", False),
        ("https://[fd00::1]:6443", "fd00::/8", False),
        ("https://[fd00::1]:6443", "nonsense/, [, 1.2.3", True),
        ("https://localhost:6443", "", False),
        ("https://127.0.0.1:6443", "", False),
        ("http://api.example.org", "", False),
    ],
)
def test_the_environments_proxy_counts_by_gos_rules(server: str, no_proxy: str, proxied: bool) -> None:
    environ = {"HTTPS_PROXY": "proxy.example.org:3128", "NO_PROXY": no_proxy}
    expected = "http://proxy.example.org:3128" if proxied else ""
    assert proxy_for(ClusterConfig(server), environ) == expected


def test_small_letters_count_and_socks_is_unsupported() -> None:
    config = ClusterConfig("https://api.example.org")
    assert proxy_for(config, {"https_proxy": "https://p:1", "no_proxy": "x"}) == "https://p:1"
    with pytest.raises(errors.Unsupported):
        proxy_for(config, {"HTTPS_PROXY": "socks5://p:1"})


# ---- port-forward


def pod(answer: Callable[[web.WebSocketResponse, bytes], Awaitable[None]], port: int = 9090) -> object:
    """A kubelet that speaks v4.channel.k8s.io."""

    async def forward(request: web.Request) -> web.WebSocketResponse:
        assert request.query["ports"] == "9090"
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await socket.prepare(request)
        for channel in (0, 1):
            await socket.send_bytes(bytes((channel,)) + struct.pack("<H", port))
        async for message in socket:
            if message.type is WSMsgType.BINARY and message.data[:1] == b"\0":
                await answer(socket, message.data[1:])
                break
        await socket.close()
        return socket

    return forward


async def _send(socket: web.WebSocketResponse, data: bytes, size: int = 1000) -> None:
    for at in range(0, len(data), size):
        await socket.send_bytes(b"\0" + data[at : at + size])


async def _body(pieces: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([piece async for piece in pieces])


def _get(client: Client, path: str = "/a.tar.gz", max_bytes: int = 10**6) -> AsyncGenerator[bytes, None]:
    return pod_get(
        client, "flux-system", "source-controller-0", 9090, path, host="source-controller", max_bytes=max_bytes
    )


async def test_a_file_comes_through_a_port_forward(server: ScriptedServer, client: Client) -> None:
    asked: list[bytes] = []

    async def answer(socket: web.WebSocketResponse, request: bytes) -> None:
        asked.append(request)
        head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(BODY)}\r\nX-A: b\r\n\r\n".encode()
        await _send(socket, head + BODY, 777)

    server.on(FORWARD, pod(answer))  # type: ignore[arg-type]
    assert await _body(_get(client)) == BODY
    assert asked[0].startswith(b"GET /a.tar.gz HTTP/1.0\r\nHost: source-controller\r\n")
    assert server.asked[0].headers["Authorization"] == "Bearer the-token"


async def test_an_answer_without_a_length_ends_with_its_connection(server: ScriptedServer, client: Client) -> None:
    async def answer(socket: web.WebSocketResponse, request: bytes) -> None:
        await _send(socket, b"HTTP/1.0 200 OK\r\n\r\n" + BODY)

    server.on(FORWARD, pod(answer))  # type: ignore[arg-type]
    assert await _body(_get(client)) == BODY


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", errors.NotFound, "404"),
        (b"HTTP/1.0 503 Busy\r\n\r\n", errors.Unavailable, "503"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort", errors.Unavailable, "connection was lost"),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 2_000_000, errors.LimitExceeded, "larger than 1000000"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", errors.Unavailable, "no HTTP answer"),
        (b"x" * 200_000, errors.Unavailable, "no HTTP answer"),
        (b"", errors.Unavailable, "no HTTP answer"),
    ],
)
async def test_what_goes_wrong_in_the_pod_is_said(
    server: ScriptedServer, client: Client, data: bytes, error: type[errors.EngineError], says: str
) -> None:
    async def answer(socket: web.WebSocketResponse, request: bytes) -> None:
        await _send(socket, data, 60_000)

    server.on(FORWARD, pod(answer))  # type: ignore[arg-type]
    with pytest.raises(error, match=says):
        await _body(_get(client))


async def test_the_kubelets_complaint_is_kept(server: ScriptedServer, client: Client) -> None:
    async def answer(socket: web.WebSocketResponse, request: bytes) -> None:
        await socket.send_bytes(b"\1error forwarding port 9090: connection refused")

    server.on(FORWARD, pod(answer))  # type: ignore[arg-type]
    with pytest.raises(errors.Unavailable, match="port 9090 of pod flux-system/source-controller-0: error forwarding"):
        await _body(_get(client))


async def test_another_port_than_asked_for_is_refused(server: ScriptedServer, client: Client) -> None:
    async def answer(socket: web.WebSocketResponse, request: bytes) -> None:
        await asyncio.sleep(0)

    server.on(FORWARD, pod(answer, port=22))  # type: ignore[arg-type]
    with pytest.raises(errors.Unavailable, match="another protocol"):
        await _body(_get(client))


async def test_a_forbidden_port_forward_is_not_allowed(server: ScriptedServer, client: Client) -> None:
    server.on(FORWARD, failure(403, "Forbidden", 'cannot create resource "pods/portforward" in API group ""'))
    with pytest.raises(errors.NotAllowed):
        await _body(_get(client))


async def test_a_path_cannot_carry_another_request(client: Client) -> None:
    with pytest.raises(errors.Malformed):
        await _body(_get(client, "/a HTTP/1.0\r\nHost: x\r\n\r\n"))


# ---- the service proxy


async def test_a_file_comes_through_the_service_proxy(server: ScriptedServer, client: Client) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="application/gzip")

    path = "/api/v1/namespaces/flux-system/services/http:source-controller:80/proxy/gitrepository/a/b.tar.gz"
    server.on(f"GET {path}", answer)
    pieces = service_get(client, "flux-system", "source-controller", 80, "/gitrepository/a/b.tar.gz", max_bytes=10**6)
    assert await _body(pieces) == BODY
    with pytest.raises(errors.NotFound, match="GET /none from service flux-system/source-controller: 404"):
        await _body(service_get(client, "flux-system", "source-controller", 80, "/none", max_bytes=10**6))
    with pytest.raises(errors.LimitExceeded):
        await _body(service_get(client, "flux-system", "source-controller", 80, path.split("proxy")[1], max_bytes=10))
    with pytest.raises(errors.Malformed):
        await _body(service_get(client, "flux-system", "source-controller", 80, "/../../../secrets", max_bytes=10))
    assert server.url == ClusterConfig.for_server(server.url).server
