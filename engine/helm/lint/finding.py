"""What a lint says: one remark about one file, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad it is."""

    INFO = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one file."""

    severity: Severity
    path: str
    message: str

    def __str__(self) -> str:
        return f"[{self.severity.name}] {self.path}: {self.message}"
