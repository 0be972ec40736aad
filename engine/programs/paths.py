"""Paths in errors of builds whose tree is the whole file system."""

from __future__ import annotations

import re
from pathlib import Path


def from_here(message: str, folder: Path) -> str:
    """Paths in a message are relative to the root of the file system: say them from the working directory."""
    here = Path.cwd().as_posix().strip("/")
    if here:
        message = re.sub(rf"(?<![\w./-]){re.escape(here)}/", "", message)
    top = folder.relative_to(folder.anchor).parts[:1]
    return re.sub(rf"(?<![\w./-]){re.escape(top[0])}/", f"{folder.anchor}{top[0]}/", message) if top else message
