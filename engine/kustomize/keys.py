"""Keys of mappings: kustomize writes the ones that it sets without quotes, and then they must read as text."""

from __future__ import annotations

from functools import lru_cache

from engine.kustomize.errors import BuildError
from engine.yaml.resolve import NotJSON, plain_v3


@lru_cache(maxsize=4096)
def is_text(key: str) -> bool:
    """Whether a key without quotes is a string, as JSON needs it: not `true`, `1` or `null`."""
    try:
        return isinstance(plain_v3(key), str)
    except NotJSON:
        return False


def unreadable(key: str, where: str) -> BuildError:
    """The error of a key that is none."""
    return BuildError(f'the key "{key}" in {where} is no text to YAML', fix="name it otherwise")
