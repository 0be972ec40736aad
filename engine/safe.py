"""Text from outside, made safe to draw: the one constructor for all of it.

No terminal control characters, no invisible or direction-changing ones, no credentials in URLs, bounded size.
"""

from __future__ import annotations

import re
from typing import Final

LINE_LIMIT: Final = 4_000
"""Characters kept of one line of foreign text; what is beyond is cut with an ellipsis."""

BLOCK_LIMIT: Final = 400_000
"""Characters kept of a text of many lines (a manifest, a log)."""

_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_SPACES: Final = re.compile(r"[\t\n\r\x0b\x0c]+ *")
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s\"'<>]*@")


def block(text: str, limit: int = BLOCK_LIMIT) -> str:
    """Foreign text of several lines, made safe; tabs become spaces."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if "://" in text:
        text = _USERINFO.sub("", text)
    return _UNSAFE.sub("�", text.replace("\r\n", "\n").replace("\t", "    "))


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """Foreign text as one safe line; line breaks become single spaces."""
    if len(text) < limit and text.isascii() and text.isprintable() and "://" not in text:
        return text
    return block(_SPACES.sub(" ", text).strip(), limit)
