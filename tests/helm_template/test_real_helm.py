"""The same expressions, the same answers: this engine beside the real helm."""

from __future__ import annotations

import pytest

from tests.helm_template.oracle import find_helm, ours, real

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    "expression",
    [
        ".Values.a.b", ".Values.x.y", "upper .Values.missing", ".Values.missing | upper", "upper 5", "eq 1 1.0",
        "eq 1 \"a\"", "index .Values.l 9", "required \"need it\" .Values.missing", "fail \"no\"", "include \"nope\" .",
        "tpl \"{{ .Values.x.y }}\" .", "mod 1 0", "substr 5 2 \"hello\"", "get (list) \"a\"", "printf 1",
        "(dict \"a\" 1).a.b", "semverCompare \"a\" \"1.0.0\"", "regexFind \"(\" \"a\"",
    ],
)  # fmt: skip
def test_a_refusal_names_the_same_place_and_cause(expression: str) -> None:
    helm = find_helm()
    values = "a: text\nl: [1]\n"
    (mine,) = ours([expression], values)
    (theirs,) = real(helm, [expression], values, expect=[False])
    assert mine.text is None
    assert theirs.text is None
    cause = mine.error.rpartition('executing "e0" at ')[2].rpartition("executing ")[2].partition(">: ")[2]
    assert cause.rpartition(": ")[2] in theirs.error
