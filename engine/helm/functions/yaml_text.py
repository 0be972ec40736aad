"""Texts as go-yaml v3 prints them, which is how toYamlPretty does: blocks for several lines, and nothing is folded."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Final

from engine.helm.template.quote import to_bytes
from engine.yaml.resolve import reads_as_string

_BREAKS: Final = "\n\r\x85\u2028\u2029"
_BREAK: Final = re.compile(f"[{_BREAKS}]")
_BREAK_RUN: Final = re.compile(f"([{_BREAKS}]+)(?=[^{_BREAKS}])")
_SPACE_BREAK: Final = re.compile(f" [{_BREAKS}]")
_BREAK_SPACE: Final = re.compile(f"[{_BREAKS}] ")
#: What cannot be printed as it is; a tab can, in a block.
_SPECIAL_CLASS: Final = "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
_INDICATOR: Final = re.compile(
    rf"\A(?:---|\.\.\.|[#,\[\]{{}}&*!|>'\"%@`]|[?-](?=[ \t]|\Z))|:(?=[ \t]|\Z)|(?<=[ \t\0{_BREAKS}])#"
)
_ESCAPED_CLASS: Final = r"[^ !#-\[\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
_SHORT: Final = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_LONGEST_SIMPLE_KEY: Final = 128


@cache
def _pattern(characters: str) -> re.Pattern[str]:
    """Compiled when first needed: these take as long as importing ten modules."""
    return re.compile(characters)


def is_simple_key(text: str) -> bool:
    """Whether a key may stand before its colon; others are written behind a question mark."""
    return _BREAK.search(text) is None and len(to_bytes(text)) <= _LONGEST_SIMPLE_KEY


def text_of(text: str, pad: str) -> str:
    """A text; `pad` indents its further lines."""
    raw = to_bytes(text)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return f"!!binary {base64.b64encode(raw).decode()}"
    if "\n" in text:
        return _literal(text, pad) if _block_allowed(text) else _double(text)
    if not reads_as_string(text):
        return _double(text)
    if _plain_allowed(text):
        return text
    return _single(text, pad) if _single_allowed(text) else _double(text)


def _block_allowed(text: str) -> bool:
    return not (text.endswith(" ") or _SPACE_BREAK.search(text) or _pattern(_SPECIAL_CLASS).search(text))


def _single_allowed(text: str) -> bool:
    return not (
        "\t" in text or _SPACE_BREAK.search(text) or _BREAK_SPACE.search(text) or _pattern(_SPECIAL_CLASS).search(text)
    )


def _plain_allowed(text: str) -> bool:
    return _single_allowed(text) and not (text != text.strip(" ") or _BREAK.search(text) or _INDICATOR.search(text))


def _single(text: str, pad: str) -> str:
    return "'" + _BREAK_RUN.sub(lambda match: match[1] + pad, text.replace("'", "''")) + "'"


def _double(text: str) -> str:
    # The emitter looks for a byte order mark at the start of the text whichever character it is at.
    if text.startswith("\ufeff"):
        return f'"{"".join(map(_escape, text))}"'
    return f'"{_pattern(_ESCAPED_CLASS).sub(lambda match: _escape(match[0]), text)}"'


def _escape(char: str) -> str:
    code = ord(char)
    return _SHORT.get(char) or (
        f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
    )


def _literal(text: str, pad: str) -> str:
    """A `|` block without its last line break, which the next line brings."""
    hint = "2" if text[0] in " " + _BREAKS else ""
    if text[-1] not in _BREAKS:
        hint += "-"
    elif len(text) == 1 or text[-2] in _BREAKS:
        hint += "+"
    body = _BREAK_RUN.sub(lambda match: match[1] + pad, text)
    return f"|{hint}\n{'' if text[0] in _BREAKS else pad}{body.removesuffix(chr(10))}"
