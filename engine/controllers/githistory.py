"""The earlier revisions of a GitRepository, for who wants to look at one or go back to it."""

from __future__ import annotations

from engine import errors
from engine.controllers import gitaccess
from engine.controllers.cluster import Cache, Cluster
from engine.kube.types import Object
from engine.source.git import Git, LogEntry


class GitHistory:
    """Reads the repository itself, with the login that the GitRepository names."""

    def __init__(self, cluster: Cluster, cache: Cache, git: Git) -> None:
        self._cluster = cluster
        self._cache = cache
        self._git = git

    async def log(self, namespace: str, name: str, limit: int = 30) -> tuple[LogEntry, ...]:
        """The last commits of its branch, newest first; raises EngineError where git cannot be read from here."""
        obj = self._object(namespace, name)
        remote, reference = await gitaccess.resolve(self._cluster, obj)
        return await self._git.log(remote, reference, gitaccess.timeout(obj["spec"]), limit=limit)

    async def files(self, namespace: str, name: str, commit: str) -> dict[str, bytes]:
        """The files that its artifact would have at a commit."""
        obj = self._object(namespace, name)
        remote, reference = await gitaccess.resolve(self._cluster, obj)
        ignore = obj["spec"].get("ignore")
        return await self._git.files(remote, reference, commit, ignore, gitaccess.timeout(obj["spec"]))

    def _object(self, namespace: str, name: str) -> Object:
        obj = self._cache.get(namespace, name)
        if obj is None:
            raise errors.NotFound(f"GitRepository {namespace}/{name} is not there")
        return obj
