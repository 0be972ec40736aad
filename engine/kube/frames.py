"""Newline-delimited JSON: the frames of a watch, within a bound."""

from __future__ import annotations

from collections.abc import Iterator

from engine import errors

#: etcd takes objects of 1.5 MiB by default; a frame wraps one.
MAX_FRAME = 16 * 1024 * 1024


class Frames:
    """Cuts a byte stream into lines; a line may come in any number of pieces."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The lines that this piece completes. Raises errors.LimitExceeded for one that is too long."""
        head, *rest = piece.split(b"\n")
        self._keep(head)
        for line in rest:
            whole = b"".join(self._pieces) if len(self._pieces) > 1 else self._pieces[0]
            self._pieces, self._size = [], 0
            self._keep(line)
            if whole.strip():
                yield whole

    def rest(self) -> bytes:
        """What is left when the stream has ended."""
        return b"".join(self._pieces).strip()

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise errors.LimitExceeded(f"a watch event is larger than {self._limit // 2**20} MiB")
        self._pieces.append(piece)
