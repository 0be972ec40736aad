"""The real helm as oracle: hundreds of expressions in one call, each in a template of its own.

`HELM_BIN` or PATH says where helm is; tests that need it are marked `real` and say so when it is absent.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import yaml
from engine.errors import EngineError
from engine.helm.functions import functions
from engine.helm.functions.dicts import copied
from engine.helm.functions.yamls import floats
from engine.helm.template import Templates

_FAILED = re.compile(r'executing "(e\d+)"|<include "(e\d+)" \(dict|\(c/templates/(e\d+)\.tpl|(e\d+)\.tpl')
_ENTRY = re.compile(r"^  (e\d+):[ ]?(\S*)$", re.MULTILINE)


def find_helm() -> str:
    """The real helm, or a skip that says what is left out; in CI a missing one fails."""
    found = os.environ.get("HELM_BIN") or shutil.which("helm")
    if found and Path(found).is_file():
        return found
    message = "no real helm is here (HELM_BIN or PATH), so nothing was compared with it"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an expression printed, or the sentence with which it failed."""

    text: str | None
    error: str = ""


def body(expression: str) -> str:
    """An expression, or a whole template."""
    return expression if expression.startswith("{{") else "{{ " + expression + " }}"


def ours(expressions: Sequence[str], values: str) -> list[Answer]:
    """What this engine makes of them."""
    templates = Templates(functions())
    loaded = floats(yaml.load(values)) if values else {}
    answers: list[Answer] = []
    for index, expression in enumerate(expressions):
        try:
            templates.parse(f"e{index}.tpl", f'{{{{ define "e{index}" }}}}{body(expression)}{{{{ end }}}}')
            templates.parse("run.yaml", f'{{{{ include "e{index}" . | b64enc }}}}')
            # Functions change what they are given, so each expression gets values of its own.
            encoded = templates.execute("run.yaml", {"Values": copied(loaded, 0), "Release": {"Name": "r"}})
        except EngineError as problem:
            answers.append(Answer(None, problem.message))
        else:
            answers.append(Answer(base64.b64decode(encoded).decode(errors="surrogateescape")))
    return answers


def real(helm: str, expressions: Sequence[str], values: str, *, expect: Sequence[bool] | None = None) -> list[Answer]:
    """What helm makes of them; `expect` says which are expected to succeed (those that fail cost a call each)."""
    answers: dict[int, Answer] = {}
    together = [index for index in range(len(expressions)) if expect is None or expect[index]]
    with tempfile.TemporaryDirectory() as folder:
        chart = _Chart(Path(folder), helm, values)
        while together:
            output, error = chart.render({index: expressions[index] for index in together})
            if error:
                failed = _culprit(error)
                assert failed in together, error
                answers[failed] = Answer(None, error)
                together.remove(failed)
                continue
            answers.update(output)
            break
        for index, expression in enumerate(expressions):
            if index not in answers:
                output, error = chart.render({index: expression})
                answers[index] = Answer(None, error) if error else output[index]
    return [answers[index] for index in range(len(expressions))]


def _culprit(error: str) -> int:
    match = _FAILED.search(error)
    assert match is not None, error
    return int(next(name for name in match.groups() if name)[1:])


class _Chart:
    """A chart whose one manifest holds every answer."""

    def __init__(self, folder: Path, helm: str, values: str) -> None:
        self.folder = folder
        self.helm = helm
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
        (folder / "values.yaml").write_text(values)

    def render(self, expressions: dict[int, str]) -> tuple[dict[int, Answer], str]:
        """Answers, or the error."""
        templates = self.folder / "templates"
        shutil.rmtree(templates, ignore_errors=True)
        templates.mkdir()
        lines = ["apiVersion: v1", "kind: ConfigMap", "metadata: {name: x}", "data:"]
        for index, expression in expressions.items():
            text = f'{{{{ define "e{index}" }}}}{body(expression)}{{{{ end }}}}'
            (templates / f"_e{index}.tpl").write_bytes(text.encode(errors="surrogateescape"))
            context = '(dict "Values" (deepCopy .Values) "Release" .Release)'
            lines.append(f'  e{index}: {{{{ include "e{index}" {context} | b64enc }}}}')
        (templates / "run.yaml").write_text("\n".join(lines) + "\n")
        done = subprocess.run(
            [self.helm, "template", "r", str(self.folder), "-n", "ns"], capture_output=True, check=False
        )
        if done.returncode:
            return {}, done.stderr.decode(errors="replace").strip()
        found = _ENTRY.findall(done.stdout.decode(errors="surrogateescape"))
        return {
            int(name[1:]): Answer(base64.b64decode(text).decode(errors="surrogateescape")) for name, text in found
        }, ""
