"""Earlier revisions of a Kustomization's GitRepository, read from git itself where it can be reached from here.

An observer never reads a Secret for it: what needs a login is told from the status history alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import errors
from engine.controllers import gitaccess
from engine.controllers.source import SourceFailure, SourceStalled
from engine.flux import revision as revisions
from engine.kube.client import Client
from engine.kube.types import Object
from engine.questions import RevisionChoice
from engine.safe import line

if TYPE_CHECKING:
    from engine.source.git import Git
    from engine.source.giturl import Reference, Remote

TIMEOUT = 20.0
"""Seconds that a person waits for a log or for files at most."""


class Earlier:
    """The logs and the files of GitRepositories' commits; `close` ends what runs."""

    def __init__(self, client: Client, root: Path, *, logins: bool) -> None:
        self._client = client
        self._root = root
        self._logins = logins
        self._git: Git | None = None

    async def log(self, source: Object) -> tuple[RevisionChoice, ...]:
        """The last commits of its branch, newest first. Raises EngineError when git cannot be read from here."""
        remote, reference = await self._resolve(source)
        try:
            entries = await self._reader().log(remote, reference, TIMEOUT)
        except errors.EngineError as error:
            raise _unreadable(error) from None
        return tuple(
            RevisionChoice(line(entry.revision), line(entry.subject), line(entry.author), entry.time)
            for entry in entries
        )

    async def files(self, source: Object, revision: str) -> Mapping[str, bytes]:
        """What the artifact of a revision held. Raises EngineError when git cannot be read from here."""
        remote, reference = await self._resolve(source)
        ignored = (source.get("spec") or {}).get("ignore")
        try:
            return await self._reader().files(remote, reference, revisions.commit(revision), ignored, TIMEOUT)
        except errors.EngineError as error:
            raise _unreadable(error) from None

    def close(self) -> None:
        """Nothing more is read."""
        if self._git is not None:
            self._git.close()

    async def _resolve(self, source: Object) -> tuple[Remote, Reference]:
        spec: Mapping[str, Any] = source.get("spec") or {}
        if spec.get("secretRef") and not self._logins:
            raise errors.Refused("git needs a login that is in a Secret, which is not read from here")
        try:
            return await gitaccess.resolve(self._client, source)
        except (SourceFailure, SourceStalled) as error:
            raise _unreadable(error) from None

    def _reader(self) -> Git:
        """Made when it is first needed: who never rolls back needs no git."""
        if self._git is None:
            from engine.source.git import Git

            self._git = Git(self._root, workers=2)
        return self._git


def _unreadable(error: Exception) -> errors.EngineError:
    return errors.Unavailable(f"git cannot be read from here: {line(str(error))}")
