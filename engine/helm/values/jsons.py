"""JSON as Go reads it into values: every number a float64."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from engine.helm.errors import ValuesError
from engine.helm.gotext import trim_space
from engine.helm.values.files import check_depth, too_deep


def read_json(text: str, at: int = 0) -> tuple[Any, int]:
    """The value that starts at a place in the text, and where it ends; ValuesError, LimitExceeded."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise ValuesError(f"the value at character {at + 1} is not JSON: {error.msg}") from error
    except RecursionError:
        raise too_deep("the JSON value") from None
    check_depth(value, "the JSON value")
    return value, end


def load_json(text: str) -> Any:
    """The one value that is the whole text."""
    text = trim_space(text)
    value, end = read_json(text)
    if end != len(text):
        raise ValuesError(f"behind the JSON value, at character {end + 1}, is something else")
    return value


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise json.JSONDecodeError("a number is too large", text, 0)
    return value


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no JSON value", constant, 0)


_DECODER: Final = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_refuse)
