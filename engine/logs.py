"""Our own logging: the file, the last lines in memory, and the form that Flux's controllers log in."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

import orjson

from engine.safe import line

KEPT: Final = 2_000
"""Lines of our own controllers kept for `l`."""
FILE_LIMIT: Final = 5_000_000
"""Bytes of the log file; one older file is kept."""


class Ring(logging.Handler):
    """The last lines of our own controllers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line; tracebacks stay in the file."""
        record = logging.makeLogRecord(record.__dict__ | {"exc_info": None, "exc_text": None})
        self.lines.append(line(self.format(record)))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in UTC, as Flux's controllers log (flux.md 9)."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message and, where there is one, the error."""
        entry: dict[str, Any] = {
            "ts": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return orjson.dumps(entry).decode()


class _PrivateFile(RotatingFileHandler):
    """Every file of the rotation is for its owner alone."""

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).touch(mode=0o600)
        return super()._open()


def to_file(path: Path, level: int = logging.INFO) -> None:
    """Send all logging to a file, 0600, and nothing to the screen."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateFile(path, maxBytes=FILE_LIMIT, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=level, force=True)
