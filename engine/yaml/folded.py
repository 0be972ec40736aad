"""What becomes of folded text (`>`) that goes through go-yaml's emitter once.

The emitter writes an empty line after every line that does not start with white space, also before one that does,
where a reader keeps it. kustomize prints every object once before it turns it into JSON, so such a text changes, and
the hash of a ConfigMap is that of the changed one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml
from yaml.events import ScalarEvent

from engine.yaml.scalars import is_special

#: Text that may not come back as it was: it begins with white space, has a line that does, or ends in two breaks.
_IRREGULAR: Final = re.compile(r"\A\s|\n[ \t]|\n\n\Z")


def reprinted(text: str) -> str:
    """The text after one printing in the folded style."""
    if not _IRREGULAR.search(text) or not stays_a_block(text):
        return text
    events = yaml.parse(f"{_header(text)}{''.join(_lines(text))}")
    return "".join(event.value for event in events if isinstance(event, ScalarEvent))


def stays_a_block(text: str) -> bool:
    """Whether the emitter does not take double quotes instead; a tab is no reason, unlike elsewhere."""
    return not (text.endswith(" ") or " \n" in text or is_special(text.replace("\t", "")))


def _header(text: str) -> str:
    indentation = "2" if text[0] in " \n" else ""
    if not text.endswith("\n"):
        return f">{indentation}-\n"
    return f">{indentation}+\n" if text == "\n" or text.endswith("\n\n") else f">{indentation}\n"


def _lines(text: str) -> Iterator[str]:
    """The lines of the block, two columns in."""
    # The emitter means each next line's first character and looks at the text's own.
    spaced = text.lstrip("\n")[:1] not in ("", " ", "\t")
    before = ""
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\n\n" if spaced and before and before[0] not in " \t" else "\n"
        if line:
            yield f"  {line}"
        before = line
