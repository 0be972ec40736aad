"""A bare git repository that the demo writes: commits by `git fast-import`, on top of whatever a person pushed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from engine import errors
from engine.clock import Clock
from engine.source.gitprocess import Job

BRANCH: Final = "refs/heads/main"
_TIMEOUT: Final = 30.0


class DemoRepository:
    """One repository below the git server's root."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    async def create(self) -> bool:
        """Make it, unless it is there; returns whether it was made."""
        if (self.path / "HEAD").is_file():
            return False
        self.path.mkdir(parents=True, exist_ok=True)
        await self._git(["init", "--quiet", "--bare", f"--initial-branch={BRANCH.rpartition('/')[2]}", str(self.path)])
        await self._git(["config", "http.receivepack", "true"])
        return True

    async def commit(self, files: Mapping[str, str | None], message: str, author: str) -> None:
        """Write these files (None: delete them) in one commit; the others stay as they are."""
        await self._git(["fast-import", "--quiet"], self._stream(files, message, author, await self.head()))

    async def tag(self, name: str) -> None:
        """Tag the branch's head."""
        await self._git(["update-ref", f"refs/tags/{name}", await self.head()])

    async def head(self) -> str:
        """The branch's commit, or "" while there is none."""
        try:
            return (await self._git(["rev-parse", "--verify", "--quiet", BRANCH])).strip()
        except errors.EngineError:
            return ""

    async def read(self, file: str) -> str | None:
        """A file as it is at the branch's head, or None."""
        try:
            return await self._git(["cat-file", "blob", f"{BRANCH}:{file}"])
        except errors.EngineError:
            return None

    def _stream(self, files: Mapping[str, str | None], message: str, author: str, parent: str) -> bytes:
        name, _, rest = author.partition(" <")
        now = int(self._clock.now().timestamp())
        person = f"{name} <{rest.rstrip('>') or name.lower() + '@example.com'}> {now} +0000"
        parts = [f"commit {BRANCH}\nauthor {person}\ncommitter {person}\n".encode(), _data(message)]
        if parent:
            parts.append(f"from {parent}\n".encode())
        for path, text in files.items():
            parts.append(f"D {path}\n".encode() if text is None else f"M 100644 inline {path}\n".encode() + _data(text))
        return b"".join([*parts, b"\n"])

    async def _git(self, args: list[str], stdin: bytes = b"") -> str:
        job = Job(self.path.parent, _TIMEOUT)
        output = await asyncio.to_thread(job.run, args, git_dir=self.path, stdin=stdin)
        if output.code:
            raise errors.Terminal(f"git {args[0]} in {self.path.name} ended with {output.code}: {output.err.strip()}")
        return output.out.decode(errors="replace")


def _data(text: str) -> bytes:
    raw = text.encode()
    return f"data {len(raw)}\n".encode() + raw + b"\n"
