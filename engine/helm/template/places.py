"""Where in the templates something failed: from a traceback back to the node."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from engine.errors import EngineError, Refused
from engine.helm.template import nodes as n
from engine.helm.template.errors import Asked, CallError, ExecError, Frame, GoError, TemplateLimit
from engine.helm.template.expressions import Mark
from engine.helm.template.quote import quote, to_bytes
from engine.helm.template.sources import Source
from engine.helm.template.statements import Written

#: The global of compiled code that holds its `Source`.
SOURCE: Final = "__source__"
#: What texts given to `tpl` are called, as in Helm.
TPL: Final = "gotpl"
_MARK: Final = re.compile(r"#(\d+)\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """A failing node: its template's text, the defined template around it, and where it stands."""

    source: Source
    executing: str
    node: n.Place
    line: int
    column: int

    @property
    def location(self) -> str:
        """`name:line:column`."""
        return f"{self.source.name}:{self.line}:{self.column}"

    def says(self, words: str) -> str:
        """A complaint as text/template puts it."""
        return f"template: {self.location}: executing {quote(self.executing)} at <{self.node}>: {words}"

    @property
    def called(self) -> str:
        """The function or method that the node calls, or ""."""
        first: Any = self.node.args[0] if isinstance(self.node, n.Command) else self.node
        return first.name if isinstance(first, n.Identifier) else ""


def located(problem: Exception) -> Exception:
    """The failure with its place: the innermost line of template code that it passed."""
    place = _place(problem.__traceback__)
    if place is None:
        return problem
    words = problem.message if isinstance(problem, EngineError) else str(problem) or problem.__class__.__name__
    if place.called and (isinstance(problem, CallError) or not isinstance(problem, GoError)):
        words = f"error calling {place.called}: {words}"
    message = place.says(words)
    if isinstance(problem, Refused):
        return problem.__class__(message)
    inner = problem if isinstance(problem, ExecError) else None
    own = f"error calling {place.called}:" if inner is not None and inner.frames else words
    return ExecError(
        message,
        template=place.source.name,
        line=place.line,
        expression=str(place.node),
        asked=str(problem) if isinstance(problem, Asked) else inner.asked if inner else None,
        frames=(Frame(place.location, place.executing, str(place.node), own), *(inner.frames if inner else ())),
    )


def located_limit(problem: TemplateLimit, name: str) -> TemplateLimit:
    """The same for a bound that was reached: in a file of the chart, for texts that `tpl` was given say nothing."""
    place = _place(problem.__traceback__, files_only=True)
    if place is None:
        return TemplateLimit(f"template: {name}: {problem.message}", place=name)
    return TemplateLimit(place.says(problem.message), place=place.location)


def _place(traceback: TracebackType | None, *, files_only: bool = False) -> Place | None:
    innermost = None
    while traceback is not None:
        source = traceback.tb_frame.f_globals.get(SOURCE)
        if source is not None and not (files_only and source.name == TPL):
            innermost = traceback
        traceback = traceback.tb_next
    if innermost is None:
        return None
    source = innermost.tb_frame.f_globals[SOURCE]
    function = innermost.tb_frame.f_code.co_name
    mark = _mark(source.write(function), innermost.tb_lineno)
    where = mark.node.where if isinstance(mark.node, n.Call) else mark.node.pos
    before = source.text[: mark.action + where]
    column = len(to_bytes(before[before.rfind("\n") + 1 :]))
    return Place(source, source.tree(function).name, mark.node, before.count("\n") + 1, column)


def _mark(written: Written, line: int) -> Mark:
    """The mark before a line of generated code."""
    for text in reversed(written.source.split("\n")[: line - 1]):
        match = _MARK.search(text)
        if match is not None:
            return written.marks[int(match.group(1))]
    return Mark(0, n.Dot(0))
