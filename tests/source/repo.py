"""Builds real repositories for tests, with fixed people and dates so that hashes come out equal every time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repo:
    """A bare repository that commits are written into without a checkout."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = path.parent / f"{path.name}.index"
        if not path.exists():
            subprocess.run(["git", "init", "-q", "--bare", "--template=", str(path)], check=True, env=self._env())
            self.git("symbolic-ref", "HEAD", "refs/heads/main")

    def _env(self, date: str = "2026-01-01T12:00:00Z") -> dict[str, str]:
        person = {"NAME": "Golden", "EMAIL": "golden@example.com", "DATE": date}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": str(self.path),
            "GIT_INDEX_FILE": str(self._index),
            **{f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in person.items()},
        }

    def git(self, *args: str, stdin: bytes | None = None, date: str = "2026-01-01T12:00:00Z") -> str:
        done = subprocess.run(["git", *args], input=stdin, capture_output=True, env=self._env(date))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(
        self,
        files: dict[str, bytes | str],
        *,
        branch: str = "main",
        message: str = "commit 1",
        parent: str | None = None,
        date: str = "2026-01-01T12:00:00Z",
        executable: tuple[str, ...] = (),
        symlinks: dict[str, str] | None = None,
    ) -> str:
        """A commit whose tree is exactly these files; moves the branch there and returns the hash."""
        self._index.unlink(missing_ok=True)
        lines = []
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            blob = self.git("hash-object", "-w", "--stdin", stdin=data)
            lines.append(f"{'100755' if name in executable else '100644'} {blob}\t{name}\n")
        for name, target in (symlinks or {}).items():
            blob = self.git("hash-object", "-w", "--stdin", stdin=target.encode())
            lines.append(f"120000 {blob}\t{name}\n")
        self.git("update-index", "--index-info", stdin="".join(lines).encode())
        tree = self.git("write-tree")
        parents = ["-p", parent] if parent else []
        sha = self.git("commit-tree", tree, *parents, stdin=message.encode(), date=date)
        self.git("update-ref", f"refs/heads/{branch}", sha)
        return sha

    def raw_commit(self, tree: bytes, branch: str = "main") -> str:
        """A commit over a tree object that git itself would not write."""
        name = self.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=tree)
        sha = self.git("commit-tree", name, stdin=b"raw")
        self.git("update-ref", f"refs/heads/{branch}", sha)
        return sha
