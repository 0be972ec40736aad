"""Texts in, plain Python values out, under one resolution profile.

PyYAML gives the events (libyaml's in C, its own in Python when that is missing); everything they
mean is decided in `builder`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from engine.errors import LimitExceeded, Malformed
from engine.yaml.builder import Builder, Plain, Styled
from engine.yaml.limits import Limits
from engine.yaml.resolve import Profile

_DEFAULT: Final = Limits()


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for where libyaml is missing: the same events, slower."""

    def __init__(self, text: str | bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def _fastest_parser() -> Callable[[str | bytes], Any]:
    try:
        from yaml._yaml import CParser
    except ImportError:  # PyYAML was built without libyaml
        return PythonParser
    return CParser


_parser: Final = _fastest_parser()


def load(
    text: str | bytes,
    *,
    profile: Profile = Profile.V2,
    name: str = "",
    limits: Limits = _DEFAULT,
    unique_keys: bool = True,
) -> Any:
    """The one document of a text (None when it is empty); `name` is the file that errors speak of."""
    documents = load_all(text, profile=profile, name=name, limits=limits, unique_keys=unique_keys)
    if len(documents) > 1:
        raise Malformed(f"{name or 'the text'} holds {len(documents)} YAML documents where one is expected")
    return documents[0] if documents else None


def load_all(
    text: str | bytes,
    *,
    profile: Profile = Profile.V2,
    name: str = "",
    limits: Limits = _DEFAULT,
    unique_keys: bool = True,
    plain: Plain | None = None,
    styled: Styled | None = None,
) -> list[Any]:
    """Every document of a text that is not empty or null.

    `unique_keys=False` lets the last of equal keys win, as Go's lenient readers do. `plain` takes the
    place of the profile's rule for plain scalars; `styled` is asked, with the style, what a quoted scalar or a
    block is, and with it a key too is what `plain` makes of it.
    """
    if len(text) > limits.max_bytes:
        raise LimitExceeded(f"{name or 'the YAML text'} is larger than {limits.max_bytes} bytes")
    builder = Builder(profile, name, limits, plain=plain, styled=styled, unique_keys=unique_keys)
    return [document for document in _documents(builder, text) if document is not None]


def load_first(text: str | bytes, *, plain: Plain | None = None, limits: Limits = _DEFAULT) -> Any:
    """What sigs.k8s.io/yaml unmarshals: the first document of a text, whatever follows; the last of equal keys wins."""
    if len(text) > limits.max_bytes:
        raise LimitExceeded(f"the YAML text is larger than {limits.max_bytes} bytes")
    builder = Builder(Profile.V2, "", limits, plain=plain, unique_keys=False)
    return next(_documents(builder, text), None)


def _documents(builder: Builder, text: str | bytes) -> Iterator[Any]:
    """Document after document; what the parser complains of, in our words."""
    try:
        yield from builder.documents(_parser(text).get_event)
    except yaml.MarkedYAMLError as error:
        raise builder.malformed(_problem(error), error.problem_mark or error.context_mark) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise builder.malformed(str(error).splitlines()[0], None) from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    words = [part for part in (error.context, error.problem) if part]
    return ", ".join(words) or "this is not YAML"
