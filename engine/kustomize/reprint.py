"""Prints a YAML text again after a value in it has changed, in the style that it had, as go-yaml 3 does.

Comments and anchors are not kept by what reads the text here, so a text that has any is not printed.
"""

from __future__ import annotations

import re
from typing import Any, Final

from engine.errors import Unsupported
from engine.kustomize.nodes import STR, UNTAGGED, plain, style_of, tag_of, written
from engine.yaml.folded import stays_a_block
from engine.yaml.layout import Layout, Path, layout_of
from engine.yaml.resolve import NotJSON
from engine.yaml.scalars import double, is_special, quoted

#: What a plain scalar inside [] or {} must not have.
_FLOW: Final = re.compile(r"[,?\[\]{}:]")
_FIX: Final = "keep the text as JSON, or replace the whole field"


def reprint(document: Any, original: str) -> str:
    """The changed document in the layout of the original text, without white space around it."""
    layout = layout_of(original)
    if layout.has_comments or layout.has_anchors:
        what = "comments" if layout.has_comments else "anchors"
        raise Unsupported(f"replacements: the YAML in the text of a field has {what}", fix=_FIX)
    printer = _Printer(layout)
    printer.node(document, (), "", "")
    return "".join(printer.out).strip()


class _Printer:
    def __init__(self, layout: Layout) -> None:
        self.out: list[str] = []
        self._layout = layout

    def node(self, node: Any, path: Path, pad: str, lead: str) -> None:
        """A node whose first line starts with `lead` and whose others are indented by `pad`."""
        block = node and path not in self._layout.flow
        if block and isinstance(node, dict):
            self._mapping(node, path, pad, lead)
        elif block and isinstance(node, list):
            self._sequence(node, path, pad, lead)
        else:
            self.out.append(f"{lead}{self._inline(node, path, pad)}\n")

    def _mapping(self, mapping: dict[str, Any], path: Path, pad: str, lead: str) -> None:
        for key, value in mapping.items():
            below = (*path, key)
            start = f"{lead}{self._key(key, below)}:"
            if isinstance(value, (dict, list)) and value and below not in self._layout.flow:
                deeper = pad + "  " if isinstance(value, dict) else pad
                self.out.append(f"{start}\n")
                self.node(value, below, deeper, deeper)
            else:
                self.out.append(f"{start} {self._inline(value, below, pad + '  ')}".rstrip(" ") + "\n")
            lead = pad

    def _sequence(self, items: list[Any], path: Path, pad: str, lead: str) -> None:
        for index, item in enumerate(items):
            self.node(item, (*path, index), pad + "  ", f"{lead}- ")
            lead = pad

    def _inline(self, node: Any, path: Path, pad: str, *, flow: bool = False) -> str:
        """A scalar, or a collection in [] or {}; `pad` indents the lines of a block."""
        if isinstance(node, dict):
            fields = [
                f"{self._key(key, (*path, key))}: {self._inline(value, (*path, key), pad, flow=True)}"
                for key, value in node.items()
            ]
            return "{" + ", ".join(fields) + "}"
        if isinstance(node, list):
            items = [self._inline(item, (*path, index), pad, flow=True) for index, item in enumerate(node)]
            return "[" + ", ".join(items) + "]"
        return _scalar(node, pad, flow=flow)

    def _key(self, key: str, path: Path) -> str:
        style = self._layout.keys.get(path, "")
        return _quoted(key, style) if style in _QUOTES else _plain(key, flow=False)


_QUOTES: Final = ("'", '"')


def _scalar(node: Any, pad: str, *, flow: bool) -> str:
    text, tag, style = written(node), tag_of(node), style_of(node)
    natural = _natural_tag(text)
    mark = ""
    if flow and not text:
        return "''"
    if not style and tag == STR != natural:
        style = '"'
    elif tag not in (natural, UNTAGGED, STR):
        mark = f"!!{tag} "
    if not style and "\n" in text:
        style = "|"
    if style in ("|", ">"):
        return mark + _block(text, style, pad, flow=flow)
    if style:
        return mark + _quoted(text, style)
    return mark + (text if natural != STR and not (flow and _FLOW.search(text)) else _plain(text, flow=flow))


def _natural_tag(text: str) -> str:
    try:
        return tag_of(plain(text))
    except NotJSON:
        return "float"


def _plain(text: str, *, flow: bool) -> str:
    """A string without quotes where that is allowed."""
    if not text or (flow and _FLOW.search(text)):
        return _quoted(text, "'") if not text or not is_special(text) else _quoted(text, '"')
    found = quoted(text)
    # The quotes for words that only older readers take for something else are not go-yaml 3's.
    return (
        text if found[0] == '"' and not is_special(text) and "\n" not in text and _natural_tag(text) == STR else found
    )


def _quoted(text: str, style: str) -> str:
    if style == "'" and not is_special(text):
        if "\n" in text:
            raise Unsupported(
                "replacements: the YAML in the text of a field has quoted text of several lines", fix=_FIX
            )
        return "'" + text.replace("'", "''") + "'"
    return double(text)


def _block(text: str, style: str, pad: str, *, flow: bool) -> str:
    if flow or not stays_a_block(text):
        return _quoted(text, '"')
    if style == ">":
        raise Unsupported("replacements: the YAML in the text of a field has folded text", fix=_FIX)
    hint = "2" if text[:1] in (" ", "\n") else ""
    end = "-" if not text.endswith("\n") else "+" if text == "\n" or text.endswith("\n\n") else ""
    lines = [f"{pad}{line}" if line else "" for line in text.removesuffix("\n").split("\n")]
    return f"|{hint}{end}\n" + "\n".join(lines)
