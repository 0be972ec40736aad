"""What an apply, a prune or a preview did or would do, object by object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.flux.inventory import Entry


class Action(StrEnum):
    """Flux's words."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    DELETED = "deleted"


_WRITES = frozenset({Action.CREATED, Action.CONFIGURED})


@dataclass(frozen=True, slots=True)
class Change:
    """One object and what happened to it."""

    entry: Entry
    action: Action

    @property
    def written(self) -> bool:
        """Whether the object was created or configured."""
        return self.action in _WRITES

    def __str__(self) -> str:
        return f"{self.entry.ref} {self.action}"


@dataclass(slots=True)
class ChangeSet:
    """The changes of one run, in order."""

    changes: list[Change] = field(default_factory=list)

    def extend(self, changes: Iterable[Change]) -> None:
        """Add what another stage did."""
        self.changes.extend(changes)

    @property
    def entries(self) -> list[Entry]:
        """The inventory that this run leaves."""
        return [change.entry for change in self.changes]

    @property
    def written(self) -> list[Change]:
        """Only what was created or configured."""
        return [change for change in self.changes if change.written]

    def log(self) -> str:
        """The lines of the event: created and configured objects, without a newline at the end."""
        return log(self.written)


def log(changes: Sequence[Change]) -> str:
    """One line for each change."""
    return "\n".join(map(str, changes))
