"""What the API server's own code does to built-in kinds: normal forms, defaults, allocation, validation.

A write goes through `normalize` and `default` (before field ownership is computed), then `admit` and the
`ServiceAllocator` (what strategies and admission add, owned by nobody), then `validate`.
"""

from __future__ import annotations

from engine.embedded.builtin.admit import admit
from engine.embedded.builtin.allocator import ServiceAllocator
from engine.embedded.builtin.defaults import default
from engine.embedded.builtin.normalize import normalize
from engine.embedded.builtin.validate import validate

__all__ = ["ServiceAllocator", "admit", "default", "normalize", "validate"]
