"""Replays the recorded exchanges of a real kube-apiserver 1.36 on an embedded server, in file order, as one session."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from engine import yaml
from engine.embedded.server import EmbeddedServer

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ADDRESS = re.compile(r"10\.96\.\d+\.\d+")
_MASKED = {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime", "continue"}


@dataclass(frozen=True)
class Exchange:
    """One file: a request, and the answer of the real server."""

    number: str
    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    code: int
    answer_headers: dict[str, str]
    answer: str


def load(folder: Path) -> list[Exchange]:
    return [_parse(path) for path in sorted(folder.glob("*.txt"))]


def _parse(path: Path) -> Exchange:
    text = path.read_bytes().decode("utf-8", errors="replace")
    request, _, rest = text.partition("\n=> ")
    head, _, body = request.partition("\n\n")
    lines = head.splitlines()
    method, _, target = lines[0].partition(" ")
    code, _, rest = rest.partition("\n")
    answer_head, _, answer = rest.partition("\n\n")
    return Exchange(
        number=path.name[:3],
        name=path.stem,
        method=method,
        path=target,
        headers=_headers(lines[1:]),
        body=body.strip("\n"),
        code=int(code),
        answer_headers=_headers(answer_head.splitlines()),
        answer=answer,
    )


def _headers(lines: list[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines if ": " in line)


#: Code, headers, body.
Answer = tuple[int, dict[str, str], str]


class Session:
    """Sends exchanges; what our server gave earlier takes the place of what the recorded one gave."""

    def __init__(self, server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
        self._server = server
        self._client = client
        #: Recorded uid or continue token → ours.
        self._ours: dict[str, str] = {}
        #: Recorded resourceVersion → ours.
        self._versions: dict[str, str] = {}

    async def send(self, exchange: Exchange) -> Answer:
        headers = {"User-Agent": "Python-urllib/3.11", **exchange.headers}
        if exchange.number != "019":
            headers["Authorization"] = f"Bearer {self._server.token}"
        path = self._replaced(exchange.path)
        body = self._replaced(exchange.body) if exchange.body else None
        url = self._server.url + path
        async with self._client.request(
            exchange.method, aiohttp.client.URL(url, encoded=True), data=body, headers=headers
        ) as answer:
            text = (await answer.read()).decode(errors="replace")
            warnings = answer.headers.getall("Warning", [])
            found = dict(answer.headers)
            if warnings:
                found["Warning"] = "\n".join(warnings)
            self._learn(exchange.answer, text)
            return answer.status, found, text

    def _replaced(self, text: str) -> str:
        for recorded, own in self._ours.items():
            text = text.replace(recorded, own)
        text = re.sub(r'("resourceVersion": ")(\d+)"', lambda m: m[1] + self._version(m[2]) + '"', text)
        return re.sub(r"([?&]resourceVersion=)(\d+)", lambda m: m[1] + self._version(m[2]), text)

    def _version(self, recorded: str) -> str:
        if recorded in ("0", "1") or int(recorded) > 1_000_000:
            return recorded
        return self._versions.get(recorded, recorded)

    def _learn(self, recorded: str, own: str) -> None:
        for name in ("uid", "resourceVersion", "continue"):
            pattern = re.compile(rf'"{name}": ?"([^"]+)"')
            theirs, ours = pattern.findall(recorded), pattern.findall(own)
            for a, b in zip(theirs, ours, strict=False):
                target = self._versions if name == "resourceVersion" else self._ours
                if a and b and a not in target and len(theirs) == len(ours):
                    target[a] = b


def differences(exchange: Exchange, code: int, headers: dict[str, str], text: str) -> str:
    """What differs, or ""."""
    if code != exchange.code:
        return f"code {code}, recorded {exchange.code}: {text[:300]}"
    want_type = exchange.answer_headers.get("Content-Type", "").split(";")[0]
    if want_type and headers.get("Content-Type", "").split(";")[0] != want_type:
        return f"content type {headers.get('Content-Type')}, recorded {want_type}"
    for name in ("Warning", "Retry-After"):
        wanted = exchange.answer_headers.get(name)
        # The recorder kept one line of a repeated header.
        if wanted is not None and wanted not in headers.get(name, "").split("\n"):
            return f"{name}: {headers.get(name)!r}, recorded {wanted!r}"
    return _compare_bodies(exchange, text)


def _compare_bodies(exchange: Exchange, text: str) -> str:
    wanted = exchange.answer
    kind = exchange.answer_headers.get("Content-Type", "")
    if kind.startswith("application/yaml"):
        return _diff(mask(yaml.load(wanted)), mask(yaml.load(text)), "")
    if not kind.startswith("application/json"):
        return "" if text.strip() == wanted.strip() else f"text {text[:200]!r}, recorded {wanted[:200]!r}"
    try:
        theirs = json.loads(wanted) if wanted.strip() else None
    except json.JSONDecodeError:
        return _compare_frames(wanted, text) if wanted.startswith('{"type":') else _compare_cut(wanted, text)
    if theirs is None or (isinstance(theirs, dict) and "type" in theirs and "object" in theirs):
        return _compare_frames(wanted, text)
    return _diff(mask(theirs), mask(json.loads(text)), "")


def _compare_frames(wanted: str, text: str) -> str:
    """Frames of a watch, of which the recorder cut the last one short."""
    lines = [line for line in wanted.split("\n") if line.strip()]
    theirs, cut = [], False
    for line in [wanted] if wanted.startswith("{\n") else lines:
        try:
            theirs.append(mask(json.loads(line)))
        except json.JSONDecodeError:
            cut = True
    ours = [mask(json.loads(line)) for line in text.split("\n") if line.strip()]
    if len(theirs) > len(ours) or (len(theirs) < len(ours) and not cut):
        kinds = [[frame.get("type") for frame in frames] for frames in (ours, theirs)]
        return f"frames {kinds[0]}, recorded {kinds[1]}"
    return next((found for a, b in zip(theirs, ours, strict=False) if (found := _diff(a, b, ""))), "")


def _compare_cut(wanted: str, text: str) -> str:
    """The recorder cut the body: what is left of it must be the beginning of ours."""
    return _diff(mask(_closed(wanted)), mask(json.loads(text)), "", partial=True)


def _closed(text: str) -> Any:
    """The longest valid beginning of a cut JSON text, closed: up to a comma outside of strings."""
    stack: list[str] = []
    ends: list[tuple[int, str]] = []
    inside = escaped = False
    for at, character in enumerate(text):
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
        elif character in "}]":
            stack.pop()
        elif character == ",":
            ends.append((at, "".join(reversed(stack))))
    at, closing = ends[-1]
    return json.loads(text[:at] + closing)


def mask(value: Any, name: str = "") -> Any:
    """uid, times, resourceVersions and allocated addresses are different on every server."""
    if isinstance(value, dict):
        return {key: mask(child, key) for key, child in value.items()}
    if isinstance(value, list):
        masked = [mask(child, name) for child in value]
        if name == "managedFields":
            masked.sort(key=lambda entry: json.dumps(entry, sort_keys=True))
        return masked
    if name in _MASKED:
        return f"<{name}>"
    if isinstance(value, str):
        value = _TIME.sub("<time>", _UID.sub("<uid>", value))
        value = _ADDRESS.sub("<address>", value)
        if name in ("message", "serverAddress", "serverRelativeURL"):
            value = re.sub(r"127\.0\.0\.1:\d+", "<server>", value)
            value = re.sub(r"hash=[0-9A-F]+", "hash=<hash>", value)
        if name == "message":
            value = re.sub(r"version: (\d+) \(\d+\)", r"version: <version> (<version>)", value)
            value = re.sub(r", current: \d+", ", current: <version>", value)
        value = re.sub(r"^gen-[a-z0-9]{5}$", "gen-<random>", value)
    if name == "cells" and isinstance(value, str) and re.fullmatch(r"(\d+[smhdy])+", value):
        return "<age>"
    return value


def _diff(theirs: Any, ours: Any, path: str, *, partial: bool = False) -> str:
    """The first difference between two masked values; `partial`: ours may have more."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs:
            if key not in ours:
                return f"{path}.{key} is missing (recorded {json.dumps(theirs[key])[:200]})"
            if found := _diff(theirs[key], ours[key], f"{path}.{key}", partial=partial):
                return found
        extra = [key for key in ours if key not in theirs]
        return "" if partial or not extra else f"{path}.{extra[0]} is not recorded: {json.dumps(ours[extra[0]])[:200]}"
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(ours) < len(theirs) or (len(ours) > len(theirs) and not partial):
            return f"{path} has {len(ours)} entries, recorded {len(theirs)}"
        pairs = zip(theirs, ours, strict=False)
        return next((f for i, (a, b) in enumerate(pairs) if (f := _diff(a, b, f"{path}[{i}]", partial=partial))), "")
    if theirs == ours:
        return ""
    return f"{path} is {json.dumps(ours)[:300]}, recorded {json.dumps(theirs)[:300]}"


#: Watches that were open while the exchanges before them ran: they are sent before the first of those.
OPEN_BEFORE = {"117": "113"}


async def _write_and_compact(session: Session, server: EmbeddedServer) -> None:
    """Up to here the recorded server had got to version 294, and its etcd was then compacted."""
    facade = server.facade("recorder")
    facade.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "g2"}})
    facade.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c1", "namespace": "g2"}})
    while server.core.store.version < 294:
        data = {"data": {"n": str(server.core.store.version)}}
        facade.patch("v1", "ConfigMap", "g2", "c1", data)
    server.compact()


async def _twelve_managers(session: Session, server: EmbeddedServer) -> None:
    """The twelve patches that made the thirteenth merge the oldest."""
    for number in range(1, 13):
        facade = server.facade(f"u{number:02}")
        facade.patch("v1", "ConfigMap", "default", "mm", {"data": {f"k{number}": "1"}})


#: What happened to the recorded server between two exchanges.
UNRECORDED_BEFORE = {"183": _write_and_compact, "402": _twelve_managers}


async def replay(exchanges: list[Exchange]) -> dict[str, Answer]:
    """Exchange name → what our server answered."""
    found: dict[str, Answer] = {}
    by_number = {exchange.number: exchange for exchange in exchanges}
    opened = {before: by_number[number] for number, before in OPEN_BEFORE.items() if number in by_number}
    running: dict[str, asyncio.Task[Answer]] = {}
    async with EmbeddedServer(simulate=False) as server, aiohttp.ClientSession() as client:
        session = Session(server, client)
        for exchange in exchanges:
            if exchange.number in opened:
                early = opened[exchange.number]
                running[early.name] = asyncio.create_task(session.send(early))
                await asyncio.sleep(0.05)
            if exchange.number in UNRECORDED_BEFORE:
                await UNRECORDED_BEFORE[exchange.number](session, server)
            task = running.pop(exchange.name, None)
            found[exchange.name] = await task if task is not None else await session.send(exchange)
    return found
