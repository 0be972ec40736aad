# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Sprig's arithmetic: int64 with wrap-around, and decimals for the functions in f."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from engine.helm.functions.convert import bounded_list, to_float64, to_int64
from engine.helm.template.errors import CallError
from engine.helm.template.gofmt import value_text
from engine.helm.template.signature import go
from engine.helm.template.types import Int64, Ints, wrap64

_WIDE: Final = Context(prec=2000, Emax=999_999, Emin=-999_999)


def _int64(value: int) -> Int64:
    return Int64(value if -(2**63) <= value < 2**63 else wrap64(value))


@go("any -> int64")
def int64(value: Any) -> Int64:
    return Int64(to_int64(value))


@go("any -> int")
def int_(value: Any) -> int:
    return to_int64(value)


@go("any -> float64")
def float64(value: Any) -> float:
    return to_float64(value)


@go("string -> int")
def atoi(text: str) -> int:
    """strconv.Atoi, whose error Sprig drops and whose value then is the nearest int."""
    bare = text.lstrip("+-")
    if len(text) - len(bare) > 1 or not bare.isascii() or not bare.isdigit():
        return 0
    return max(-(2**63), min(int(text), 2**63 - 1)) if len(bare) < 400 else 0


@go("any -> int64")
def to_decimal(value: Any) -> Int64:
    text = value_text(value)
    bare = text.lstrip("+-")
    if len(text) - len(bare) > 1 or not bare or set(bare) - set("01234567") or len(bare) > 30:
        return Int64(0)
    number = int(text, 8)
    return Int64(number) if -(2**63) <= number < 2**63 else Int64(0)


@go("any -> int64")
def add1(value: Any) -> Int64:
    return _int64(to_int64(value) + 1)


@go("...any -> int64")
def add(*values: Any) -> Int64:
    return _int64(sum(map(to_int64, values)))


@go("any, any -> int64")
def sub(one: Any, other: Any) -> Int64:
    return _int64(to_int64(one) - to_int64(other))


@go("any, any -> int64")
def div(one: Any, other: Any) -> Int64:
    dividend, divisor = to_int64(one), to_int64(other)
    if divisor == 0:
        raise CallError("runtime error: integer divide by zero")
    quotient = abs(dividend) // abs(divisor)
    return _int64(quotient if (dividend < 0) == (divisor < 0) else -quotient)


@go("any, any -> int64")
def mod(one: Any, other: Any) -> Int64:
    dividend, divisor = to_int64(one), to_int64(other)
    if divisor == 0:
        raise CallError("runtime error: integer divide by zero")
    rest = abs(dividend) % abs(divisor)
    return _int64(-rest if dividend < 0 else rest)


@go("any, ...any -> int64")
def mul(value: Any, *others: Any) -> Int64:
    product = to_int64(value)
    for other in others:
        product = wrap64(product * to_int64(other))
    return Int64(product)


@go("any, ...any -> int64")
def max_(value: Any, *others: Any) -> Int64:
    return Int64(max(map(to_int64, (value, *others))))


@go("any, ...any -> int64")
def min_(value: Any, *others: Any) -> Int64:
    return Int64(min(map(to_int64, (value, *others))))


def _order(number: float) -> tuple[float, float]:
    """Go tells the zeros apart: -0 comes before 0."""
    return number, math.copysign(1.0, number)


@go("any, ...any -> float64")
def maxf(value: Any, *others: Any) -> float:
    numbers = [to_float64(each) for each in (value, *others)]
    if math.inf in numbers:
        return math.inf
    return math.nan if any(map(math.isnan, numbers)) else max(numbers, key=_order)


@go("any, ...any -> float64")
def minf(value: Any, *others: Any) -> float:
    numbers = [to_float64(each) for each in (value, *others)]
    if -math.inf in numbers:
        return -math.inf
    return math.nan if any(map(math.isnan, numbers)) else min(numbers, key=_order)


@go("any -> float64")
def floor(value: Any) -> float:
    return _whole(to_float64(value), math.floor)


@go("any -> float64")
def ceil(value: Any) -> float:
    return _whole(to_float64(value), math.ceil)


def _whole(number: float, method: Callable[[float], int]) -> float:
    if not math.isfinite(number):
        return number
    return (
        math.copysign(float(method(number)), number)
        if -1 < number < 1 and method(number) == 0
        else float(method(number))
    )


@go("any, int, ...float64 -> float64")
def round_(value: Any, places: int, *half: float) -> float:
    """Up from `half` (.5) of the last place on, which for negative numbers never comes."""
    number = to_float64(value)
    try:
        power = 10.0**places
    except OverflowError:
        power = math.inf
    digit = power * number
    fraction = math.copysign(0.0, digit) if math.isinf(digit) else math.modf(digit)[0]
    if math.isinf(digit):
        fraction = math.nan
    up = fraction >= (half[0] if half else 0.5)
    whole = _whole(digit, math.ceil if up else math.floor)
    if power == 0:
        return math.nan if whole == 0 or math.isnan(whole) else math.copysign(math.inf, whole)
    return whole / power if not (math.isinf(power) and math.isinf(whole)) else math.nan


def _decimal(value: Any) -> Decimal:
    number = to_float64(value)
    if not math.isfinite(number):
        shown = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
        raise CallError(f"Cannot create a Decimal from {shown}")
    return Decimal(repr(number))


def _divide(one: Decimal, other: Decimal) -> Decimal:
    if not other:
        raise CallError("decimal division by 0")
    # Half away from zero at the sixteenth place, worked out exactly.
    scaled = one.scaleb(16, _WIDE)
    ratio = _WIDE.divide(scaled, other)
    return _WIDE.scaleb(ratio.to_integral_value(ROUND_HALF_UP, _WIDE), Decimal(-16))


_OPERATIONS: Final[dict[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "add": _WIDE.add,
    "sub": _WIDE.subtract,
    "mul": _WIDE.multiply,
    "div": _divide,
}


def _fold(operation: str, first: Any, others: tuple[Any, ...]) -> float:
    result = _decimal(first)
    for other in others:
        result = _OPERATIONS[operation](result, _decimal(other))
    # A decimal has no negative zero.
    return float(result) or 0.0


@go("any -> float64")
def add1f(value: Any) -> float:
    return _fold("add", value, (1,))


@go("...any -> float64")
def addf(*values: Any) -> float:
    return _fold("add", 0.0, values)


@go("any, ...any -> float64")
def subf(value: Any, *others: Any) -> float:
    return _fold("sub", value, others)


@go("any, ...any -> float64")
def divf(value: Any, *others: Any) -> float:
    return _fold("div", value, others)


@go("any, ...any -> float64")
def mulf(value: Any, *others: Any) -> float:
    return _fold("mul", value, others)


@go("int -> []int")
def until(count: int) -> Ints:
    return _steps(0, count, -1 if count < 0 else 1)


@go("int, int, int -> []int")
def until_step(start: int, stop: int, step: int) -> Ints:
    return _steps(start, stop, step)


def _steps(start: int, stop: int, step: int) -> Ints:
    if step == 0 or (stop < start) != (step < 0):
        return Ints()
    numbers = range(start, stop, step)
    bounded_list(abs(stop - start) // abs(step))
    return Ints(numbers)


@go("...int -> string")
def seq(*bounds: int) -> str:
    if len(bounds) == 1:
        start, end, step = 1, bounds[0], -1 if bounds[0] < 1 else 1
        beyond = end + step
    elif len(bounds) == 2:
        start, end = bounds
        step = -1 if end < start else 1
        beyond = end + step
    elif len(bounds) == 3:
        start, step, end = bounds
        if end < start and step > 0:
            return ""
        beyond = end + (-1 if end < start else 1)
    else:
        return ""
    return " ".join(map(str, _steps(start, beyond, step)))


FUNCTIONS: Final = {
    "int64": int64, "int": int_, "float64": float64, "atoi": atoi, "toDecimal": to_decimal, "add1": add1, "add": add,
    "sub": sub, "div": div, "mod": mod, "mul": mul, "max": max_, "biggest": max_, "min": min_, "maxf": maxf,
    "minf": minf, "floor": floor, "ceil": ceil, "round": round_, "add1f": add1f, "addf": addf, "subf": subf,
    "divf": divf, "mulf": mulf, "until": until, "untilStep": until_step, "seq": seq,
}  # fmt: skip
