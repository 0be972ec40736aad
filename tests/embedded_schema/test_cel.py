"""The rule language of definitions."""

from __future__ import annotations

from typing import Any

import pytest

from engine.embedded.schema.cel import CelError, CelSyntaxError, compile_rule

THING = {"name": "a-b", "n": 3, "on": True, "list": [1, 2, 3], "map": {"k": "v"}, "foo-bar": 1, "text": "häh"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("has(self.name) && !has(self.nope)", True),
        ("has(self.map.k)", True),
        ("size(self.list) == 3 && self.list.size() == 3", True),
        ("size(self.text) == 3", True),
        ("self.n >= 3 ? 'big' : 'small'", "big"),
        ('self.n < 3 || self.name == "a-b"', True),
        ("2 in self.list && 'k' in self.map && !(9 in self.list)", True),
        ("self.list[1] + 2 * 3 - 1", 7),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("self.map['k'] == 'v'", True),
        ("self.foo__dash__bar == 1", True),
        ("self.on == true && true != (1 == 1 && false)", True),
        ("self.n == 3.0", True),
        ("[1, 'a'] == [1, 'a']", True),
        ("self.list.all(x, x > 0) && self.list.exists(x, x == 2)", True),
        ("self.map.all(k, k.startsWith('k'))", True),
        ("self.name.matches('^[a-z-]+$')", True),
        (r"self.name.matches(r'^\w-\w$')", True),
        ("'a\\n' == \"a\\n\" && 'x'.contains('x') && 'xy'.endsWith('y')", True),
        ("self.nope == 1 || self.n == 3", True),
        ("self.n == 4 && self.nope == 1", False),
        ("// a comment\n self.n == 3", True),
        ("1 == 1 == true", True),
        ("true == 1", False),
        ("null == null", True),
    ],
)
def test_a_rule_answers(rule: str, expected: Any) -> None:
    assert compile_rule(rule).evaluate({"self": THING}) == expected


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("self.nope == 1", "no such key: nope"),
        ("self.name > 1", "no such overload"),
        ("self.list[9] == 1", "index out of bounds: 9"),
        ("1 / 0 == 1", "division by zero"),
        ("!self.n", "no such overload"),
        ("self.name.matches('(')", "invalid regular expression"),
    ],
)
def test_a_rule_without_a_value_says_why(rule: str, words: str) -> None:
    with pytest.raises(CelError, match=words.replace("(", r"\(")):
        compile_rule(rule).evaluate({"self": THING})


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "self.",
        "self.a ==",
        "(self.a",
        "other.a",
        "f(self)",
        "self.a.map(x, x)",
        "self.a ~ 1",
        "has(self)",
        "'open",
        "x",
        "self.for.x(",
    ],
)
def test_what_is_not_understood_is_refused(rule: str) -> None:
    with pytest.raises(CelSyntaxError):
        compile_rule(rule)


def test_hostile_rules_end() -> None:
    with pytest.raises(CelSyntaxError, match="nests deeper"):
        compile_rule("(" * 2000 + "1" + ")" * 2000)
    with pytest.raises(CelSyntaxError, match="longer"):
        compile_rule("1 == 1 || " * 1000 + "true")
    square = compile_rule("self.all(a, self.all(b, self.all(c, a == c || b != 5000)))")
    with pytest.raises(CelError, match="steps"):
        square.evaluate({"self": list(range(1000))})
    for rule in ("self.all(x, !(x in [1]) || x in self)", "self.all(x, self == self)"):
        with pytest.raises(CelError, match="steps"):
            compile_rule(rule).evaluate({"self": [1] * 2000})
    with pytest.raises(CelError, match="steps"):
        compile_rule("self.l.all(x, !self.t.contains('b'))").evaluate({"self": {"l": [1] * 1000, "t": "a" * 1_000_000}})


def test_a_transition_rule_is_known_by_its_variable() -> None:
    assert compile_rule("self.n >= oldSelf.n").uses_old
    assert not compile_rule("self.n > 1").uses_old
