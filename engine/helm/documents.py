"""How Kubernetes' tools cut a text into YAML documents: by lines, before any YAML is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.errors import Malformed
from engine.helm.gotext import trim_space

SEPARATOR: Final = "---"


def documents(text: str) -> Iterator[str]:
    """The text between separators, with a line break at its end; Malformed when a separator's line says more.

    What nothing was written before, as above a first separator, is no document.
    """
    part: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        if not line.startswith(SEPARATOR):
            part.append(f"{line}\n")
            continue
        behind = trim_space(line.removeprefix(SEPARATOR))
        if behind and not behind.startswith("#"):
            raise Malformed(f"invalid Yaml document separator: {behind[:_SHOWN]}")
        if part:
            yield "".join(part)
            part = []
    if part:
        yield "".join(part)


#: Characters of a separator's line that an error repeats.
_SHOWN: Final = 80
