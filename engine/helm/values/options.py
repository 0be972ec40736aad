"""Values as a command line gives them: files, then --set-json, --set, --set-string, --set-file, --set-literal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.helm.errors import ValuesError
from engine.helm.gotext import trim_space
from engine.helm.values import strvals
from engine.helm.values.files import Values, load_values, merge_maps
from engine.helm.values.jsons import load_json

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
    with _flag("--set-json"):
        for text in options.set_json:
            if trim_space(text).startswith("{"):
                values = merge_maps(values, load_json(text))
            else:
                strvals.set_json(text, values)
    with _flag("--set"):
        for text in options.set:
            strvals.set_values(text, values)
    with _flag("--set-string"):
        for text in options.set_string:
            strvals.set_string(text, values)
    with _flag("--set-file"):
        for text in options.set_file:
            strvals.set_file(text, values, lambda name: read(name).decode(errors="replace"))
    with _flag("--set-literal"):
        for text in options.set_literal:
            strvals.set_literal(text, values)
    return values


@contextmanager
def _flag(name: str) -> Iterator[None]:
    """Name the flag whose data cannot be parsed."""
    try:
        yield
    except ValuesError as error:
        fix = "write it as name=value, with a backslash before a comma that belongs to the value"
        raise ValuesError(f"failed parsing {name} data: {error.message}", fix=fix) from error
