"""Values as a command line gives them: files, then --set-json, --set, --set-string, --set-file, --set-literal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.errors import Malformed
from engine.helm.errors import ValuesError
from engine.helm.gotext import trim_space
from engine.helm.values import strvals
from engine.helm.values.files import Values, load_values, merge_maps, numbers_as_floats

Read = Callable[[str], bytes]
"""The content of a file by the name that a flag gave."""


@dataclass(frozen=True, slots=True)
class ValueOptions:
    """Helm's flags for values, each in the order given."""

    values_files: tuple[str, ...] = ()
    set_json: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    set_string: tuple[str, ...] = ()
    set_file: tuple[str, ...] = ()
    set_literal: tuple[str, ...] = ()


def merge_options(options: ValueOptions, read: Read) -> Values:
    """All of them in Helm's order, the later ones winning; Malformed names the flag."""
    values: Values = {}
    for name in options.values_files:
        values = merge_maps(values, load_values(read(name), name=name))
    for text in options.set_json:
        if trim_space(text).startswith("{"):
            values = merge_maps(values, _json_object(text))
        else:
            _apply("--set-json", strvals.set_json, text, values)

    def set_file(text: str, into: Values) -> None:
        strvals.set_file(text, into, lambda name: read(name).decode(errors="replace"))

    for flag, setter, texts in (
        ("--set", strvals.set_values, options.set),
        ("--set-string", strvals.set_string, options.set_string),
        ("--set-file", set_file, options.set_file),
        ("--set-literal", strvals.set_literal, options.set_literal),
    ):
        for text in texts:
            _apply(flag, setter, text, values)
    return values


def _apply(flag: str, setter: Callable[[str, Values], None], text: str, values: Values) -> None:
    try:
        setter(text, values)
    except ValuesError as error:
        raise ValuesError(f"failed parsing {flag} data: {error.message}", fix=_FIX) from error


_FIX: Final = "write it as name=value, with a backslash before a comma that belongs to the value"


def _json_object(text: str) -> Any:
    try:
        return numbers_as_floats(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"failed parsing --set-json data JSON: {error}") from error
