"""The data of generated ConfigMaps and Secrets: literals, files and env files (engines.md B2)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import LimitExceeded
from engine.kustomize.errors import BuildError
from engine.kustomize.files import Files

Pair = tuple[str, bytes]


def key_values(config: Mapping[str, Any], files: Files, field: str) -> dict[str, bytes]:
    """The data of one generator; a repeated key is an error."""
    name = config.get("name", "")
    data: dict[str, bytes] = {}
    size = 0
    for key, value in _pairs(config, files, field):
        if key in data:
            raise BuildError(
                f"{name} illegally repeats the key `{key}`", path=files.root, field=field, fix="remove one of the two"
            )
        size += len(value)
        if size > files.limits.max_generated_bytes:
            raise LimitExceeded(
                f"{files.root}, {field} {name}: more than {files.limits.max_generated_bytes} bytes of data"
            )
        data[key] = value
    return data


def _pairs(config: Mapping[str, Any], files: Files, field: str) -> Iterator[Pair]:
    for path in config.get("envs", ()):
        yield from _env_file(files.read(path, field), path)
    for literal in config.get("literals", ()):
        yield _literal(literal, files, field)
    for source in config.get("files", ()):
        key, path = _file_source(source, files, field)
        yield key, files.read(path, field)


def _literal(literal: str, files: Files, field: str) -> Pair:
    key, equals, value = literal.partition("=")
    if not key or not equals:
        # The text may be a secret: it stays out of the message.
        raise BuildError("invalid literal source, expected key=value", path=files.root, field=field)
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return key, value.encode()


def _file_source(source: str, files: Files, field: str) -> tuple[str, str]:
    key, equals, path = source.partition("=")
    if not equals:
        return posixpath.basename(source), source
    if "=" in path:
        raise BuildError(f"source \"{source}\" key name or file path contains '='", path=files.root, field=field)
    if not key or not path:
        missing = "key name" if not key else "file path"
        raise BuildError(f'missing {missing} in source "{source}"', path=files.root, field=field)
    return key, path


def _env_file(content: bytes, path: str) -> Iterator[Pair]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            raise BuildError("an env file must be UTF-8", path=path, line=number) from error
        if number == 1:
            text = text.removeprefix("\ufeff")
        text = text.lstrip()
        key, _, value = text.partition("=")
        if key and not key.startswith("#"):
            yield key, value.encode()
