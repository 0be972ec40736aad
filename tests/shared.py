"""Where the recorded cases of the real programs are, and what to do when they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CONFORMANCE = SHARED / "conformance"
GOLDENS = SHARED / "goldens"


def need_shared(folder: Path = SHARED) -> Path:
    """The folder, or a skip that says what is left out; in CI a missing folder fails."""
    if folder.is_dir():
        return folder
    message = f"the recorded cases in {folder.name}/ are not here, so they were not run"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
