"""Every function of Helm 4.2's templates: Sprig 3.3 without env and expandenv, and Helm's own.

`include` and `tpl` are not here: they need the set of templates they run in, and belong to engine.helm.template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any

from engine.helm.functions import (
    certificates,
    checksums,
    ciphers,
    dates,
    dicts,
    encoding,
    flow,
    jsons,
    lists,
    numbers,
    parts,
    passwords,
    randoms,
    reflection,
    regex,
    strings,
    tomls,
    urls,
    versions,
    yamls,
)
from engine.helm.template.signature import go

Lookup = Callable[[str, str, str, str], dict[str, Any]]


def _nothing(api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
    """What `lookup` finds without a cluster."""
    return {}


def _no_address(name: str) -> str:
    """What `getHostByName` finds, as names are not resolved unless Helm is told to."""
    return ""


def _utc() -> datetime:
    """The time that dates and certificates start from."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Environment:
    """What functions take from outside.

    `lookup` gets API version, kind, namespace and name and gives an object, a list or {}; `resolve` a host's address
    or ""; `lint` makes required and fail let everything pass, as `helm lint` does.
    """

    lookup: Lookup = _nothing
    resolve: Callable[[str], str] = _no_address
    now: Callable[[], datetime] = _utc
    random: Random = field(default_factory=SystemRandom)
    lint: bool = False


def functions(environment: Environment | None = None) -> dict[str, Callable[..., Any]]:
    """All functions by the names that templates use."""
    outside = environment or Environment()

    @go("string, string, string, string -> map")
    def lookup(api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any]:
        return outside.lookup(api_version, kind, namespace, name)

    @go("string -> string")
    def get_host_by_name(name: str) -> str:
        return outside.resolve(name)

    tables: tuple[Mapping[str, Any], ...] = (
        strings.FUNCTIONS,
        parts.FUNCTIONS,
        checksums.FUNCTIONS,
        lists.FUNCTIONS,
        dicts.FUNCTIONS,
        numbers.FUNCTIONS,
        flow.FUNCTIONS,
        flow.LENIENT if outside.lint else {},
        encoding.FUNCTIONS,
        reflection.FUNCTIONS,
        regex.FUNCTIONS,
        versions.FUNCTIONS,
        urls.FUNCTIONS,
        jsons.FUNCTIONS,
        yamls.FUNCTIONS,
        tomls.FUNCTIONS,
        dates.functions(outside.now),
        randoms.functions(outside.random),
        certificates.functions(outside.now, outside.random),
        ciphers.functions(outside.random),
        passwords.FUNCTIONS,
        {"lookup": lookup, "getHostByName": get_host_by_name},
    )
    merged: dict[str, Callable[..., Any]] = {}
    for table in tables:
        merged |= table
    return merged
