"""The writer: what sigs.k8s.io/yaml prints for a JSON value, byte for byte.

Keys in Go's natural order, sequences not indented below their key, block style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from engine.yaml.order import sorted_keys
from engine.yaml.resolve import Profile
from engine.yaml.scalars import quoted, scalar, text_of

_LONGEST_SIMPLE_KEY: Final = 128
_BREAK: Final = re.compile("[\n\r\x85\u2028\u2029]")
#: Mappings of more keys than this are data; those of fewer are fields, and alike in every object.
_MOST_FIELDS: Final = 24
#: Each key in order, and what is printed for it; "" when it must be written as an explicit key.
_Layout = tuple[tuple[str, str], ...]


def dump(value: Any, *, profile: Profile = Profile.V3) -> str:
    """One document, ending in a newline.

    Controllers and kustomize both print through sigs.k8s.io/yaml, so both profiles print alike.
    """
    del profile
    out: list[str] = []
    _node(value, "", "", "  ", out)
    return "".join(out)


def dump_all(values: Iterable[Any]) -> str:
    """Documents, `---` between them."""
    return "---\n".join(map(dump, values))


def _node(value: Any, pad: str, lead: str, deeper: str, out: list[str]) -> None:
    """Write a value whose first line starts with `lead` (already indented) and others with `pad`."""
    if value and (value.__class__ is dict or isinstance(value, Mapping)):
        _mapping(value, pad, lead, out)
    elif value and isinstance(value, (list, tuple)):
        _sequence(value, pad, lead, out)
    else:
        out.append(f"{lead}{scalar(value, deeper, len(lead))}\n")


def _mapping(mapping: Mapping[str, Any], pad: str, lead: str, out: list[str]) -> None:
    deeper = pad + "  "
    for key, printed in _known_layout(tuple(mapping)) if len(mapping) <= _MOST_FIELDS else _layout(mapping):
        value = mapping[key]
        if not printed:
            out.append(f"{lead}? {text_of(key, deeper, len(lead) + 2)}\n")
            _node(value, deeper, f"{pad}: ", deeper, out)
        elif value.__class__ is str:
            start = f"{lead}{printed}: "
            out.append(f"{start}{text_of(value, deeper, len(start))}\n")
        elif value and (value.__class__ is dict or isinstance(value, Mapping)):
            out.append(f"{lead}{printed}:\n")
            _mapping(value, deeper, deeper, out)
        elif value and isinstance(value, (list, tuple)):
            out.append(f"{lead}{printed}:\n")
            _sequence(value, pad, pad, out)
        else:
            out.append(f"{lead}{printed}: {scalar(value, deeper, 0)}\n")
        lead = pad


def _sequence(items: Sequence[Any], pad: str, lead: str, out: list[str]) -> None:
    deeper = pad + "  "
    for item in items:
        _node(item, deeper, f"{lead}- ", deeper, out)
        lead = pad


def _layout(keys: Iterable[str]) -> _Layout:
    return tuple((key, quoted(key) if _is_simple(key) else "") for key in sorted_keys(keys))


_known_layout: Final = lru_cache(maxsize=2048)(_layout)


def _is_simple(key: str) -> bool:
    if _BREAK.search(key):
        return False
    return len(key) * 4 <= _LONGEST_SIMPLE_KEY or len(key.encode(errors="surrogatepass")) <= _LONGEST_SIMPLE_KEY
