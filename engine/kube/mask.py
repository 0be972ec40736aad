"""What a program said, made fit to be repeated: one line, no control characters, nothing that looks like a secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

MAX_LINE = 300
STARS = "***"

_NAMES = "token secret passw(?:or)?d passphrase pwd (?:api|access|private)[-_]?key credentials? auth signature"
_SECRET = f"(?:{'|'.join(_NAMES.split())})"
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_RULES = (
    # Credentials in URLs, and everything after a question mark: signed URLs carry theirs there.
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{STARS}@"),
    (re.compile(r"(?<=[\w/])\?[^\s\"']+=[^\s\"']*"), f"?{STARS}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"), rf"\1 {STARS}"),
    (re.compile(rf"(?i)([\w-]*{_SECRET}[\w-]*[\"']?\s*[=:]\s*)[\"']?[^\s\"',;]+"), rf"\1{STARS}"),
    # Long runs with both letters and digits: JWT segments, keys, hashes. Paths and host names are cut by / and dot.
    (re.compile(r"(?<![\w+=~-])(?=[\w+=~-]*[0-9])(?=[\w+=~-]*[A-Za-z])[\w+=~-]{16,}"), STARS),
    (re.compile(r"(?<![\w+/=-])(?![/.])[A-Za-z0-9+/=_-]{40,}"), STARS),
)
_SECRET_FLAG = re.compile(rf"(?i)^-{{1,2}}[\w-]*{_SECRET}[\w-]*$")
_SECRET_ASSIGNMENT = re.compile(rf"(?i)^(-{{0,2}}[\w-]*{_SECRET}[\w-]*=).+$", re.DOTALL)


def first_line(output: bytes) -> str:
    """The first line with something on it, masked and bounded."""
    for line in output[:8192].decode("utf-8", "replace").splitlines():
        if text := masked(line).strip():
            return text
    return ""


def masked(text: str) -> str:
    """One line without control characters and without anything token-like."""
    text = _CONTROL.sub("", text[: 4 * MAX_LINE])
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"


def command_line(argv: Sequence[str]) -> str:
    """A command as a person would type it, with the values of secret flags masked."""
    shown: list[str] = []
    hide = False
    for argument in argv:
        if hide and not argument.startswith("-"):
            shown.append(STARS)
            hide = False
            continue
        hide = bool(_SECRET_FLAG.match(argument))
        if found := _SECRET_ASSIGNMENT.match(argument):
            shown.append(found[1] + STARS)
        else:
            clean = _CONTROL.sub("", argument)
            shown.append(shlex.quote(clean))
    return " ".join(shown)
