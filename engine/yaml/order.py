"""The order of keys: go-yaml's natural one, letters by code point and runs of digits by value."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cmp_to_key
from typing import Final

_INT64: Final = 2**63 - 1
_UINT64: Final = 2**64 - 1


def sorted_keys(mapping: Iterable[str]) -> list[str]:
    """The keys in go-yaml's order."""
    keys = list(mapping)
    if len(keys) < 2:
        return keys
    if all(map(str.isalpha, keys)):
        return sorted(keys)
    return sorted(keys, key=_natural)


def _compare(left: str, right: str) -> int:
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return -1 if _less(left, right, index) else 1
    return len(left) - len(right)


_natural: Final = cmp_to_key(_compare)


def _less(left: str, right: str, index: int) -> bool:
    """Whether left sorts before right, which first differ at index: letters come last, digits by their number."""
    a, b = left[index], right[index]
    a_letter, b_letter = a.isalpha(), b.isalpha()
    if a_letter and b_letter:
        return a < b
    if a_letter or b_letter:
        return b_letter
    start = 0
    if a == "0" or b == "0":
        before = index - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                start = 1
                break
            before -= 1
    a_value, a_end = _run(left, index, start)
    b_value, b_end = _run(right, index, start)
    if a_value != b_value:
        return a_value < b_value
    if a_end != b_end:
        return a_end < b_end
    return a < b


def _run(text: str, index: int, value: int) -> tuple[int, int]:
    """The number that starts here, in Go's 64 bits, and where it ends."""
    while index < len(text) and text[index].isdecimal():
        value = (value * 10 + ord(text[index]) - ord("0")) & _UINT64
        index += 1
    return value - (_UINT64 + 1) if value > _INT64 else value, index
