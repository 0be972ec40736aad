"""A set of templates that know each other by name, as one rendering of Helm has it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.helm.template.budget import Budget, Limits
from engine.helm.template.builtins import BUILTINS
from engine.helm.template.cache import Cache, Compiled, MemoryCache
from engine.helm.template.errors import ParseError
from engine.helm.template.execution import Entry, Functions, Scope
from engine.helm.template.parser import Parser
from engine.helm.template.quote import quote
from engine.helm.template.runtime import namespace
from engine.helm.template.signature import Signature, signature, signature_of
from engine.helm.template.sources import Source

_PYTHON_FRAMES: Final = 12_000


class Templates:
    """Parse texts, then execute them by name; made anew for each rendering.

    `functions` are called with positional arguments; `signature.go` gives them Go's types. `include` and `tpl` are
    the engine's own, by Helm's rules. All executions share a `budget`; without one each has its own of `limits`.
    `cache` keeps what was compiled for the next rendering.
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]],
        *,
        limits: Limits | None = None,
        budget: Budget | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.signatures: dict[str, Signature] = {name: signature(sign) for name, (_, sign) in BUILTINS.items()}
        self.signatures |= {name: signature_of(function) for name, function in functions.items()}
        self.signatures |= dict.fromkeys(("include", "tpl"), signature("string, any -> string"))
        self._limits = limits or Limits()
        self._budget = budget
        self._cache: Cache = MemoryCache() if cache is None else cache
        self._parser = Parser(self.signatures)
        self._globals = namespace(functions, self.signatures)
        self._entries: dict[str, Entry] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def parse(self, name: str, text: str) -> None:
        """Add a text under its name, and what it defines; what was there gives way unless the new one is empty."""
        loaded = self.load(name, text, is_file=True)
        self._entries |= {key: entry for key, entry in loaded.items() if not (entry.is_empty and key in self._entries)}

    def load(self, name: str, text: str, *, is_file: bool) -> dict[str, Entry]:
        """The templates of a text by name, the text itself under its own; ParseError."""
        source = Source(name, text, self._parser)
        compiled = self._cache.get(text)
        if compiled is None:
            compiled = Compiled.of(source.trees())
            self._cache.put(text, compiled, is_file=is_file)
        functions = Functions(source, compiled.codes, self._globals)
        found: dict[str, Entry] = {}
        for index, (defined, is_empty) in enumerate(compiled.templates):
            key = defined or name
            before = found.get(key)
            if before is None or before.is_empty:
                found[key] = Entry(functions, f"t{index}", is_empty)
            elif not is_empty:
                message = f"template: {name}: template: multiple definition of template {quote(key)}"
                raise ParseError(message, template=name)
        return found

    def execute(self, name: str, data: Any) -> str:
        """The text that a template gives; `<no value>` is left out, as in Helm."""
        _allow_depth()
        budget = self._budget or Budget(self._limits)
        return Scope(self, self._entries, budget, {}).render(name, data).replace("<no value>", "")


def _allow_depth() -> None:
    """Nested templates need more of Python's frames than its default, which is only a bound."""
    if sys.getrecursionlimit() < _PYTHON_FRAMES:
        sys.setrecursionlimit(_PYTHON_FRAMES)
