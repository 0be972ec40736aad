"""A text on its way to functions: parsed when needed, written function by function."""

from __future__ import annotations

from engine.helm.template import nodes as n
from engine.helm.template.parser import Parser
from engine.helm.template.statements import Body, Written, write


class Source:
    """A text of templates and its name in this rendering.

    Functions are named `t` and the place of their template in the text, blocks of them by one more number each:
    `t3`, `t3_0`, `t3_0_2`. The same text gives the same functions, so that a name in a traceback leads back to it.
    """

    def __init__(self, name: str, text: str, parser: Parser) -> None:
        self.name = name
        self.text = text
        self._parser = parser
        self._trees: list[n.Tree] | None = None
        self._bodies: dict[str, Body] = {}

    def trees(self) -> list[n.Tree]:
        """Its templates; ParseError."""
        if self._trees is None:
            self._trees = self._parser.parse(self.name, self.text)
        return self._trees

    def tree(self, function: str) -> n.Tree:
        """The template that a function was written for."""
        return self.trees()[int(function[1:].partition("_")[0])]

    def write(self, function: str) -> Written:
        """One function; TemplateLimit when it is nested too deeply."""
        around = function.rpartition("_")[0]
        if not around:
            body = Body(self.tree(function).body)
        else:
            if function not in self._bodies:
                self.write(around)
            body = self._bodies[function]
        written = write(function, body, self._parser.functions)
        self._bodies |= written.later
        return written
