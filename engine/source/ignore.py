"""Which files of a source stay out of its artifact (flux.md 2.3): .sourceignore, spec.ignore and the defaults.

The syntax is gitignore's with Flux's differences: every path is judged on its own, the last matching pattern wins, and
what lies below an excluded directory can be brought back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine import errors

IGNORE_FILE = ".sourceignore"
MAX_PATTERNS = 10_000

VCS = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
EXTENSIONS = ("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip")
CI = (
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
)
EXTRA = ("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml")

#: A path as its components.
Parts = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Set:
    """The characters that one place of a pattern allows."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """What stands between two slashes of a pattern; `tokens` is None when it is malformed, a star is None in it.

    Most patterns are a name or `*.suffix`: `literal` and `suffix` decide those at once.
    """

    text: str
    tokens: tuple[_Set | None, ...] | None
    literal: str | None = None
    suffix: str | None = None

    @staticmethod
    def of(text: str) -> Component:
        """Take a component apart."""
        literal = None if any(char in "*?[\\" for char in text) else text
        suffix = text[1:] if text.startswith("*") and not any(char in "*?[\\" for char in text[1:]) else None
        return Component(text, _tokens(text), literal, suffix)

    def fits(self, name: str) -> bool:
        """Whether the glob matches this name."""
        if self.literal is not None:
            return self.literal == name
        if self.suffix is not None:
            return name.endswith(self.suffix)
        return self.tokens is not None and _match(self.tokens, name)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file; it counts below `scope`."""

    scope: tuple[str, ...]
    components: tuple[Component, ...]
    #: Whether a slash anchors it at its scope.
    anchored: bool
    directories_only: bool
    #: `!`: brings back what an earlier pattern excluded.
    brings_back: bool

    def matches(self, path: Parts, is_dir: bool) -> bool:
        """Whether the pattern is about this path (given from the root of the source)."""
        depth = len(self.scope)
        if len(path) <= depth or tuple(path[:depth]) != self.scope:
            return False
        below = path[depth:]
        return self._anchored(below, is_dir) if self.anchored else self._anywhere(below, is_dir)

    def _anywhere(self, path: Parts, is_dir: bool) -> bool:
        """A pattern without a slash: any component, so all that lies below a matching directory too."""
        for index, name in enumerate(path):
            if self.components[0].fits(name):
                return is_dir or not self.directories_only or index < len(path) - 1
        return False

    def _anchored(self, path: Parts, is_dir: bool) -> bool:
        """A pattern with a slash: component by component from its scope, and all that lies below."""
        rest, matched, skipping = list(path), False, False
        for index, component in enumerate(self.components):
            if component.text == "":
                skipping = False
            elif component.text == "**":
                if index == len(self.components) - 1:
                    break
                skipping = True
            elif "**" in component.text or not rest:
                return False
            elif skipping:
                # The first component that fits is taken, as Flux does: there is no second try further down.
                while rest and not component.fits(rest[0]):
                    del rest[0]
                if not rest:
                    return False
                del rest[0]
                matched, skipping = True, False
            elif component.fits(rest[0]):
                del rest[0]
                matched = True
            else:
                return False
        return matched and (is_dir or bool(rest) or not self.directories_only)


@dataclass(frozen=True, slots=True)
class Rules:
    """All patterns of a source, the weakest first."""

    patterns: tuple[Pattern, ...]

    def excludes(self, path: Parts, is_dir: bool) -> bool:
        """Whether this file or directory stays out of the artifact."""
        for pattern in reversed(self.patterns):
            if pattern.matches(path, is_dir):
                return not pattern.brings_back
        return False


def rules(files: Iterable[tuple[Parts, str]], spec_ignore: str | None = None) -> Rules:
    """The rules of a source: its .sourceignore files (directory, text) and `spec.ignore`.

    Without any pattern in them the defaults count; with one, of the defaults only those about version control do.
    """
    custom: list[Pattern] = []
    for directory, text in sorted(files, key=lambda item: tuple(item[0])):
        custom += parse(text, tuple(directory))
    if spec_ignore:
        custom += parse(spec_ignore)
    if len(custom) > MAX_PATTERNS:
        raise errors.LimitExceeded(f"{len(custom)} ignore patterns, {MAX_PATTERNS} are the most")
    defaults = VCS if custom else VCS + EXTENSIONS + CI + EXTRA
    return Rules((*parse("\n".join(defaults)), *custom))


def parse(text: str, scope: tuple[str, ...] = ()) -> list[Pattern]:
    """The patterns of one ignore file; comments and blank lines are none."""
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [_pattern(line, scope) for line in lines if not line.startswith("#") and line.strip()]


def _pattern(line: str, scope: tuple[str, ...]) -> Pattern:
    brings_back = line.startswith("!")
    line = line.removeprefix("!")
    if not line.endswith("\\ "):
        line = line.rstrip(" ")
    directories_only = line.endswith("/")
    line = line.removesuffix("/")
    components = tuple(Component.of(part) for part in line.split("/"))
    return Pattern(scope, components, "/" in line, directories_only, brings_back)


def _match(tokens: Sequence[_Set | None], name: str) -> bool:
    """A shell glob as Go's path matching has it; its time is bounded by the product of both lengths."""
    at, start, token, star = 0, 0, 0, -1
    while at < len(name):
        if token < len(tokens) and tokens[token] is None:
            star, start = token, at
            token += 1
        elif token < len(tokens) and _fits(tokens[token], name[at]):
            token += 1
            at += 1
        elif star >= 0:
            # The last star takes one more character.
            start += 1
            at, token = start, star + 1
        else:
            return False
    return all(left is None for left in tokens[token:])


_ANY = _Set((), negated=True)


def _fits(token: _Set | None, char: str) -> bool:
    if token is None:
        return False
    return any(low <= char <= high for low, high in token.ranges) != token.negated


def _tokens(pattern: str) -> tuple[_Set | None, ...] | None:
    r"""A component with `*`, `?`, `[a-z]`, `[^a]` and `\` taken apart, or None when it is malformed."""
    tokens: list[_Set | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            if not tokens or tokens[-1] is not None:
                tokens.append(None)
        elif char == "?":
            tokens.append(_ANY)
        elif char == "[":
            parsed = _class(pattern, at + 1)
            if parsed is None:
                return None
            token, at = parsed
            tokens.append(token)
            continue
        else:
            if char == "\\":
                at += 1
                if at == len(pattern):
                    return None
            tokens.append(_Set(((pattern[at], pattern[at]),)))
        at += 1
    return tuple(tokens)


def _class(pattern: str, at: int) -> tuple[_Set, int] | None:
    """A character class from behind its bracket, and where the pattern goes on; None when it is malformed."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (pattern.startswith("]", at) and ranges):
        low = _member(pattern, at)
        if low is None:
            return None
        char, at = low
        high = char
        if pattern.startswith("-", at):
            end = _member(pattern, at + 1)
            if end is None:
                return None
            high, at = end
        ranges.append((char, high))
    return _Set(tuple(ranges), negated), at + 1


def _member(pattern: str, at: int) -> tuple[str, int] | None:
    """One character of a class, maybe escaped; a bare `-` or `]` is malformed, and so is the pattern's end."""
    if at >= len(pattern) or pattern[at] in "-]":
        return None
    if pattern[at] == "\\":
        at += 1
    if at + 1 >= len(pattern):
        return None
    return pattern[at], at + 1
