"""What helm takes for an e-mail address and for a URL of Chart.yaml: the rules of its validator, which are its own."""

from __future__ import annotations

from typing import Final

import re2

from engine.helm.functions.urls import URLError, parse

_FOREIGN: Final = r"\x{00A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}"
_CONTROL: Final = r"\x01-\x08\x0b\x0c\x0e-\x1f\x7f"


def _email() -> str:
    """RFC 5322 without comments: atoms with dots or a quoted string, `@`, at least two labels."""
    atom = rf"[a-zA-Z\d!#$%&'*+\-/=?^_`{{|}}~{_FOREIGN}]+"
    fold = r"(?:(?:[ \t]*\r\n)?[ \t]+)?"
    # One character between quotes is all it takes, and where the RFC escapes with a backslash, a parenthesis.
    quoted = rf"(?:[{_CONTROL}!\x23-\x5b\x5d-\x7e{_FOREIGN}]|\([\x01-\x09\x0b-\x7f{_FOREIGN}])"
    local = rf'(?:{atom}(?:\.{atom})*|"{fold}{quoted}{fold}")'
    name, top = rf"a-zA-Z\d{_FOREIGN}", rf"a-zA-Z{_FOREIGN}"
    label = rf"[{name}](?:[{name}\-._~]*[{name}])?"
    last = rf"[{top}](?:[{name}\-_~]*[{top}])?"
    return rf"{local}@(?:{label}\.)+{last}\.?"


def _url() -> str:
    """A web address whose scheme, user, port and path may be missing; the host is words, or an IP address."""
    plain, wide = "a-zA-Z0-9", r"a-zA-Z0-9\x{00a1}-\x{ffff}"
    byte = r"(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])"
    ipv4 = rf"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5])(?:\.{byte}){{3}}"
    ipv6 = r"\[[0-9a-fA-F:.]+(?:%[0-9a-zA-Z]+)?\]"
    dashed = rf"[{plain}](?:[{plain}_-]+)?[{plain}](?:[-.][{plain}]+)*"
    subdomain = rf"(?:www\.|[{plain}]+(?:[-_.]?[{plain}])*[{plain}]\.[{plain}]+)?"
    word = rf"(?:[{wide}]+-?-?)*[{wide}]+(?:\.[a-zA-Z\x{{00a1}}-\x{{ffff}}]+)?"
    host = rf"(?:{ipv4}|{ipv6}|(?:{dashed}|{subdomain})?{word})"
    return rf"(?:(?:ftp|tcp|udp|wss?|https?)://)?(?:\S+(?::\S*)?@)?{host}\.?(?::\d{{1,5}})?(?:[/?#]\S*)?"


_EMAIL: Final = re2.compile(_email())
_URL: Final = re2.compile(_url())
_LENGTHS: Final = range(4, 2083)


def is_email(text: str) -> bool:
    """Whether a maintainer's e-mail address passes."""
    return _EMAIL.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """Whether a maintainer's URL passes; `example.com` does."""
    if len(text) not in _LENGTHS or text.startswith("."):
        return False
    try:
        url = parse(f"http://{text}" if ":" in text and "://" not in text else text)
    except URLError:
        return False
    if url.host.startswith(".") or (not url.host and url.path and "." not in url.path):
        return False
    return _URL.fullmatch(text) is not None


def is_request_url(text: str) -> bool:
    """Whether a source or an icon passes: anything with a scheme that parses; a fragment counts as part of the path."""
    try:
        return bool(parse(text.replace("#", "%23")).scheme)
    except URLError:
        return False
