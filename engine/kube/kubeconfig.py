"""Reading and merging kubeconfig files as kubectl does, with errors that name the file and the line."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import errors, yaml
from engine.kube.config import TRY_DEMO

MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, user or context and the file that it came from."""

    what: str
    name: str
    values: Mapping[str, Any]
    file: Path

    @property
    def where(self) -> str:
        """For messages: which entry of which file."""
        return f'{self.what} "{self.name}" in {self.file}'

    def broken(self, problem: str, fix: str = "") -> errors.Malformed:
        """The error for something wrong in this entry."""
        return errors.Malformed(f"{self.where}: {problem}", fix=fix or f"correct the file, {TRY_DEMO}")

    def text(self, key: str) -> str:
        """A string field; absent and null are ""."""
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.broken(f"`{key}` must be a string")
        return value

    def flag(self, key: str) -> bool:
        """A boolean field; absent and null are false."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.broken(f"`{key}` must be true or false")

    def data(self, key: str) -> bytes:
        """A base64 field."""
        text = self.text(key)
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise self.broken(f"`{key}` is not base64") from None

    def path(self, key: str) -> Path | None:
        """A file field, relative to the file that names it."""
        text = self.text(key)
        return Path(os.path.normpath(self.file.parent / text)) if text else None

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.broken(f"`{key}` must be a list of strings")
        return tuple(value)


@dataclass(frozen=True, slots=True)
class Merged:
    """Several files as one: the first to name something wins."""

    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]
    contexts: Mapping[str, Entry]
    current_context: str
    files: tuple[Path, ...]

    @property
    def source(self) -> str:
        """The files, for messages."""
        return ", ".join(str(file) for file in self.files)


def read_files(files: Sequence[Path]) -> Merged:
    """Read and merge; every file named here must exist."""
    sections: dict[str, dict[str, Entry]] = {"clusters": {}, "users": {}, "contexts": {}}
    current = ""
    for file in files:
        file = file.expanduser().absolute()
        document = _read(file)
        for section, entries in sections.items():
            for entry in _entries(document, section, file):
                entries.setdefault(entry.name, entry)
        named = document.get("current-context")
        current = current or (named if isinstance(named, str) else "")
    return Merged(sections["clusters"], sections["users"], sections["contexts"], current, tuple(files))


def _read(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise errors.Malformed(
            f"kubeconfig {file}: {reason}", fix=f"name another with --kubeconfig, {TRY_DEMO}"
        ) from None
    if len(raw) > MAX_BYTES:
        raise errors.Malformed(f"kubeconfig {file} is larger than 8 MiB", fix=f"correct the file, {TRY_DEMO}")
    try:
        document = yaml.load(raw, name=f"kubeconfig {file}")
    except errors.Malformed as error:
        raise errors.Malformed(error.message, fix=f"correct the file, {TRY_DEMO}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise errors.Malformed(f"kubeconfig {file} line 1: not a mapping", fix=f"correct the file, {TRY_DEMO}")
    return document


def _entries(document: Mapping[str, Any], section: str, file: Path) -> list[Entry]:
    items = document.get(section)
    if items is None:
        return []
    what = section[:-1]
    if not isinstance(items, list):
        raise errors.Malformed(f"kubeconfig {file}: `{section}` must be a list", fix=f"correct the file, {TRY_DEMO}")
    entries: dict[str, Entry] = {}
    for number, item in enumerate(items, 1):
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            problem = f"kubeconfig {file}: entry {number} of `{section}` has no name"
            raise errors.Malformed(problem, fix=f"correct the file, {TRY_DEMO}")
        entry = Entry(what, name, item.get(what) or {}, file)
        if not isinstance(entry.values, dict):
            raise entry.broken(f"`{what}` must be a mapping")
        if name in entries:
            raise entry.broken("the name is there twice", f"rename or remove one, {TRY_DEMO}")
        entries[name] = entry
    return list(entries.values())
