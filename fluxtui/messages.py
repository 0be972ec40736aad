"""Messages that cross the whole application; those of one widget stand beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message


class SnapshotReady(Message):
    """The engine has a newer snapshot; the newest is read when this is handled."""

    def can_replace(self, message: Message) -> bool:
        """One is enough."""
        return isinstance(message, SnapshotReady)


@dataclass
class Delivered(Message):
    """A value from the engine's thread for somebody in this one."""

    to: Callable[[Any], None]
    value: Any
