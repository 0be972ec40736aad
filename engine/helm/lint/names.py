"""Names of objects as Kubernetes judges them, in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from engine.helm.template.quote import quote

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"

Rule = Callable[[str], Iterator[str]]
"""What is wrong with a name."""


def complaint(kind: str, name: str) -> str:
    """What is wrong with the name of an object of this kind, or ""."""
    shown = quote(name)
    problems = dict.fromkeys(
        f"metadata.name: Invalid value: {shown}: {problem}" for problem in _RULES.get(kind.lower(), _subdomain)(name)
    )
    if not problems:
        return ""
    listed = next(iter(problems)) if len(problems) == 1 else f"[{', '.join(problems)}]"
    return f"object name does not conform to Kubernetes naming requirements: {shown}: {listed}"


def _matching(pattern: str, most: int, must: str, *examples: str) -> Rule:
    """A rule of one pattern; the blank before `or` is Kubernetes' own."""
    shown = " or ".join(f"'{example}', " for example in examples)

    def judge(name: str) -> Iterator[str]:
        if len(name.encode(errors="replace")) > most:
            yield f"must be no more than {most} characters"
        if not re.fullmatch(pattern, name):
            yield f"{must} (e.g. {shown}regex used for validation is '{pattern}')"

    return judge


_subdomain: Final = _matching(
    _SUBDOMAIN,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character",
    "example.com",
)
_any_label: Final = _matching(
    _LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character",
    "my-name",
    "123-abc",
)
_label_1035: Final = _matching(
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    "my-name",
    "abc-123",
)


def _label(name: str) -> Iterator[str]:
    """A subdomain that is no label has dots."""
    dots = "." in name and re.fullmatch(_SUBDOMAIN, name)
    for problem in _any_label(name):
        yield "must not contain dots" if dots and not problem.startswith("must be no more") else problem


def _path_segment(name: str) -> Iterator[str]:
    if name in (".", ".."):
        yield f"may not be '{name}'"
        return
    for char in "/%":
        if char in name:
            yield f"may not contain '{char}'"


def _anything(_name: str) -> Iterator[str]:
    yield from ()


#: Every other kind takes a subdomain.
_RULES: Final[dict[str, Rule]] = {
    "service": _label_1035,
    "namespace": _label,
    "certificatesigningrequest": _anything,
    **dict.fromkeys(("role", "clusterrole", "rolebinding", "clusterrolebinding"), _path_segment),
}
