"""What one rendering may use: time, memory, output, depth."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.helm.template.errors import TemplateLimit

_T = TypeVar("_T")
#: Bytes that the system counts the process's memory in.
_MEMORY_UNIT: Final = 1 if sys.platform == "darwin" else 1024
#: Iterations and pieces of output between two looks.
_STEP: Final = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one rendering: all templates of a chart and its subcharts together."""

    #: Helm's own bound for `include` of one name within itself.
    recursion: int = 1000
    #: Characters that templates write; what `include` returns and its caller writes on counts again.
    output: int = 64 * 1024 * 1024
    #: Numbers of one `range`.
    elements: int = 10_000_000
    #: Seconds from the first template parsed to the last one executed.
    seconds: float = 60.0
    #: Bytes by which the process may grow.
    memory: int = 1024 * 1024 * 1024


class Budget:
    """What is left to one rendering; TemplateLimit when it is used up."""

    __slots__ = ("_deadline", "_memory", "_now", "_written", "limits")

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._now = now
        self._deadline = now() + limits.seconds
        self._memory = _peak() + limits.memory
        self._written = 0

    def check(self) -> None:
        """Look at the clock and at the memory."""
        if self._now() > self._deadline:
            raise TemplateLimit(f"rendering takes longer than {self.limits.seconds:g} seconds")
        if _peak() > self._memory:
            raise TemplateLimit(f"rendering needs more than {self.limits.memory // 2**20} MiB of memory")

    def write(self, characters: int) -> None:
        """So much more was written."""
        self._written += characters
        if self._written > self.limits.output:
            raise TemplateLimit(f"templates write more than {self.limits.output} characters")
        self.check()

    def watched(self, found: Iterable[_T]) -> Iterator[_T]:
        """The same elements, with a look at the budget now and then."""
        for index, element in enumerate(found):
            if index % _STEP == 0:
                self.check()
            yield element


def _peak() -> int:
    """Bytes of memory that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MEMORY_UNIT


class Output(list[str]):
    """What a template writes; counted every few pieces."""

    __slots__ = ("_budget", "_counted", "mark")

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.mark = _STEP
        self._budget = budget
        self._counted = 0

    def check(self) -> None:
        """Count what is new."""
        self._budget.write(sum(map(len, self[self._counted :])))
        self._counted = len(self)
        self.mark = self._counted + _STEP

    def text(self) -> str:
        """Everything written."""
        self.check()
        return "".join(self)
