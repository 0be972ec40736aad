"""What goes wrong in templates, in the words of Go's text/template and of Helm."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import LimitExceeded, Malformed


class TemplateError(Malformed):
    """A template that cannot be parsed or executed.

    `template` is the name of the text it was read from, `line` counts from 1 (0: unknown), `expression` is the
    failing part of the template or "".
    """

    def __init__(self, message: str, *, template: str = "", line: int = 0, expression: str = "") -> None:
        super().__init__(message)
        self.template = template
        self.line = line
        self.expression = expression


class ParseError(TemplateError):
    """The text is no template."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One step into the templates, outermost first in an error."""

    #: `name:line:column`
    location: str
    #: The defined template and the expression in it; "" when there is none.
    executing: str
    expression: str
    #: What went wrong there, without what lies further in.
    message: str


class ExecError(TemplateError):
    """The template failed while it was executed.

    `asked` is set when the template itself asked for the failure (`fail`, `required`): the person should read
    that sentence alone. `frames` lead from the outermost template to the failing expression.
    """

    def __init__(
        self,
        message: str,
        *,
        template: str = "",
        line: int = 0,
        expression: str = "",
        asked: str | None = None,
        frames: tuple[Frame, ...] = (),
    ) -> None:
        super().__init__(message, template=template, line=line, expression=expression)
        self.asked = asked
        self.frames = frames

    @property
    def location(self) -> str:
        """`name:line:column` of the outermost template."""
        return self.frames[0].location if self.frames else f"{self.template}:{self.line}"

    def within(self, message: str) -> ExecError:
        """The same failure under other words, as functions that execute templates put it."""
        return ExecError(
            message,
            template=self.template,
            line=self.line,
            expression=self.expression,
            asked=self.asked,
            frames=self.frames,
        )


class GoError(Exception):
    """What a function or an operation of the template language says; the engine adds where it happened."""


class CallError(GoError):
    """A function's own refusal: Go says which function was called."""


class Asked(CallError):
    """`fail` and `required`: the chart's own sentence."""


class TemplateLimit(LimitExceeded):
    """A bound of ours was reached while rendering: depth, output, values, memory or time.

    `place` is where, as `name:line:column`, or "".
    """

    def __init__(self, message: str, *, place: str = "") -> None:
        super().__init__(message)
        self.place = place
