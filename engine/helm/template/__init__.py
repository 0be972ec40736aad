"""Go's text/template, as Helm uses it: parse, compile to Python, execute."""

from __future__ import annotations

from engine.helm.template.budget import Budget, Limits
from engine.helm.template.cache import Cache, Compiled, MemoryCache
from engine.helm.template.errors import (
    Asked,
    CallError,
    ExecError,
    Frame,
    GoError,
    ParseError,
    TemplateError,
    TemplateLimit,
)
from engine.helm.template.signature import go
from engine.helm.template.templates import Templates

__all__ = [
    "Asked",
    "Budget",
    "Cache",
    "CallError",
    "Compiled",
    "ExecError",
    "Frame",
    "GoError",
    "Limits",
    "MemoryCache",
    "ParseError",
    "TemplateError",
    "TemplateLimit",
    "Templates",
    "go",
]
