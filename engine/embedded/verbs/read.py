"""Get and list: consistent pages, older versions from the history."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from engine.embedded import selectors, status
from engine.embedded.options import ListOptions
from engine.embedded.records import Key, Record
from engine.embedded.registry import Resource
from engine.embedded.selectors import Predicate

if TYPE_CHECKING:
    from engine.embedded.core import Core

_V1 = "meta.k8s.io/v1"
_INCONSISTENT = -1
_TOO_OLD_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_TOO_OLD_LIST = "The resourceVersion for the provided list is too old."


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `remaining` is None where a selector makes it unknown or nothing remains."""

    records: Sequence[Record]
    version: int
    token: str = ""
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a continue token goes on: at `version`, after the key `start` (namespace/name, its end marked by NUL)."""

    version: int
    start: str


def get(core: Core, resource: Resource, namespace: str, name: str) -> Record:
    """One object or 404."""
    record = core.store.get(resource.storage, namespace, name)
    if record is None:
        raise status.not_found(resource, name)
    return record


def predicate(resource: Resource, options: ListOptions) -> Predicate | None:
    """The selectors of a list or watch."""
    selectable = resource.custom.selectable if resource.custom is not None else ()
    return selectors.select(options.labels, options.fields, selectors.known_fields(resource.storage, selectable))


def list_page(core: Core, resource: Resource, namespace: str, options: ListOptions) -> Page:
    """One page, or the whole list where no limit is given."""
    selected = predicate(resource, options)
    position = _decode(options.token) if options.token else None
    version = core.store.version
    if position is not None:
        if position.version != _INCONSISTENT:
            version = position.version
    elif options.version:
        version = _version(core, options)
    records = core.store.records_at(resource.storage, namespace, version)
    if records is None:
        if position is not None:
            raise status.expired(
                _TOO_OLD_PAGE, continue_token=_encode(Position(_INCONSISTENT, position.start.lstrip("/")))
            )
        raise status.expired(_TOO_OLD_LIST)
    if position is not None:
        after = _key(position, namespace)
        records = [record for record in records if record.key > after]
    if selected is not None:
        records = [record for record in records if selected(record.obj)]
    if not options.limit or len(records) <= options.limit:
        return Page(records, version)
    page = records[: options.limit]
    start = f"/{_place(page[-1], namespace)}\0"
    remaining = None if selected is not None else len(records) - len(page)
    return Page(page, version, _encode(Position(version, start)), remaining)


def _version(core: Core, options: ListOptions) -> int:
    asked = options.version or 0
    if asked > core.store.version:
        raise status.version_too_large(asked, core.store.version)
    return asked if options.match == "Exact" else core.store.version


def _place(record: Record, namespace: str) -> str:
    return record.name if namespace or not record.namespace else f"{record.namespace}/{record.name}"


def _key(position: Position, namespace: str) -> Key:
    """The key of the last object of the page before."""
    place = position.start.lstrip("/").rstrip("\0")
    own, slash, name = place.partition("/")
    return (own, name) if slash else (namespace, place)


def _encode(position: Position) -> str:
    token = {"v": _V1, "rv": position.version, "start": position.start}
    return base64.urlsafe_b64encode(orjson.dumps(token)).rstrip(b"=").decode()


def _decode(token: str) -> Position:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise _bad_token("illegal base64 data") from None
    try:
        value: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        first = raw[:1].decode(errors="replace")
        raise _bad_token(f"invalid character '{first}' looking for beginning of value") from None
    if not isinstance(value, dict) or value.get("v") != _V1:
        raise _bad_token("server does not recognize this encoded version")
    version, start = value.get("rv"), value.get("start")
    if not isinstance(version, int) or not isinstance(start, str) or not start:
        raise _bad_token("encoded start key empty (version meta.k8s.io/v1)")
    return Position(version, start)


def _bad_token(why: str) -> status.ApiError:
    return status.bad_request(f"invalid continue token: continue key is not valid: {why}")
