"""Real git over http(s), into a bare mirror per URL; trees are read from the mirror without a checkout.

What did not change costs one `ls-remote`. Every operation runs in an executor of its own and ends with its deadline, so
that a server which does not answer blocks nothing else. Errors carry the texts that Flux puts into conditions (flux.md
3.1), without the `failed to checkout and determine revision: ` in front.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from engine import errors
from engine.source import gitredirect, gittree
from engine.source.archive import Member, Written, write
from engine.source.giterrors import EmptyRepository, GitError, absent, deadline, failure, last_line, redirected
from engine.source.gitprocess import Job, Output, Timeout
from engine.source.gittree import Blobs, Limits, NotInMirror
from engine.source.giturl import Reference, Remote

T = TypeVar("T")

_SUBJECT = 50


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that is in the mirror: `revision` as Flux writes it, `hash`, and the whole message."""

    revision: str
    hash: str
    message: str

    @property
    def subject(self) -> str:
        """The message's first line, cut as Flux's event text cuts it."""
        line = self.message.strip().split("\n", 1)[0]
        return line if len(line) <= _SUBJECT else line[:_SUBJECT] + "..."


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit in a log."""

    hash: str
    revision: str
    subject: str
    author: str
    time: datetime


class Git:
    """The mirrors below one folder, and the threads that git runs in."""

    def __init__(self, root: Path, *, workers: int = 6, limits: Limits | None = None) -> None:
        self._root = root
        self._limits = limits or Limits()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="git")
        self._locks: dict[Path, asyncio.Lock] = {}
        self._jobs: set[Job] = set()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def close(self) -> None:
        """Start nothing more and end what runs."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        for job in tuple(self._jobs):
            job.kill()

    async def current(self, remote: Remote, reference: Reference, timeout: float) -> str:
        """The revision that the remote has for a branch or tag now, or "" when it has none: one `ls-remote`."""
        if not reference.valid:
            return ""

        def list_remote(job: Job) -> str:
            output = self._remote(job, remote, ["ls-remote", "--", remote.url, reference.full, reference.full + "^{}"])
            if output.code:
                raise GitError(f"unable to list remote for '{remote.url}': {failure(output, remote)}")
            found = _refs(output.out)
            commit = found.get(reference.full + "^{}") or found.get(reference.full)
            return reference.revision(commit) if commit else ""

        return await self._run(list_remote, timeout, lambda: deadline("unable to list remote for", remote))

    async def fetch(self, remote: Remote, reference: Reference, timeout: float) -> Commit:
        """Bring a reference into the mirror; raises GitError, EmptyRepository."""
        if not reference.valid:
            raise GitError(absent(remote, reference))
        mirror = self._mirror(remote, "-full" if reference.commit else "")
        fetch = self._fetch_commit if reference.commit else self._fetch_tip
        async with self._locked(mirror):
            return await self._run(
                lambda job: fetch(job, mirror, remote, reference),
                timeout,
                lambda: deadline("unable to clone", remote),
            )

    async def pack(
        self,
        remote: Remote,
        reference: Reference,
        commit: Commit,
        spec_ignore: str | None,
        timeout: float,
        store: Callable[[Callable[[BinaryIO], Written]], T],
    ) -> T:
        """Write the tar.gz of a fetched commit; `store` is called in a thread with what writes it."""
        mirror = self._mirror(remote, "-full" if reference.commit else "")

        def run(job: Job) -> T:
            with self._members(job, mirror, commit, spec_ignore) as members:
                return store(lambda out: write(out, members))

        async with self._locked(mirror):
            return await self._run(run, timeout, _too_slow)

    async def log(
        self, remote: Remote, reference: Reference, timeout: float, *, limit: int = 30
    ) -> tuple[LogEntry, ...]:
        """The last commits of a branch (of the default branch for a commit alone), newest first."""
        if not reference.valid:
            raise GitError(absent(remote, reference))
        mirror = self._mirror(remote, "-log")

        def run(job: Job) -> tuple[LogEntry, ...]:
            self._prepare(job, mirror)
            local = _local(reference.full)
            self._fetch(job, mirror, remote, reference, [f"--depth={limit}"], f"+{reference.full or 'HEAD'}:{local}")
            args = ["log", "-z", f"--max-count={limit}", "--no-mailmap", "--format=%H%x1f%an%x1f%cI%x1f%s", local, "--"]
            output = job.run(args, git_dir=mirror)
            if output.code:
                raise GitError(f"unable to read the log of '{remote.url}': {last_line(output.err)}")
            return tuple(
                _log_entry(line, reference) for line in output.out.decode(errors="replace").split("\0") if line
            )

        async with self._locked(mirror):
            return await self._run(run, timeout, lambda: deadline("unable to clone", remote))

    async def files(
        self, remote: Remote, reference: Reference, commit: str, spec_ignore: str | None, timeout: float
    ) -> dict[str, bytes]:
        """The files that the artifact of a commit has, of a logged one or of any that the branch reaches."""
        pinned = Reference(branch=reference.branch, commit=commit)
        if not pinned.valid:
            raise GitError(absent(remote, pinned))
        wanted = Commit("", commit, "")
        mirror = self._mirror(remote, "-log")
        try:
            async with self._locked(mirror):
                return await self._run(lambda job: self._read(job, mirror, wanted, spec_ignore), timeout, _too_slow)
        except NotInMirror:
            wanted = await self.fetch(remote, pinned, timeout)
        mirror = self._mirror(remote, "-full")
        async with self._locked(mirror):
            return await self._run(lambda job: self._read(job, mirror, wanted, spec_ignore), timeout, _too_slow)

    def _read(self, job: Job, mirror: Path, commit: Commit, spec_ignore: str | None) -> dict[str, bytes]:
        with self._members(job, mirror, commit, spec_ignore) as members:
            return {
                member.name.decode(errors="surrogateescape"): member.content
                for member in members
                if member.content is not None
            }

    @contextmanager
    def _members(self, job: Job, mirror: Path, commit: Commit, spec_ignore: str | None) -> Iterator[Iterator[Member]]:
        entries = gittree.entries(job, mirror, commit.hash, self._limits)
        with job.open(["cat-file", "--batch"], git_dir=mirror) as (ask, answer):
            yield gittree.members(entries, Blobs(ask, answer), spec_ignore, self._limits, job.check)

    async def _run(self, work: Callable[[Job], T], timeout: float, late: Callable[[], Exception]) -> T:
        job = Job(self._root, timeout, max_file=self._limits.pack)
        self._jobs.add(job)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, job)
        except asyncio.CancelledError:
            job.kill()
            raise
        except Timeout:
            raise late() from None
        finally:
            self._jobs.discard(job)

    def _mirror(self, remote: Remote, purpose: str) -> Path:
        """A mirror per URL; where a commit or a log is wanted, one more with more of the history."""
        return self._root / f"{hashlib.sha256(remote.url.encode()).hexdigest()[:40]}{purpose}.git"

    @asynccontextmanager
    async def _locked(self, mirror: Path) -> AsyncIterator[None]:
        async with self._locks.setdefault(mirror, asyncio.Lock()):
            yield

    def _fetch_tip(self, job: Job, mirror: Path, remote: Remote, reference: Reference) -> Commit:
        local = _local(reference.full)
        self._prepare(job, mirror)
        self._fetch(job, mirror, remote, reference, ["--depth=1"], f"+{reference.full}:{local}")
        return self._commit(job, mirror, local, reference)

    def _fetch_commit(self, job: Job, mirror: Path, remote: Remote, reference: Reference) -> Commit:
        """The commit must be reachable from what was fetched: a branch, or all of them."""
        self._prepare(job, mirror)
        ref = reference.full or "refs/heads/*"
        self._fetch(job, mirror, remote, reference, ["--prune"], f"+{ref}:{ref}")
        reachable = job.run(
            ["for-each-ref", "--count=1", f"--contains={reference.commit}", reference.full or "refs/heads/"],
            git_dir=mirror,
        )
        if reachable.code or not reachable.out:
            raise GitError(f"unable to resolve commit object for '{reference.commit}': object not found")
        return self._commit(job, mirror, reference.commit, reference)

    def _fetch(
        self, job: Job, mirror: Path, remote: Remote, reference: Reference, options: list[str], refspec: str
    ) -> None:
        output = self._remote(
            job,
            remote,
            ["fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", *options, "--", remote.url, refspec],
            mirror,
        )
        if output.code == 0:
            return
        if "couldn't find remote ref" in output.err:
            refs = self._remote(job, remote, ["ls-remote", "--", remote.url])
            if refs.code == 0 and not refs.out.strip():
                raise EmptyRepository("git repository is empty")
            raise GitError(f"unable to clone '{remote.url}': couldn't find remote ref \"{reference.full or 'HEAD'}\"")
        raise GitError(f"unable to clone '{remote.url}': {failure(output, remote)}")

    def _prepare(self, job: Job, mirror: Path) -> None:
        """Make the mirror; one that has collected many packs is made anew, which is cheaper than repacking."""
        if len(list((mirror / "objects" / "pack").glob("*.pack"))) >= self._limits.packs:
            shutil.rmtree(mirror)
        if (mirror / "HEAD").is_file():
            os.utime(mirror)
            # What a fetch left that was killed; nobody else works here now.
            for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*"):
                for stale in mirror.glob(pattern):
                    stale.unlink(missing_ok=True)
            return
        shutil.rmtree(mirror, ignore_errors=True)
        self._make_room()
        output = job.run(["init", "--quiet", "--bare", "--template=", str(mirror)])
        if output.code:
            raise errors.Unavailable(f"the git mirror could not be made: {last_line(output.err)}")

    def _make_room(self) -> None:
        """Remove the mirrors that were not used for the longest time when there are too many."""
        mirrors = sorted(self._root.glob("*.git"), key=lambda path: path.stat().st_mtime)
        idle = [path for path in mirrors if path not in self._locks or not self._locks[path].locked()]
        for path in idle[: max(len(mirrors) - self._limits.mirrors + 1, 0)]:
            shutil.rmtree(path, ignore_errors=True)

    def _remote(self, job: Job, remote: Remote, args: list[str], mirror: Path | None = None) -> Output:
        """Run what speaks to the remote; with a login a redirect is followed only at the same server."""
        output = self._speak(job, remote, args, mirror)
        if output.code and remote.credentials and redirected(output):
            there = gitredirect.moved(remote, min(job.left, 30.0))
            if there is not None:
                return self._speak(job, there, [there.url if arg == remote.url else arg for arg in args], mirror)
        return output

    def _speak(self, job: Job, remote: Remote, args: list[str], mirror: Path | None) -> Output:
        header, ca = remote.credentials.header(), remote.credentials.ca
        # git would carry the login to whatever address it is redirected to.
        config = {"http.followRedirects": "false" if header else "initial"}
        environment = {}
        if header:
            config["http.extraHeader"] = header
        if ca:
            file = self._root / f"ca-{hashlib.sha256(ca).hexdigest()[:40]}.pem"
            if not file.is_file():
                file.write_bytes(ca)
            environment["GIT_SSL_CAINFO"] = str(file)
        return job.run(args, git_dir=mirror, config=config, environment=environment)

    def _commit(self, job: Job, mirror: Path, name: str, reference: Reference) -> Commit:
        query = f"{name}^{{commit}}\n".encode()
        output = job.run(["cat-file", "--batch"], git_dir=mirror, stdin=query, max_output=self._limits.commit)
        head, _, rest = output.out.partition(b"\n")
        match = re.fullmatch(rb"([0-9a-f]{40,64}) commit (\d+)", head)
        if match is None:
            raise GitError(
                f"unable to resolve commit object for '{reference.commit or reference.full}': object not found"
            )
        raw = rest[: int(match[2])]
        _, _, message = raw.partition(b"\n\n")
        commit = match[1].decode()
        return Commit(reference.revision(commit), commit, message.decode(errors="replace"))


def _local(ref: str) -> str:
    """The mirror's own name for a remote's ref: flat, as `a` and `a/b` cannot both be refs."""
    return "refs/tip/" + hashlib.sha256(ref.encode()).hexdigest()[:40]


def _log_entry(line: str, reference: Reference) -> LogEntry:
    commit, author, when, subject = line.split("\x1f", 3)
    return LogEntry(commit, reference.revision(commit), subject, author, datetime.fromisoformat(when))


def _too_slow() -> Exception:
    return Timeout("reading the repository took too long")


def _refs(output: bytes) -> dict[str, str]:
    """`ls-remote`'s lines as ref → hash; what does not look like one is not believed."""
    found = {}
    for line in output.decode(errors="replace").splitlines():
        commit, _, ref = line.partition("\t")
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            found[ref] = commit
    return found
