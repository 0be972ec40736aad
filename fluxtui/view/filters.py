"""The filter language: words that must all be found, `!word` that must not, `-l key=value` for labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelTerm:
    """`key=value`, `key!=value`, `key` or `!key`."""

    key: str
    value: str | None = None
    negated: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """As kubectl's equality-based selectors: `!=` also holds where the key is missing."""
        found = self.key in labels if self.value is None else labels.get(self.key) == self.value
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter; `text` is what the person typed."""

    text: str = ""
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    labels: tuple[LabelTerm, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.without or self.labels)

    def matches(self, haystack: str, labels: Mapping[str, str]) -> bool:
        """Whether a row with this lower-case haystack and these labels is shown."""
        return (
            all(word in haystack for word in self.words)
            and not any(word in haystack for word in self.without)
            and all(term.matches(labels) for term in self.labels)
        )


NOTHING = Filter()


def _label_terms(selector: str) -> tuple[LabelTerm, ...]:
    terms = []
    for part in filter(None, selector.split(",")):
        key, found, value = part.partition("!=")
        if found:
            terms.append(LabelTerm(key, value, negated=True))
            continue
        key, found, value = part.partition("=")
        if found:
            terms.append(LabelTerm(key, value.removeprefix("=")))
        else:
            terms.append(LabelTerm(part.removeprefix("!"), negated=part.startswith("!")))
    return tuple(terms)


def parse(text: str) -> Filter:
    """Read a filter; every text is one (there is no syntax error to make while typing)."""
    words: list[str] = []
    without: list[str] = []
    labels: tuple[LabelTerm, ...] = ()
    expect_selector = False
    for part in text.split():
        if expect_selector:
            labels += _label_terms(part)
            expect_selector = False
        elif part == "-l":
            expect_selector = True
        elif part.startswith("-l"):
            labels += _label_terms(part[2:])
        elif part.startswith("!"):
            without.extend(filter(None, [part[1:].lower()]))
        else:
            words.append(part.lower())
    return Filter(text.strip(), tuple(words), tuple(without), labels)
