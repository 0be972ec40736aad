"""An API server, or what pretends to be one, that sends what it should not."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import orjson
import pytest
from aiohttp import web

from engine import errors
from engine.kube.client import Client
from engine.kube.discovery import parse_aggregated, parse_legacy
from engine.kube.frames import Frames
from engine.kube.informer import Informer
from engine.kube.mask import command_line, masked
from engine.kube.status import from_response, from_status, retry_after
from tests.kube.scripted import CONFIG_MAPS, ScriptedServer, Watches, reply, until

PATH = "/api/v1/configmaps"


@pytest.mark.parametrize(
    "answer",
    [
        {"metadata": None, "items": None},
        {"metadata": {"resourceVersion": "1"}, "items": [None, 7, "x", {}, {"metadata": None}, {"metadata": []}]},
        {"items": {"a": "b"}},
        {"metadata": {"resourceVersion": 7, "continue": None}, "items": []},
        {},
    ],
)
async def test_a_list_of_nonsense_is_a_list_of_nothing(server: ScriptedServer, client: Client, answer: Any) -> None:
    server.on(f"GET {PATH}", reply(answer))
    pages = [page async for page in client.list(CONFIG_MAPS)]
    assert [page.items for page in pages] == [()]


async def test_an_informer_outlives_nonsense_in_its_watch(server: ScriptedServer, client: Client) -> None:
    watches = Watches()
    server.on(f"GET {PATH}", watches)
    informer = Informer(client, CONFIG_MAPS)
    task = asyncio.create_task(informer.run())
    await watches.wait_open()
    await watches.send_raw(b'{"type":"ADDED","object":{"metadata":null}}\n')
    await until(lambda: informer.status.state == "stale")
    watches.end()
    await watches.wait_open(2)
    await watches.send("SOMETHING-NEW", {"metadata": {"resourceVersion": "50"}})
    await watches.send("ADDED", watches.put("a"))
    await until(lambda: informer.get("d", "a") is not None)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_headers_without_end_are_given_up(server: ScriptedServer, client: Client) -> None:
    server.on("*", reply({}, **{f"X_{number}": "y" * 8000 for number in range(5)}, X_Big="z" * 20_000))
    with pytest.raises(errors.Unavailable):
        await client.version()


async def test_a_body_shorter_than_promised_is_no_answer(server: ScriptedServer, client: Client) -> None:
    async def short(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"kind": "ConfigMap"')
        assert request.transport is not None
        request.transport.abort()
        return response

    server.on("*", short)
    with pytest.raises(errors.Unavailable):
        await client.version()


async def test_a_body_that_is_not_what_its_encoding_says_is_no_answer(server: ScriptedServer, client: Client) -> None:
    async def lie(request: web.Request) -> web.Response:
        return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    server.on("*", lie)
    with pytest.raises(errors.Unavailable):
        await client.version()


CHARACTERS = "aZ09 .:/=?&@-_\n\r\t\0\x1b[]\x7f\u202e\u2028\u200bé漢\"'{}"


def _text(random: Random, size: int = 30) -> str:
    return "".join(random.choice(CHARACTERS) for _ in range(random.randrange(size)))


def _json(random: Random, depth: int = 3) -> Any:
    kind = random.randrange(8 if depth else 6)
    if kind == 6:
        return [_json(random, depth - 1) for _ in range(random.randrange(3))]
    if kind == 7:
        return {
            random.choice(["retryAfterSeconds", "name", _text(random)]): _json(random, depth - 1)
            for _ in range(random.randrange(3))
        }
    return (None, True, random.randrange(-500, 700), random.random() * 1e300, _text(random), "")[kind]


@pytest.mark.parametrize("seed", range(5))
def test_every_refusal_becomes_an_error_with_words(seed: int) -> None:
    random = Random(seed)
    for _ in range(200):
        status = {
            "kind": "Status",
            "code": _json(random),
            "message": _json(random),
            "details": _json(random),
            "reason": _json(random),
        }
        for error in (
            from_status(status),
            from_response(random.randrange(400, 600), orjson.dumps(status), content_type="application/json"),
            from_response(random.randrange(400, 600), random.randbytes(50), request="GET /x"),
        ):
            assert error.message
            assert isinstance(error.code, int)
            assert isinstance(error.reason, str)
            assert isinstance(retry_after(error), float | int | None)


@pytest.mark.parametrize("seed", range(5))
def test_frames_are_the_lines_of_the_stream_however_it_is_cut(seed: int) -> None:
    random = Random(seed)
    for _ in range(200):
        pieces = [bytes(random.choices(b"ab \n", k=random.randrange(20))) for _ in range(random.randrange(20))]
        frames = Frames()
        found = [line for piece in pieces for line in frames.feed(piece)]
        whole = b"".join(pieces).split(b"\n")
        assert found == [line for line in whole[:-1] if line.strip()]
        assert frames.rest() == whole[-1].strip()


@pytest.mark.parametrize("seed", range(5))
def test_masked_text_is_one_short_line(seed: int) -> None:
    random = Random(seed)
    for _ in range(300):
        shown = masked(_text(random, 600))
        assert len(shown) <= 300
        shown += command_line([_text(random) for _ in range(random.randrange(5))])
        assert not any(ord(character) < 32 or character in "\x7f\u202e\u2028" for character in shown)


@pytest.mark.parametrize("seed", range(5))
def test_discovery_reads_names_as_they_are(seed: int) -> None:
    random = Random(seed)
    for _ in range(100):
        name, group = _text(random), _text(random)
        resource = {"resource": name, "responseKind": {"kind": name or "x"}, "scope": "Namespaced"}
        document = {"items": [{"metadata": {"name": group}, "versions": [{"version": "v1", "resources": [resource]}]}]}
        [found] = parse_aggregated(document)
        assert (found.group, found.plural) == (group, name)
        legacy = list(parse_legacy(group, "v1", {"resources": [{"name": name, "kind": "X"}]}))
        assert len(legacy) == ("/" not in name)
