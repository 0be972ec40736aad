"""The same expressions, the same answers: this engine beside the real helm."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from engine.helm.chart import load
from engine.helm.render import render
from engine.helm.template import ExecError
from tests.helm_template.oracle import body, find_helm, ours, real
from tests.helm_template.refusals import REFUSALS

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


@pytest.mark.parametrize("template", REFUSALS)
def test_a_refusal_is_helms_word_for_word(template: str, tmp_path: Path) -> None:
    helm = find_helm()
    files = {"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "values.yaml": "a: text\nl: [1, b]\nn: 1.5\n"}
    for name, text in {**files, "templates/t.yaml": body(template)}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    theirs = subprocess.run([helm, "template", "r", str(tmp_path)], capture_output=True, text=True, check=False)
    with pytest.raises(ExecError) as caught:
        render(load(tmp_path), {})
    told = theirs.stderr.removeprefix("Error: ").partition("\n\nUse --debug")[0]
    assert _plain(caught.value.message) == _plain(told)


def _plain(message: str) -> str:
    """Without line breaks and colons, which helm sets anew."""
    return re.sub(r"[\s:]+", " ", message.replace("template: ", "")).strip()
