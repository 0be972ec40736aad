"""Which variable a name means where the template is executed.

Go pushes variables on a stack as it executes declarations and pops them at the end of a block, so a name means the
innermost declaration that was executed. That is known beforehand, except for declarations inside the arguments of
`and` and `or`, which may be skipped: their variables may be unset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Local:
    """A variable: its name in the template, its name in Python, how its nil behaves."""

    name: str
    code: str
    #: Whether a field of its nil is nothing; else it is an error.
    loose: bool = True
    #: Whether its declaration may have been skipped.
    may_be_unset: bool = False


class Scopes:
    """The variables at one point of a template, innermost last."""

    def __init__(self, outer: Iterable[Local] = ()) -> None:
        self._locals = [Local("$", "root"), *outer]

    def mark(self) -> int:
        """The start of a block, for `leave`."""
        return len(self._locals)

    def leave(self, mark: int) -> None:
        """The end of a block: what was declared in it is gone."""
        del self._locals[mark:]

    def declare(self, local: Local) -> None:
        """One more variable."""
        self._locals.append(local)

    def meant(self, name: str) -> Iterator[Local]:
        """What a name may mean, innermost first; all but the last may be unset, and the last one too."""
        for local in reversed(self._locals):
            if local.name == name:
                yield local
                if not local.may_be_unset:
                    return
