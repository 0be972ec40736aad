"""The command line's programs, one file each: `main(options) -> exit code`, data on stdout, narration on stderr."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Any


def run(program: str, options: Mapping[str, Any]) -> int:
    """Run one program and return its exit code; EngineError is for the caller.

    Apart from `engine.api`, whose import a program that needs no cluster would pay for.
    """
    # What is imported stays: looking for garbage in it would take a tenth of a short program's time.
    gc.disable()
    main = import_module(f"{__name__}.{program}").main
    gc.freeze()
    gc.enable()
    code: int = main(options)
    return code
