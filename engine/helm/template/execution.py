"""One execution: the templates it sees, `include`, `tpl` and the `template` action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any, NamedTuple, Protocol

from engine.helm.template.budget import Budget, Output
from engine.helm.template.errors import CallError, ExecError, GoError, ParseError, TemplateLimit
from engine.helm.template.places import SOURCE, TPL, located, located_limit
from engine.helm.template.quote import quote
from engine.helm.template.sources import Source
from engine.helm.template.statements import FUNCTIONS

Function = Callable[[Output, Any, "Scope", Any], None]


class Functions(dict[str, Function]):
    """The functions of one text by name, each compiled when it is first wanted."""

    def __init__(self, source: Source, codes: dict[str, CodeType], names: Mapping[str, Any]) -> None:
        super().__init__()
        self._source = source
        self._codes = codes
        self._globals = {**names, SOURCE: source, FUNCTIONS: self}

    def __missing__(self, name: str) -> Function:
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = self._compiled(name)
        function = self[name] = FunctionType(code, self._globals)
        return function

    def _compiled(self, name: str) -> CodeType:
        try:
            module = compile(self._source.write(name).source, "<template>", "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, RecursionError, MemoryError, OverflowError) as problem:
            template = self._source.tree(name).name
            raise TemplateLimit(f"the template {template} is nested too deeply to be compiled") from problem
        return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


class Entry(NamedTuple):
    """A template by its name; an empty one gives way to what had its name before."""

    functions: Functions
    name: str
    is_empty: bool

    def write(self, out: Output, data: Any, scope: Scope) -> None:
        """Execute it."""
        self.functions[self.name](out, data, scope, data)


class Loader(Protocol):
    """What an execution needs of the set of templates."""

    def load(self, name: str, text: str, *, is_file: bool) -> dict[str, Entry]:
        """The templates of a text by name; ParseError."""


class Scope:
    """The templates that one execution sees; `tpl` opens a scope of its own."""

    __slots__ = ("_entries", "_included", "_loader", "budget")

    def __init__(self, loader: Loader, entries: Mapping[str, Entry], budget: Budget, included: dict[str, int]) -> None:
        self._loader = loader
        self._entries = entries
        self.budget = budget
        #: How deep each name is within itself.
        self._included = included

    def render(self, name: str, data: Any) -> str:
        """A template's output, as the caller of the engine has it: what was too much is told with its place."""
        try:
            return self.execute(name, data)
        except TemplateLimit as problem:
            limit = problem
        except RecursionError as problem:
            limit = TemplateLimit("templates include each other without end").with_traceback(problem.__traceback__)
        except MemoryError:
            limit = TemplateLimit("rendering needs more memory than there is")
        raise located_limit(limit, name)

    def execute(self, name: str, data: Any) -> str:
        """A template's output."""
        found = self._entries.get(name)
        if found is None:
            raise CallError(f"template: no template {quote(name)} associated with template {quote(TPL)}")
        return self.run(found, data)

    def run(self, entry: Entry, data: Any) -> str:
        """Execute, and say of every failure where it happened."""
        out = Output(self.budget)
        try:
            entry.write(out, data, self)
            return out.text()
        except (TemplateLimit, RecursionError, MemoryError):
            raise
        except Exception as problem:  # the boundary: whatever a function does, the chart's reader gets a place
            raise located(problem) from problem

    def template(self, name: str, out: Output, data: Any) -> None:
        """The `template` action."""
        found = self._entries.get(name)
        if found is None:
            raise GoError(f"template {quote(name)} not defined")
        self.budget.check()
        found.write(out, data, self)

    def include(self, name: str, data: Any) -> str:
        """`include`: a template's output as a value."""
        included = self._included
        depth = included.get(name, 0)
        if depth > self.budget.limits.recursion:
            raise CallError(f"rendering template has a nested reference name: {name}: unable to execute template")
        included[name] = depth + 1
        text = self.execute(name, data)
        included[name] = depth
        return text

    def tpl(self, text: str, data: Any) -> str:
        """`tpl`: a text as a template that sees all others; what it defines ends with it."""
        if "{{" not in text:
            return text.replace("<no value>", "")
        try:
            loaded = self._loader.load(TPL, text, is_file=False)
        except ParseError as problem:
            raise CallError(f"cannot parse template {quote(text)}: {problem.message}") from problem
        kept = {name: entry for name, entry in loaded.items() if not (entry.is_empty and name in self._entries)}
        scope = Scope(self._loader, {**self._entries, **kept}, self.budget, self._included)
        try:
            return scope.run(loaded[TPL], data).replace("<no value>", "")
        except ExecError as problem:
            words = f"error during tpl function execution for {quote(text)}: {problem.message}"
            raise problem.within(words) from problem
