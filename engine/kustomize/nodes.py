"""Values as kustomize works on them: YAML nodes, which keep a scalar's spelling until they are printed.

A node is a dict, a list, a `str`, or a `Tagged` scalar: any that is no string, as the text in the file and a tag.
Transformers write texts; what a text means under its tag is decided when the object is read as JSON (`values`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Self

from engine.kustomize.errors import BuildError
from engine.yaml.floats import float_text
from engine.yaml.resolve import NotJSON, number, plain_v3, timestamp

INT: Final = "int"
FLOAT: Final = "float"
BOOL: Final = "bool"
NULL: Final = "null"
TIMESTAMP: Final = "timestamp"
STR: Final = "str"
#: Not settled yet: the text alone says what it is.
UNTAGGED: Final = ""
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+|[0-9_]+)", re.ASCII)


class Tagged(str):
    """A scalar that is no string: its text, and the tag that says what it is."""

    __slots__ = ("tag",)
    tag: str

    def __new__(cls, text: str, tag: str) -> Self:
        """`tag` is the last part of the YAML tag: int, float, bool, null or timestamp."""
        made = super().__new__(cls, text)
        made.tag = tag
        return made


class Shared(Tagged):
    """One scalar that stands in several places; whoever writes one of them writes all.

    kustomize's label transformers make one node for a label and put it wherever the label is missing.
    """

    __slots__ = ("places",)
    places: list[tuple[dict[str, Any], str]]


def share(text: str, tag: str, places: list[tuple[dict[str, Any], str]]) -> None:
    """Put one scalar in all the places."""
    made = Shared(text, tag)
    made.places = places
    for mapping, key in places:
        mapping[key] = made


def put(mapping: dict[str, Any], key: str, node: Any) -> None:
    """Write over the node that is there, which may stand elsewhere too, or add one."""
    present = mapping.get(key)
    if present.__class__ is Shared and isinstance(node, str):
        places = [(other, name) for other, name in present.places if other.get(name) is present]
        share(node, tag_of(node), places)
    else:
        mapping[key] = node


def tag_of(scalar: Any) -> str:
    """What a scalar is; "str" for a string."""
    return scalar.tag if isinstance(scalar, Tagged) else STR


def is_null(node: Any) -> bool:
    """Whether the node is null, however that is spelled."""
    return isinstance(node, Tagged) and node.tag == NULL


def is_string(node: Any) -> bool:
    """Whether the node is a string."""
    return node.__class__ is str or (node.__class__ is Shared and node.tag == STR)


def is_empty(node: Any) -> bool:
    """Whether the node is null, or a mapping or list without anything in it."""
    return is_null(node) or node in ({}, [])


def text(node: Any) -> str:
    """A scalar as the text that stands in the YAML; "" for null and for what is no scalar."""
    if node.__class__ is str:
        return str(node)
    return "" if is_null(node) else written(node)


def written(node: Any) -> str:
    """The text that stands in the YAML, also that of null; "" for what is no scalar."""
    return str.__str__(node) if isinstance(node, str) else ""


@lru_cache(maxsize=16384)
def plain(text: str) -> str:
    """The node of a scalar without quotes or tag."""
    value = plain_v3(text)
    if value is None:
        return Tagged(text, NULL)
    if isinstance(value, bool):
        return Tagged(text, BOOL)
    if isinstance(value, int) and _INTEGER.fullmatch(text):
        return Tagged(text, INT)
    if isinstance(value, (int, float)):
        return Tagged(text, FLOAT)
    return Tagged(text, TIMESTAMP) if text[:1].isdigit() and timestamp(text) is not None else text


def retagged(text: str, present: Any) -> str:
    """The text under the tag of the node that it replaces; where that has none, the text decides."""
    tag = tag_of(present)
    return text if tag == STR else Tagged(text, tag)


def untagged(text: str, present: Any) -> str:
    """A text that replaces a node and brings no tag: plain where that one was plain, as far as that can be known."""
    if isinstance(present, str) and text == present:
        return present
    try:
        quoted = is_string(present) and plain(written(present)).__class__ is not str
        return text if quoted else plain(text)
    except NotJSON:
        return text


@lru_cache(maxsize=4096)
def _decoded(text: str, tag: str) -> Any:
    """What a text means under a tag; a BuildError when it does not read so. The text may be secret: it is not told."""
    if tag == STR:
        return text
    try:
        value = plain_v3(text)
        found = tag_of(plain(text))
    except NotJSON as error:
        raise BuildError(str(error)) from error
    if tag == UNTAGGED:
        return value
    if tag == FLOAT and found == INT:
        return number(float(value))  # type: ignore[arg-type]
    if found != tag:
        raise BuildError(
            f"cannot decode a {found} as a !!{tag}", fix="let replacements and patches keep the field's type"
        )
    return value


def values(node: Any) -> Any:
    """The node as JSON has it; it shares nothing with the node. BuildError when a text does not fit its tag."""
    kind = node.__class__
    if kind is str:
        return node
    if kind is dict:
        return {key: child if child.__class__ is str else values(child) for key, child in node.items()}
    if kind is list:
        return [child if child.__class__ is str else values(child) for child in node]
    return _decoded(str.__str__(node), node.tag)


def nodes(value: Any, *, floats: bool = False) -> Any:
    """JSON as nodes; with `floats` its numbers go through 64-bit floats first, as in Go's JSON decoder."""
    kind = value.__class__
    if kind is str:
        return value
    if kind is dict:
        return {key: nodes(child, floats=floats) for key, child in value.items()}
    if kind is list:
        return [nodes(child, floats=floats) for child in value]
    if value is None:
        return Tagged("null", NULL)
    if kind is bool:
        return Tagged("true" if value else "false", BOOL)
    return plain(_float_text(float(value)) if floats else str(value) if kind is int else float_text(value))


def _float_text(value: float) -> str:
    """A float as Go's YAML encoder writes it, with an exponent from 1e+06 on."""
    if not value.is_integer() or abs(value) < 1e6:
        return float_text(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    power = len(rest) + int(exponent)
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{''.join(rest)}e+{power:02d}"


def copy_node(node: Any) -> Any:
    """A deep copy; scalars stand alone in it."""
    kind = node.__class__
    if kind is dict:
        return {key: copy_node(child) for key, child in node.items()}
    if kind is list:
        return [copy_node(child) for child in node]
    if kind is Shared:
        return str.__str__(node) if node.tag == STR else Tagged(node, node.tag)
    return node
