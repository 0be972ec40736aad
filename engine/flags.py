"""What kustomize-controller was told on its command line, as far as its Deployment can be read (flux.md 1.6, 4.2).

Drift is what that controller's next pass would do, and its flags decide about it. What cannot be read is assumed to be
the default, and said to be assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.safe import line

CONTROLLER: Final = "kustomize-controller"
STRICT: Final = "StrictPostBuildSubstitutions"
STRICT_SINCE: Final = (1, 9)
"""The version of kustomize-controller that made the gate's default true."""

_VERSION: Final = re.compile(r":v?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that decide about drift; `assumptions` are sentences about what could not be read."""

    strict: bool = True
    cross_namespace: bool = True
    remote_bases: bool = True
    service_account: str = ""
    overrides: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def assumed(why: str) -> Flags:
    """The defaults, when the Deployment cannot be read."""
    return Flags(assumptions=(line(f"strict substitution assumed: {why}"),))


def read(deployments: Iterable[Mapping[str, Any]], why_not: str = "") -> Flags:
    """The flags of the kustomize-controller among these Deployments; `why_not` is why they may be incomplete."""
    found = next((obj for obj in deployments if (obj.get("metadata") or {}).get("name") == CONTROLLER), None)
    if found is None:
        return assumed(why_not or f"there is no Deployment {CONTROLLER} of Flux")
    container = _container(found)
    given = list(_flags(container.get("args") or ()))
    gates = dict(_gates(value for name, value in given if name == "feature-gates"))
    assumptions = []
    strict = gates.get(STRICT)
    if strict is None:
        version = _VERSION.search(str(container.get("image") or "").partition("@")[0])
        if version is None:
            assumptions.append(f"strict substitution assumed: the version of {CONTROLLER} is not known")
        strict = version is None or (int(version[1]), int(version[2])) >= STRICT_SINCE
    flags = dict(given)
    return Flags(
        strict=strict,
        cross_namespace=not _is_true(flags.get("no-cross-namespace-refs", "false")),
        remote_bases=not _is_true(flags.get("no-remote-bases", "false")),
        service_account=line(flags.get("default-service-account", "")),
        overrides=tuple(
            line(part) for name, value in given if name == "override-manager" for part in value.split(",") if part
        ),
        assumptions=tuple(assumptions),
    )


def _container(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    containers = [item for item in spec.get("containers") or () if isinstance(item, Mapping)]
    named = next((item for item in containers if item.get("name") == "manager"), None)
    return named or next(iter(containers), {})


def _flags(args: Iterable[object]) -> Iterator[tuple[str, str]]:
    """(name, value) as Go's pflag reads them: `--name=value`, `--name value`, and `--name` alone for true."""
    waiting = ""
    for arg in map(str, args):
        if not arg.startswith("-"):
            if waiting:
                yield waiting, arg
            waiting = ""
            continue
        if waiting:
            yield waiting, "true"
        name, equals, value = arg.lstrip("-").partition("=")
        waiting = "" if equals else name
        if equals:
            yield name, value
    if waiting:
        yield waiting, "true"


def _gates(values: Iterable[str]) -> Iterator[tuple[str, bool]]:
    for value in values:
        for part in value.split(","):
            name, equals, state = part.strip().partition("=")
            if equals:
                yield name, _is_true(state)


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("true", "t", "1")
