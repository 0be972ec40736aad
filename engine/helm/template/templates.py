"""A set of templates that know each other by name, as one rendering of Helm has it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType, TracebackType
from typing import Any, Final, Protocol

from engine.errors import EngineError, Refused
from engine.helm.template import nodes, runtime
from engine.helm.template.compiler import Compiled, check_names, compile_text, generate
from engine.helm.template.errors import Asked, CallError, ExecError, Frame, GoError, ParseError, TemplateLimit
from engine.helm.template.parser import parse
from engine.helm.template.quote import quote, to_bytes
from engine.helm.template.runtime import BUILTINS, Budget, Limits, Output
from engine.helm.template.signature import Signature, signature, signature_of

_MARK: Final = re.compile(r"#(\d+)\Z")
_PYTHON_FRAMES: Final = 12_000
_Function = Callable[[Output, Any, "Scope"], None]


class Cache(Protocol):
    """Compiled texts by content; kept across renderings, and by others across processes."""

    def get(self, text: str) -> tuple[Compiled, ...] | None:
        """What was put."""

    def put(self, text: str, compiled: tuple[Compiled, ...]) -> None:
        """Keep it."""


class MemoryCache:
    """The newest texts, up to a number of characters."""

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._limit = limit
        self._size = 0
        self._entries: dict[str, tuple[Compiled, ...]] = {}

    def get(self, text: str) -> tuple[Compiled, ...] | None:
        """What was put, if it is still there."""
        found = self._entries.pop(text, None)
        if found is not None:
            self._entries[text] = found
        return found

    def put(self, text: str, compiled: tuple[Compiled, ...]) -> None:
        """Keep it, and let the oldest go."""
        if text in self._entries:
            return
        self._entries[text] = compiled
        self._size += len(text)
        while self._size > self._limit and len(self._entries) > 1:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            self._size -= len(oldest)


@dataclass(slots=True)
class _File:
    """A parsed text: what errors need to find the place again."""

    name: str
    text: str
    names: dict[CodeType, str] = field(default_factory=dict)


class Templates:
    """Parse texts, then execute them by name.

    `functions` are called with positional arguments; `signature.go` gives them Go's types. `include` and `tpl` are
    the engine's own, by Helm's rules.
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]],
        *,
        limits: Limits | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._cache: Cache = MemoryCache() if cache is None else cache
        self.signatures: dict[str, Signature] = {name: signature(sign) for name, (_, sign) in BUILTINS.items()}
        self.signatures |= {name: signature_of(function) for name, function in functions.items()}
        self.signatures |= {
            "include": signature("string, any -> string"),
            "tpl": signature("string, any -> string"),
        }
        self._globals = self._namespace(functions)
        self._trees: dict[str, tuple[bool, _Function]] = {}

    def _namespace(self, functions: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
        names: dict[str, Any] = {
            name: getattr(runtime, name)
            for name in ("chain", "loose_chain", "call_field", "loose_call_field", "show", "elements", "items",
                         "undefined", "fail")
        }  # fmt: skip
        names["__builtins__"] = {"len": len}
        names |= {f"f_{name}": function for name, (function, _) in BUILTINS.items()}
        names |= {f"f_{name}": function for name, function in functions.items()}
        names |= {name: runtime.argument(*key) for name, key in check_names(self.signatures).items()}
        return names

    def __contains__(self, name: str) -> bool:
        return name in self._trees

    def parse(self, name: str, text: str) -> None:
        """Add a text under its name, and what it defines; what was there gives way unless the new one is empty."""
        self._trees |= self._load(name, text, self._trees)

    def _load(
        self, name: str, text: str, known: Mapping[str, tuple[bool, _Function]]
    ) -> dict[str, tuple[bool, _Function]]:
        file = _File(name, text)
        space = {**self._globals, "__template__": file}
        found: dict[str, tuple[bool, _Function]] = {}
        for compiled in self._compiled(name, text):
            defined = compiled.name or name
            file.names[compiled.code] = defined
            if defined in found and not found[defined][0]:
                if not compiled.empty:
                    message = f"template: {name}: template: multiple definition of template {quote(defined)}"
                    raise ParseError(message, template=name)
                continue
            found[defined] = (compiled.empty, FunctionType(compiled.code, space))
        return {key: value for key, value in found.items() if not (value[0] and key in known)}

    def _compiled(self, name: str, text: str) -> tuple[Compiled, ...]:
        compiled = self._cache.get(text)
        if compiled is None:
            compiled = compile_text(text, self.signatures, name)
            self._cache.put(text, compiled)
        return compiled

    def execute(self, name: str, data: Any) -> str:
        """The text that a template gives; `<no value>` is left out, as in Helm."""
        _allow_depth()
        scope = Scope(self, self._trees, Budget(self.limits), {})
        return scope.execute(name, data).replace("<no value>", "")


def _allow_depth() -> None:
    """Nested templates need more of Python's frames than its default, which is only a bound."""
    if sys.getrecursionlimit() < _PYTHON_FRAMES:
        sys.setrecursionlimit(_PYTHON_FRAMES)


class Scope:
    """The templates that one execution sees; `tpl` opens a scope of its own."""

    __slots__ = ("_included", "_templates", "_trees", "budget")

    def __init__(
        self,
        templates: Templates,
        trees: Mapping[str, tuple[bool, _Function]],
        budget: Budget,
        included: dict[str, int],
    ) -> None:
        self._templates = templates
        self._trees = trees
        self.budget = budget
        self._included = included

    def execute(self, name: str, data: Any) -> str:
        """A template's output."""
        found = self._trees.get(name)
        if found is None:
            raise CallError(f"template: no template {quote(name)} associated with template {quote('gotpl')}")
        return self.run(found[1], data)

    def run(self, function: _Function, data: Any) -> str:
        """Execute, and say of every failure where it happened."""
        self.budget.check()
        out = Output(self.budget.limits.output)
        try:
            function(out, data, self)
            return out.text()
        except TemplateLimit:
            raise
        except RecursionError as problem:
            raise TemplateLimit("templates include each other without end") from problem
        except MemoryError as problem:
            raise TemplateLimit("rendering needs more memory than there is") from problem
        except Exception as problem:  # the boundary: whatever a function does, the chart's reader gets a place
            raise _located(problem, problem.__traceback__, self._templates.signatures) from problem

    def template(self, name: str, out: Output, data: Any) -> None:
        """The `template` action."""
        found = self._trees.get(name)
        if found is None:
            raise GoError(f"template {quote(name)} not defined")
        self.budget.check()
        found[1](out, data, self)

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
        templates = self._templates
        try:
            loaded = templates._load("gotpl", text, {})
        except ParseError as problem:
            raise CallError(f"cannot parse template {quote(text)}: {problem.message}") from problem
        main = loaded["gotpl"][1]
        kept = {name: tree for name, tree in loaded.items() if not (tree[0] and name in self._trees)}
        scope = Scope(templates, {**self._trees, **kept}, self.budget, self._included)
        try:
            return scope.run(main, data).replace("<no value>", "")
        except ExecError as problem:
            text = f"error during tpl function execution for {quote(text)}: {problem.message}"
            raise problem.within(text) from problem


def _located(problem: Exception, traceback: TracebackType | None, signatures: Mapping[str, Signature]) -> Exception:
    """The error with its place: the innermost line of template code it passed."""
    place = None
    while traceback is not None:
        file = traceback.tb_frame.f_globals.get("__template__")
        if isinstance(file, _File):
            place = (file, traceback.tb_frame.f_code, traceback.tb_lineno)
        traceback = traceback.tb_next
    if place is None:
        return problem
    file, code, line = place
    node = _node_at(file, line, signatures)
    return _placed(problem, file, file.names.get(code, file.name), node)


def _node_at(file: _File, line: int, signatures: Mapping[str, Signature]) -> nodes.Node:
    """The node behind a line of generated code; generating it again gives the same."""
    source, found = generate(parse(file.name, file.text, signatures), signatures)
    for text in reversed(source.split("\n")[: line - 1]):
        match = _MARK.search(text)
        if match is not None:
            return found[int(match.group(1))]
    return nodes.Dot(0)


def _placed(problem: Exception, file: _File, executing: str, node: nodes.Node) -> Exception:
    before = file.text[: node.pos]
    line = before.count("\n") + 1
    column = len(to_bytes(before[before.rfind("\n") + 1 :]))
    location = f"{file.name}:{line}:{column}"
    words = problem.message if isinstance(problem, EngineError) else str(problem) or problem.__class__.__name__
    called = _called(node)
    if isinstance(problem, CallError) or not isinstance(problem, GoError):
        words = f"error calling {called}: {words}" if called else words
    message = f"template: {location}: executing {quote(executing)} at <{node}>: {words}"
    if isinstance(problem, Refused):
        return problem.__class__(message)
    inner = problem if isinstance(problem, ExecError) else None
    own = f"error calling {called}:" if inner is not None and inner.frames else words
    return ExecError(
        message,
        template=file.name,
        line=line,
        expression=str(node),
        asked=str(problem) if isinstance(problem, Asked) else inner.asked if inner else None,
        frames=(Frame(location, executing, str(node), own), *(inner.frames if inner else ())),
    )


def _called(node: nodes.Node) -> str:
    """The function that a node calls, or ""."""
    first = node.args[0] if isinstance(node, nodes.Command) else node
    return first.name if isinstance(first, nodes.Identifier) else ""
