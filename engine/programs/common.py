"""What the command line's programs share: the cluster, the kinds a person names, tables as the flux CLI prints them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from engine import errors
from engine.flux import kinds
from engine.flux.kinds import FluxKind
from engine.kube.client import Client
from engine.kube.config import load_config
from engine.programs.words import Options, say
from engine.safe import line
from engine.settings import Access

__all__ = ["Options", "access", "asynchronously", "client", "kind_of", "namespace", "say", "table"]

DEFAULT_NAMESPACE = "flux-system"


def access(options: Options) -> Access:
    """The cluster flags as settings."""
    kubeconfig = options.get("kubeconfig")
    return Access(
        kubeconfig=Path(kubeconfig) if kubeconfig else None,
        context=options.get("context") or "",
        namespace="" if options.get("all_namespaces") else options.get("namespace") or "",
        as_user=options.get("as_user") or "",
        as_groups=tuple(options.get("as_groups") or ()),
    )


def namespace(options: Options) -> str:
    """The namespace of a command about one object: `-n`, else flux-system, as the flux CLI has it."""
    return options.get("namespace") or DEFAULT_NAMESPACE


def client(options: Options) -> Client:
    """A client for the cluster that the flags name; not started yet."""
    given = access(options)
    paths = [given.kubeconfig] if given.kubeconfig else None
    config = load_config(paths, context=given.context, as_user=given.as_user, as_groups=given.as_groups)
    return Client(config)


def asynchronously(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a program's coroutine; Ctrl-C ends it without a traceback."""
    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        say("✗", "interrupted")
        return 1


def kind_of(words: Sequence[str]) -> FluxKind:
    """The kind that a person's words mean; errors.Refused lists what there is."""
    found = kinds.find(" ".join(words))
    if found is None:
        known = ", ".join(kind.cli for kind in kinds.KINDS)
        raise errors.Refused(f'"{" ".join(words)}" is no kind of Flux', fix=f"one of: {known}")
    return found


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns padded with blanks and ended by a tab, header upper case; nothing is cut."""
    lines = [[cell.upper() for cell in header], *([line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in lines) for at in range(len(header))]
    padded = (
        "\t".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(" ") for row in lines
    )
    return "\n".join(padded)
