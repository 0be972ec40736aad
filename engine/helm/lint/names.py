"""Names of objects as Kubernetes judges them, in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from engine.helm.template.quote import quote

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"


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


def _subdomain(name: str) -> Iterator[str]:
    yield from _too_long(name, 253)
    if not re.fullmatch(_SUBDOMAIN, name):
        must = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            "start and end with an alphanumeric character"
        )
        yield _explained(must, _SUBDOMAIN, "example.com")


def _label(name: str) -> Iterator[str]:
    yield from _too_long(name, 63)
    if re.fullmatch(_LABEL, name):
        return
    if re.fullmatch(_SUBDOMAIN, name):
        yield "must not contain dots"
        return
    must = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        "with an alphanumeric character"
    )
    yield _explained(must, _LABEL, "my-name", "123-abc")


def _label_1035(name: str) -> Iterator[str]:
    yield from _too_long(name, 63)
    if not re.fullmatch(_LABEL_1035, name):
        must = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character"
        )
        yield _explained(must, _LABEL_1035, "my-name", "abc-123")


def _path_segment(name: str) -> Iterator[str]:
    if name in (".", ".."):
        yield f"may not be '{name}'"
        return
    for char in "/%":
        if char in name:
            yield f"may not contain '{char}'"


def _anything(_name: str) -> Iterator[str]:
    yield from ()


def _too_long(name: str, most: int) -> Iterator[str]:
    if len(name.encode(errors="replace")) > most:
        yield f"must be no more than {most} characters"


def _explained(must: str, pattern: str, *examples: str) -> str:
    """The blank before `or` is Kubernetes' own."""
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{must} (e.g. {shown}regex used for validation is '{pattern}')"


#: Every other kind takes a subdomain.
_RULES: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    "service": _label_1035,
    "namespace": _label,
    "certificatesigningrequest": _anything,
    **dict.fromkeys(("role", "clusterrole", "rolebinding", "clusterrolebinding"), _path_segment),
}
