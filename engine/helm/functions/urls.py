# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""urlParse and urlJoin, by the rules of Go's net/url."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Final

from engine.helm.template.errors import CallError
from engine.helm.template.quote import from_bytes, quote, to_bytes
from engine.helm.template.signature import go
from engine.helm.template.types import go_kind

_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):", re.ASCII)
_PERCENT: Final = re.compile(r"%([0-9a-fA-F]{2})?")
_UNRESERVED: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
_PATH: Final = frozenset(to_bytes(_UNRESERVED + "$&+,/:;=@"))
_VALID_PATH: Final = frozenset(to_bytes(_UNRESERVED + "!$&'()*+,;=:@[]/%"))
_FRAGMENT: Final = frozenset(to_bytes(_UNRESERVED + "$&+,/:;=?@!()*'"))
_USER: Final = frozenset(to_bytes(_UNRESERVED + "$&+,;="))
_HOST: Final = frozenset(to_bytes(_UNRESERVED + "!$&'()*+,;=:[]<>\""))
_HOST_BAD: Final = re.compile(r"[\x00-\x20\x7f#/?@\\^`{|}]")
_USERINFO_GOOD: Final = frozenset(_UNRESERVED + "!$&'()*+,;=:@%")


@dataclass(slots=True)
class URL:
    """A URL in Go's parts; `user` is None when there is none."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    host: str = ""
    path: str = ""
    raw_path: str = ""
    query: str = ""
    force_query: bool = False
    fragment: str = ""


class URLError(ValueError):
    """What is wrong, in Go's words."""


def _unescape(text: str, *, host: bool = False) -> str:
    if "%" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        if match.group(1) is None:
            raise URLError(f"invalid URL escape {quote(text[match.start() : match.start() + 3])}")
        code = int(match.group(1), 16)
        if host and code < 0x80 and match.group() != "%25":
            raise URLError(f"invalid URL escape {quote(match.group())}")
        return from_bytes(bytes((code,)))

    return from_bytes(to_bytes(_PERCENT.sub(one, text)))


def _escape(text: str, allowed: frozenset[int]) -> str:
    return "".join([chr(byte) if byte in allowed else f"%{byte:02X}" for byte in to_bytes(text)])


def parse(text: str) -> URL:
    """url.Parse; URLError when it would refuse."""
    bare, _, fragment = text.partition("#")
    url = URL()
    try:
        _parse_rest(bare, url)
        url.fragment = _unescape(fragment)
    except URLError as problem:
        raise URLError(f"parse {quote(text)}: {problem}") from problem
    return url


def _parse_rest(text: str, url: URL) -> None:
    if any(char < " " or char == "\x7f" for char in text):
        raise URLError("net/url: invalid control character in URL")
    if text == "*":
        url.path = "*"
        return
    match = _SCHEME.match(text)
    rest = text
    if match is not None:
        url.scheme = match.group(1).lower()
        rest = text[match.end() :]
    elif text.startswith(":"):
        raise URLError("missing protocol scheme")
    if rest.endswith("?") and rest.count("?") == 1:
        url.force_query = True
        rest = rest[:-1]
    else:
        rest, _, url.query = rest.partition("?")
    if not rest.startswith("/"):
        if url.scheme:
            url.opaque = rest
            return
        if ":" in rest.partition("/")[0]:
            raise URLError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (url.scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        _authority(authority, url)
        rest = slash + path
    url.path = _unescape(rest)
    if rest != _escape(url.path, _PATH):
        url.raw_path = rest


def _authority(text: str, url: URL) -> None:
    user, at, host = text.rpartition("@")
    url.host = _host(host)
    if not at:
        return
    if any(char not in _USERINFO_GOOD for char in user):
        raise URLError("net/url: invalid userinfo")
    name, colon, password = user.partition(":")
    url.user = _escape(_unescape(name), _USER) + (":" + _escape(_unescape(password), _USER) if colon else "")


def _host(text: str) -> str:
    if text.startswith("["):
        end = text.rfind("]")
        if end < 0:
            raise URLError("missing ']' in host")
        _port(text[end + 1 :])
        return f"[{_literal(text[1:end])}]{text[end + 1 :]}"
    if ":" in text:
        _port(text[text.rfind(":") :])
    bad = _HOST_BAD.search(text)
    if bad is not None:
        raise URLError(f"invalid character {quote(bad.group())} in host name")
    return _unescape(text, host=True)


def _literal(text: str) -> str:
    """An IPv6 address between brackets, with its zone behind `%25`."""
    address, mark, zone = text.partition("%25")
    bare = _unescape(address, host=True)
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        try:
            ipaddress.IPv4Address(bare)
        except ValueError:
            raise URLError(f"invalid host: ParseAddr({quote(bare)}): unable to parse IP") from None
        raise URLError("invalid IP-literal") from None
    return bare + ("%" + _unescape(zone) if mark else "")


def _port(text: str) -> None:
    if text and (text[0] != ":" or (text[1:] and not (text[1:].isascii() and text[1:].isdigit()))):
        raise URLError(f"invalid port {quote(text)} after host")


def hostname(host: str) -> str:
    """The host without port and brackets."""
    colon = host.rfind(":")
    if colon >= 0 and (not host[colon + 1 :] or host[colon + 1 :].isdigit()) and not host.endswith("]"):
        host = host[:colon]
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def text_of_url(url: URL) -> str:
    """URL.String."""
    out = f"{url.scheme}:" if url.scheme else ""
    if url.opaque:
        out += url.opaque
    else:
        path = _escaped_path(url)
        if url.scheme or url.host or url.user is not None:
            if url.host or url.path or url.user is not None:
                out += "//"
            out += f"{url.user}@" if url.user is not None else ""
            out += _escape(url.host, _HOST)
        if path and not path.startswith("/") and url.host:
            out += "/"
        if not out and ":" in path.partition("/")[0]:
            out = "./"
        out += path
    if url.force_query or url.query:
        out += "?" + url.query
    return out + ("#" + _escape(url.fragment, _FRAGMENT) if url.fragment else "")


def _escaped_path(url: URL) -> str:
    if url.raw_path and all(byte in _VALID_PATH for byte in to_bytes(url.raw_path)):
        return url.raw_path
    return "*" if url.path == "*" else _escape(url.path, _PATH)


@go("string -> map")
def url_parse(text: str) -> dict[str, Any]:
    try:
        url = parse(text)
    except URLError as problem:
        raise CallError(f"unable to parse url: {problem}") from problem
    return {
        "scheme": url.scheme,
        "host": url.host,
        "hostname": hostname(url.host),
        "path": url.path,
        "query": url.query,
        "opaque": url.opaque,
        "fragment": url.fragment,
        "userinfo": url.user or "",
    }


@go("map -> string")
def url_join(parts: dict[str, Any]) -> str:
    def part(key: str) -> str:
        value = parts.get(key, "")
        if value is None:
            raise CallError("runtime error: invalid memory address or nil pointer dereference")
        if go_kind(value) != "string":
            raise CallError(f"unable to parse {key} key, must be of type string, but {go_kind(value)} found")
        return str(value)

    url = URL(
        scheme=part("scheme"),
        host=part("host"),
        path=part("path"),
        query=part("query"),
        opaque=part("opaque"),
        fragment=part("fragment"),
    )
    user = part("userinfo")
    if user:
        try:
            url.user = parse(f"proto://{user}@host").user
        except URLError as problem:
            raise CallError(f"unable to parse userinfo in dict: {problem}") from problem
    return text_of_url(url)


FUNCTIONS: Final = {"urlParse": url_parse, "urlJoin": url_join}
