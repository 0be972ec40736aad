"""What the API server's own code does to built-in kinds: normal forms, defaults, allocation, validation.

A write goes through `normalize`, `default` (these two before field ownership is computed), then `prepare` and the
`ServiceAllocator` (what strategies and admission add, owned by nobody), then `validate`.
"""

from __future__ import annotations

from engine.embedded.builtin.defaults import default
from engine.embedded.builtin.normalize import normalize

__all__ = ["default", "normalize"]
