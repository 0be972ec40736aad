"""Nodes as JSON and JSON as nodes: what kustomize's printing and reading again makes of them."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.nodes import BOOL, FLOAT, INT, MERGE, NULL, STR, UNTAGGED, Tagged, plain, tag_of
from engine.yaml.floats import float_text
from engine.yaml.folded import reprinted, stays_a_block
from engine.yaml.resolve import NotJSON, number, plain_v3
from engine.yaml.scalars import quoted

_STRINGS: Final = {str}
#: A scalar of so many characters or fewer is likely to stand elsewhere, too.
_REPEATED: Final = 32
_BLOCKS: Final = ("|", ">")
_QUOTES: Final = ("'", '"')


def _decoded(node: Tagged) -> Any:
    """What a scalar is once printed and read again; a BuildError when that fails. Its text may be secret: not told."""
    text = str.__str__(node)
    tag = node.tag
    if tag in (STR, MERGE):
        return _string(text, node.style)
    return (_meaning if len(text) > _REPEATED else _known_meaning)(text, tag, node.style)


def _meaning(text: str, tag: str, style: str) -> Any:
    try:
        value = plain_v3(text)
        found = tag_of(plain(text))
    except NotJSON as error:
        raise BuildError(str(error)) from error
    if style and tag in (found, UNTAGGED):
        # Within quotes the tag is not printed.
        return text
    if tag in (found, UNTAGGED):
        return value
    if tag == FLOAT and found == INT:
        return number(float(value))  # type: ignore[arg-type]
    raise BuildError(f"cannot decode a {found} as a !!{tag}", fix="let replacements and patches keep the field's type")


#: Numbers, booleans and nulls repeat.
_known_meaning: Final = lru_cache(maxsize=4096)(_meaning)


def _string(text: str, style: str) -> str:
    if style == ">":
        text = reprinted(text)
    if text.startswith("\t") and style in _BLOCKS and stays_a_block(text):
        raise BuildError("found a tab character where an indentation space is expected", fix="do not begin with a tab")
    return text


def values(node: Any) -> Any:
    """The node as JSON has it; it shares nothing with the node. BuildError when it cannot be printed and read again."""
    kind = node.__class__
    if kind is str:
        return node
    if kind is dict:
        if node and {*map(type, node)} != _STRINGS:
            raise BuildError("a key of a mapping is no text", fix="put the key in quotes")
        return {key: child if child.__class__ is str else values(child) for key, child in node.items()}
    if kind is list:
        return [child if child.__class__ is str else values(child) for child in node]
    return _decoded(node)


def json_object(obj: dict[str, Any]) -> dict[str, Any]:
    """The same of a whole object, whose own keys are text whatever they look like."""
    return {str.__str__(key): values(child) for key, child in obj.items()}


def quoted_nodes(value: Any) -> Any:
    """A JSON text as nodes: all strings are in double quotes there."""
    if isinstance(value, dict):
        return {key: quoted_nodes(child) for key, child in value.items()}
    if isinstance(value, list):
        return [quoted_nodes(child) for child in value]
    return Tagged(value, STR, '"') if isinstance(value, str) else nodes(value)


def nodes(value: Any, *, floats: bool = False) -> Any:
    """JSON that was printed as YAML, as nodes; with `floats` its numbers went through Go's JSON decoder before."""
    kind = value.__class__
    if kind is str:
        return _styled_as_printed(value)
    if kind is dict:
        return {key: nodes(child, floats=floats) for key, child in value.items()}
    if kind is list:
        return [nodes(child, floats=floats) for child in value]
    if value is None:
        return Tagged("null", NULL)
    if kind is bool:
        return Tagged("true" if value else "false", BOOL)
    return _number(value, floats)


@lru_cache(maxsize=4096, typed=True)
def _number(value: float, floats: bool) -> str:
    text = str(value) if isinstance(value, int) else float_text(value)
    return plain(_float_text(float(value)) if floats else text)


def _styled_as_printed(text: str) -> str:
    if "\n" in text:
        return Tagged(text, STR, "|")
    if text == "<<":
        return Tagged(text, MERGE)
    first = quoted(text)[0]
    return Tagged(text, STR, first) if first in _QUOTES else text


def _float_text(value: float) -> str:
    """A float as Go's YAML encoder writes it, with an exponent from 1e+06 on."""
    if not value.is_integer() or abs(value) < 1e6:
        return float_text(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    power = len(rest) + int(exponent)
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{''.join(rest)}e+{power:02d}"
