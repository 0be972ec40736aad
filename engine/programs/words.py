"""What the smallest programs need of the others: the flags' type, and narration."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from engine.safe import line

Options = Mapping[str, Any]


def say(mark: str, text: str) -> None:
    """Narration, on stderr, with the flux CLI's marks (► ✚ ◎ ✔ ⚠️ ✗)."""
    print(mark, line(text), file=sys.stderr, flush=True)
