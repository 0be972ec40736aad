"""What a compiled CEL expression does: closures over plain JSON values.

Every function here either builds a closure (Scope → value) from the closures of its operands, or is an operator on
values. What has no value in CEL raises CelError.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.embedded.schema.patterns import PatternError, compile_pattern

#: Looks at a value that one evaluation may take, and the scope's entry that counts them: no identifier is spelt so.
MAX_STEPS = 100_000
BUDGET = ""

Scope = Mapping[str, Any]
Eval = Callable[[Scope], Any]


class CelError(Exception):
    """The expression has no value for this input: a missing key, operands of wrong types."""


class CelLimit(CelError):
    """The budget is used up: nothing makes up for that, no other operand and no other item."""


def constant(value: Any) -> Eval:
    """A literal."""
    return lambda scope: value


def variable(name: str) -> Eval:
    """self, oldSelf or a macro's variable."""

    def run(scope: Scope) -> Any:
        return scope[name]

    return run


def list_of(items: list[Eval]) -> Eval:
    """A list literal."""
    return lambda scope: [item(scope) for item in items]


def field(holder: Eval, name: str) -> Eval:
    """`holder.name`; an absent key is an error."""

    def run(scope: Scope) -> Any:
        value = holder(scope)
        if not isinstance(value, dict) or name not in value:
            raise CelError(f"no such key: {name}")
        return value[name]

    return run


def has_field(holder: Eval, name: str) -> Eval:
    """`has(holder.name)`."""

    def run(scope: Scope) -> bool:
        value = holder(scope)
        if not isinstance(value, dict):
            raise CelError(f"no such key: {name}")
        return name in value

    return run


def at(holder: Eval, index: Eval) -> Eval:
    """`holder[index]` of a map or a list."""

    def run(scope: Scope) -> Any:
        value, key = holder(scope), index(scope)
        if isinstance(value, dict) and isinstance(key, str):
            if key not in value:
                raise CelError(f"no such key: {key}")
            return value[key]
        if isinstance(value, list) and _is_number(key):
            if not 0 <= key < len(value) or key != int(key):
                raise CelError(f"index out of bounds: {key}")
            return value[int(key)]
        raise CelError("no such overload")

    return run


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CelError("no such overload")
    return value


def conditional(condition: Eval, then: Eval, otherwise: Eval) -> Eval:
    """`condition ? then : otherwise`."""
    return lambda scope: then(scope) if _boolean(condition(scope)) else otherwise(scope)


def negated(value: Eval) -> Eval:
    """`!value`."""
    return lambda scope: not _boolean(value(scope))


def negative(value: Eval) -> Eval:
    """`-value`."""

    def run(scope: Scope) -> Any:
        number = value(scope)
        if not _is_number(number):
            raise CelError("no such overload")
        return -number

    return run


def _logical(decisive: bool) -> Callable[[Eval, Eval], Eval]:
    """&& and || are commutative: one decisive side answers even when the other has an error."""

    def build(left: Eval, right: Eval) -> Eval:
        def run(scope: Scope) -> bool:
            try:
                if _boolean(left(scope)) is decisive:
                    return decisive
            except CelLimit:
                raise
            except CelError:
                if _boolean(right(scope)) is decisive:
                    return decisive
                raise
            return _boolean(right(scope))

        return run

    return build


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _equal(left: Any, right: Any) -> bool:
    """Equality that tells true from 1, at any depth."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _contains(item: Any, collection: Any) -> bool:
    if isinstance(collection, dict):
        return isinstance(item, str) and item in collection
    if isinstance(collection, list):
        return any(_equal(item, other) for other in collection)
    raise CelError("no such overload")


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise CelError("no such overload")

    return run


def _add(left: Any, right: Any) -> Any:
    if (isinstance(left, str) and isinstance(right, str)) or (isinstance(left, list) and isinstance(right, list)):
        return left + right  # type: ignore[operator]
    return _arithmetic(operator.add)(left, right)


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if not (_is_number(left) and _is_number(right)):
            raise CelError("no such overload")
        return compute(left, right)

    return run


def _divide(left: Any, right: Any) -> Any:
    if right == 0:
        raise CelError("division by zero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)  # CEL truncates toward zero
        return quotient if (left < 0) is (right < 0) else -quotient
    return left / right


def _remainder(left: Any, right: Any) -> Any:
    if right == 0:
        raise CelError("modulus by zero")
    return left - right * _divide(left, right)


def _strict(compute: Callable[[Any, Any], Any]) -> Callable[[Eval, Eval], Eval]:
    """An operator of both operands; large ones cost steps, wherever they stand in the rule."""

    def build(left: Eval, right: Eval) -> Eval:
        def run(scope: Scope) -> Any:
            first, second = left(scope), right(scope)
            if isinstance(first, _LARGE) or isinstance(second, _LARGE):
                _spend(scope, _weight(first) + _weight(second))
            return compute(first, second)

        return run

    return build


_LARGE = (str, list, dict)


def _spend(scope: Scope, steps: int) -> None:
    budget: list[int] = scope[BUDGET]
    budget[0] -= steps
    if budget[0] < 0:
        raise CelLimit(f"the rule takes more than {MAX_STEPS} steps")


def _weight(value: Any) -> int:
    """Roughly what it costs to look at a value: its nodes, and a step for every 100 characters."""
    if isinstance(value, str):
        return len(value) // 100
    if isinstance(value, list):
        return len(value) + sum(map(_weight, value))
    if isinstance(value, dict):
        return len(value) + sum(map(_weight, value.values()))
    return 0


BINARY: dict[str, Callable[[Eval, Eval], Eval]] = {
    "&&": _logical(False),
    "||": _logical(True),
    "==": _strict(_equal),
    "!=": _strict(lambda left, right: not _equal(left, right)),
    "in": _strict(_contains),
    "<": _strict(_ordered(operator.lt)),
    "<=": _strict(_ordered(operator.le)),
    ">": _strict(_ordered(operator.gt)),
    ">=": _strict(_ordered(operator.ge)),
    "+": _strict(_add),
    "-": _strict(_arithmetic(operator.sub)),
    "*": _strict(_arithmetic(operator.mul)),
    "/": _strict(_arithmetic(_divide)),
    "%": _strict(_arithmetic(_remainder)),
}


def call(function: Callable[..., Any], target: Eval, arguments: tuple[Eval, ...]) -> Eval:
    """A function or method of evaluated operands."""

    def run(scope: Scope) -> Any:
        value = target(scope)
        if isinstance(value, str):
            _spend(scope, _weight(value))
        return function(value, *(argument(scope) for argument in arguments))

    return run


def size(value: Any) -> int:
    """Characters, items or entries."""
    if isinstance(value, (str, list, dict)):
        return len(value)
    raise CelError("no such overload")


def _on_text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def run(text: Any, other: Any) -> bool:
        if not isinstance(text, str) or not isinstance(other, str):
            raise CelError("no such overload")
        return test(text, other)

    return run


def _matches(text: str, pattern: str) -> bool:
    try:
        return compile_pattern(pattern).search(text) is not None
    except PatternError as error:
        raise CelError(f"invalid regular expression {pattern!r}") from error


METHODS: dict[str, tuple[int, Callable[..., Any]]] = {
    "size": (0, size),
    "matches": (1, _on_text(_matches)),
    "startsWith": (1, _on_text(str.startswith)),
    "endsWith": (1, _on_text(str.endswith)),
    "contains": (1, _on_text(lambda text, part: part in text)),
}


def _quantifier(decisive: bool) -> Callable[[Eval, str, Eval], Eval]:
    """all() stops at the first false, exists() at the first true; an error counts when nothing decides."""

    def build(target: Eval, variable: str, body: Eval) -> Eval:
        def run(scope: Scope) -> bool:
            items = target(scope)
            if not isinstance(items, (list, dict)):
                raise CelError("no such overload")
            failure: CelError | None = None
            _spend(scope, len(items))
            for item in items:
                try:
                    if _boolean(body({**scope, variable: item})) is decisive:
                        return decisive
                except CelLimit:
                    raise
                except CelError as error:
                    failure = error
            if failure is not None:
                raise failure
            return not decisive

        return run

    return build


MACROS: dict[str, Callable[[Eval, str, Eval], Eval]] = {"all": _quantifier(False), "exists": _quantifier(True)}
