"""What the server says of itself: version, health, paths."""

from __future__ import annotations

import platform
from typing import Any

VERSION: dict[str, Any] = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2+fluxtui",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": f"python{platform.python_version()}",
    "compiler": "cpython",
    "platform": "linux/amd64",
}
#: healthz, livez and readyz differ only in the last line of the verbose answer.
CHECKS = ("ping", "log", "storage")
PATHS = ("/healthz", "/livez", "/readyz")


def health(path: str, *, verbose: bool) -> str:
    """The text of a health check; the server that answers is healthy."""
    if not verbose:
        return "ok"
    lines = [f"[+]{check} ok" for check in CHECKS]
    return "\n".join([*lines, f"{path.strip('/')} check passed", ""])
