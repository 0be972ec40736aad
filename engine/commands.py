"""A person's intents as values, each naming the verb it needs; and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from engine.model import Ref

UNWRITTEN: Final[dict[str, Any]] = {"journal": False}
"""Metadata of a field whose value the journal does not keep."""


@dataclass(frozen=True, slots=True)
class Command:
    """An act on one object. Nothing is sent twice: an unclear answer is settled by reading."""

    ref: Ref

    @property
    def verb(self) -> str:
        """The act's name on the operations board."""
        return type(self).__name__.lower()

    @property
    def needs(self) -> str:
        """The Kubernetes verb needed on the object's resource."""
        return "patch"


@dataclass(frozen=True, slots=True)
class Reconcile(Command):
    """Annotate `reconcile.fluxcd.io/requestedAt`; with `with_source` the source first, then the object."""

    with_source: bool = False
    force: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Suspend(Command):
    """`spec.suspend: true`, with the reason as an annotation under `fluxtui.io/`."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume(Command):
    """`spec.suspend` taken away, and our annotations with it."""


@dataclass(frozen=True, slots=True)
class Rollback(Command):
    """Pin the Kustomization's git source to an earlier commit (`spec.ref.commit` is added)."""

    revision: str = ""
    """`main@sha1:…` or `sha1:…`: one of `api.Revisions`."""


@dataclass(frozen=True, slots=True)
class Undo(Command):
    """Take back one operation of ours: suspend, resume or rollback."""

    operation: str = ""


@dataclass(frozen=True, slots=True)
class Delete(Command):
    """Delete the object, in the background."""

    @property
    def needs(self) -> str:
        """The Kubernetes verb needed."""
        return "delete"


@dataclass(frozen=True, slots=True)
class Edit(Command):
    """Change what differs between two texts: the one that was shown (`api.Editable`) and what a person made of it."""

    before: str = field(default="", repr=False, metadata=UNWRITTEN)
    after: str = field(default="", repr=False, metadata=UNWRITTEN)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first answer to a command: the operation that tracks it, or why nothing was sent."""

    accepted: bool
    operation: str = ""
    message: str = ""
