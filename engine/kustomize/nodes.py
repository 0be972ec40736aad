"""Values as kustomize works on them: YAML nodes, which keep a scalar's spelling until they are printed.

A node is a dict, a list, a `str`, or a `Tagged` scalar: any that is no string, as the text in the file and a tag.
Transformers write texts; what a text means under its tag is decided when the object is read as JSON (`json_values`).
"""

from __future__ import annotations

import re
from typing import Any, Final, Self

from engine.yaml.resolve import plain_v3, timestamp

INT: Final = "int"
FLOAT: Final = "float"
BOOL: Final = "bool"
NULL: Final = "null"
TIMESTAMP: Final = "timestamp"
#: What go-yaml takes `<<` for, wherever it stands; it prints as a string.
MERGE: Final = "merge"
STR: Final = "str"
#: Not settled yet: the text alone says what it is.
UNTAGGED: Final = ""
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+|[0-9_]+)", re.ASCII)


class Tagged(str):
    """A scalar that is no plain string: its text, the tag that says what it is, and its style.

    `tag` is the last part of the YAML tag; `style` is `'`, `"`, `|`, `>`, or "" for a plain scalar.
    """

    __slots__ = ("style", "tag")
    tag: str
    style: str

    def __new__(cls, text: str, tag: str, style: str = "") -> Self:
        """See the class."""
        made = super().__new__(cls, text)
        made.tag = tag
        made.style = style
        return made


class Shared(Tagged):
    """One scalar that stands in several places; whoever writes one of them writes all.

    kustomize's label transformers make one node for a label and put it wherever the label is missing.
    """

    __slots__ = ("places",)
    places: list[Place]


#: A mapping and a key in it.
Place = tuple[dict[str, Any], str]


def share(node: str, places: list[Place]) -> None:
    """Put one scalar in all the places."""
    made = Shared(node, tag_of(node), style_of(node))
    made.places = places
    for mapping, key in places:
        mapping[key] = made


def overwrite(mapping: dict[str, Any], key: str, node: Any) -> None:
    """Write over the node that is there, which may stand elsewhere too, or add one."""
    present = mapping.get(key)
    if present.__class__ is Shared and isinstance(node, str):
        share(node, [(other, name) for other, name in present.places if other.get(name) is present])
    else:
        mapping[key] = node


def put(mapping: dict[str, Any], key: str, node: Any) -> None:
    """The same, but a scalar takes over the style of the one that is there: what was quoted stays so."""
    overwrite(mapping, key, restyled(node, mapping[key]) if key in mapping else node)


def restyled(node: Any, present: Any) -> Any:
    """A scalar in the style of the one that it replaces."""
    style = style_of(present)
    if style_of(node) == style or not isinstance(node, str) or not isinstance(present, str):
        return node
    return scalar(node, tag_of(node), style)


def scalar(text: str, tag: str, style: str) -> str:
    """A scalar node."""
    return Tagged(text, tag, style) if style or tag != STR else str.__str__(text)


def tag_of(node: Any) -> str:
    """What a scalar is; "str" for a string."""
    return node.tag if isinstance(node, Tagged) else STR


def style_of(node: Any) -> str:
    """How a scalar is written; "" for a plain one."""
    return node.style if isinstance(node, Tagged) else ""


def kind_of(node: Any) -> str:
    """What a node is, in words."""
    return "a mapping" if isinstance(node, dict) else "a list" if isinstance(node, list) else "a scalar"


def is_null(node: Any) -> bool:
    """Whether the node is null, however that is spelled."""
    return isinstance(node, Tagged) and node.tag == NULL


def is_string(node: Any) -> bool:
    """Whether the node is a string, or passes for one because it has no tag."""
    return isinstance(node, str) and tag_of(node) in (STR, UNTAGGED)


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


def plain(text: str) -> str:
    """The node of a scalar without quotes or tag."""
    if text == "<<":
        return Tagged(text, MERGE)
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


def styled(text: str, style: str) -> str:
    """The node of a scalar that is quoted or a block, has a tag, or is plain inside [] or {}."""
    if style.startswith("!"):
        return Tagged(text, style[1:])
    if style != "[":
        return scalar(text, STR, style)
    node = plain(text)
    # Printed there again, an empty value or one with a colon gets quotes, and is a string from then on.
    quoted_there = not text or (":" in text and tag_of(node) != STR)
    return Tagged(text, tag_of(node), "'") if quoted_there else node


def string(text: str) -> str:
    """The node of a text that kustomize itself writes: a block when it has several lines."""
    return Tagged(text, STR, "|") if "\n" in text else text


def retagged(text: str, present: Any) -> str:
    """The text in place of a node whose tag and style it keeps."""
    return scalar(text, tag_of(present), style_of(present))


def untagged(text: str, present: Any) -> str:
    """The text in place of a node whose style it keeps, without a tag: where it is plain, it is what it reads as."""
    return Tagged(text, UNTAGGED, style_of(present))


def copy_node(node: Any) -> Any:
    """A deep copy; scalars stand alone in it."""
    kind = node.__class__
    if kind is dict:
        return {key: copy_node(child) for key, child in node.items()}
    if kind is list:
        return [copy_node(child) for child in node]
    if kind is Shared:
        return scalar(node, node.tag, node.style)
    return node


def snapshot(node: Any) -> Any:
    """A copy of the mappings and lists, of the very same scalars."""
    if node.__class__ is dict:
        return {key: snapshot(child) for key, child in node.items()}
    return [snapshot(child) for child in node] if node.__class__ is list else node


def is_untouched(node: Any, before: Any) -> bool:
    """Whether nothing was written since the snapshot, not even the text that was there."""
    if before.__class__ is dict:
        same = node.__class__ is dict and node.keys() == before.keys()
        return same and all(is_untouched(node[key], child) for key, child in before.items())
    if before.__class__ is list:
        return node.__class__ is list and len(node) == len(before) and all(map(is_untouched, node, before))
    return node is before
