"""The real helm as oracle: hundreds of expressions in one process, each in a template of its own.

What should succeed is rendered together, in one chart; what should be refused is linted together, a chart each,
because a refusal ends a rendering but not a lint. `HELM_BIN` or PATH says where helm is; tests that need it are marked
`real` and say so when it is absent.
"""

from __future__ import annotations

import base64
import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from engine.errors import EngineError
from engine.helm.context import ValuesMap
from engine.helm.functions import functions
from engine.helm.functions.dicts import copied
from engine.helm.functions.yamls import loads
from engine.helm.template import Limits, TemplateLimit, Templates
from tests.helm_template.pools import HELPERS

_FAILED: Final = re.compile(
    r'executing "(e\d+)"|<include "(e\d+)" |(?:^|[(/])templates/_(e\d+)\.tpl|function \\?"(e\d+)'
)
_ENTRY: Final = re.compile(r"^  (e\d+):[ ]?(\S*)$", re.MULTILINE)
_LINTED: Final = re.compile(r"^==> Linting (\S+)\n((?:.*\n)*?)(?=^==> |^$\n?Error:|\Z)", re.MULTILINE)
_REFUSED: Final = re.compile(r"^\[ERROR\] templates/: (.*(?:\n(?!\[|==>|\n).*)*)", re.MULTILINE)
#: Lint lets these pass, so they are rendered one by one.
_LENIENT: Final = re.compile(r"\b(?:required|fail)\b")
#: What stands before the sentence itself: places, and the functions that the templates called to fail.
_PLACE: Final = re.compile(
    r">:\s+(?:error calling (?:fail|required): )?|\A(?:Error: )?(?:execution|parse) error at \(\S+\): "
    r"|\Atemplate: \S+: |\AError: "
)
_HINT: Final = "Use --debug flag to render out invalid YAML"
_SECONDS: Final = 30
_MEMORY: Final = 6 << 30
_CONTEXT: Final = '(dict "Values" (deepCopy .Values) "Release" .Release)'
HANGS: Final = "the real helm does not end"


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
    """What an expression printed, or the sentence with which it failed.

    `skipped` is set when there is nothing to compare: we refuse to work that long, or helm does not end.
    """

    text: str | None
    error: str = ""
    skipped: bool = False

    @property
    def cause(self) -> str:
        """The sentence without the places on the way."""
        return " ".join(_PLACE.split(self.error)[-1].removesuffix(_HINT).split())


def body(expression: str) -> str:
    """An expression, or a whole template."""
    return expression if expression.startswith("{{") else "{{ " + expression + " }}"


def _template(index: int, expression: str) -> str:
    return f'{{{{ define "e{index}" }}}}{body(expression)}{{{{ end }}}}'


def ours(expressions: Sequence[str], values: str) -> list[Answer]:
    """What this engine makes of them."""
    templates = Templates(functions(), limits=Limits(seconds=10))
    templates.parse("c/templates/_helpers.tpl", HELPERS)
    loaded = loads(values) or {}
    answers: list[Answer] = []
    for index, expression in enumerate(expressions):
        try:
            templates.parse(f"c/templates/_e{index}.tpl", _template(index, expression))
            templates.parse("c/templates/run.yaml", f'{{{{ include "e{index}" . | b64enc }}}}')
            # Functions change what they are given, so each expression gets values of its own.
            encoded = templates.execute(
                "c/templates/run.yaml", {"Values": ValuesMap(copied(loaded)), "Release": {"Name": "test-release"}}
            )
        except TemplateLimit as problem:
            answers.append(Answer(None, problem.message, skipped=True))
        except EngineError as problem:
            answers.append(Answer(None, problem.message))
        else:
            answers.append(Answer(base64.b64decode(encoded).decode(errors="surrogateescape")))
    return answers


def real(helm: str, expressions: Sequence[str], values: str, *, expect: Sequence[bool] | None = None) -> list[Answer]:
    """What helm makes of them; `expect` says which are expected to succeed (a wrong guess costs a call)."""
    with tempfile.TemporaryDirectory() as folder:
        oracle = _Oracle(helm, Path(folder), dict(enumerate(expressions)), values)
        guess = expect or [True] * len(expressions)
        refused = [index for index, good in enumerate(guess) if not good]
        oracle.lint([index for index in refused if not _LENIENT.search(expressions[index])])
        oracle.render([index for index, good in enumerate(guess) if good])
        for index in refused:
            oracle.render([index])
        return [oracle.answers[index] for index in range(len(expressions))]


class _DidNotEnd(Exception):
    """Helm ran out of time or memory."""


class _Oracle:
    """Charts with the expressions, and the answers so far."""

    def __init__(self, helm: str, folder: Path, expressions: Mapping[int, str], values: str) -> None:
        self.helm = helm
        self.folder = folder
        self.expressions = expressions
        self.values = values
        self.answers: dict[int, Answer] = {}

    def render(self, wanted: Sequence[int]) -> None:
        """Answer together; each that is refused after all costs a call."""
        left = [index for index in wanted if index not in self.answers]
        while left:
            try:
                error = self._render_once(left)
            except _DidNotEnd:
                self._halves(left, self.render)
                return
            if not error:
                return
            culprit = _culprit(error) if len(left) > 1 else left[0]
            assert culprit in left, error
            self.answers[culprit] = Answer(None, error)
            left.remove(culprit)

    def lint(self, wanted: Sequence[int]) -> None:
        """Find the refusals among them; what is not refused gets no answer."""
        if not wanted:
            return
        try:
            charts = [str(self._chart(f"lint/{index}", [index])) for index in wanted]
            output = self._run("lint", *charts)
        except _DidNotEnd:
            self._halves(wanted, self.lint)
            return
        for path, report in _LINTED.findall(output):
            refusal = _REFUSED.search(report)
            if refusal is not None:
                self.answers[int(Path(path).name)] = Answer(None, refusal[1].strip())

    def _halves(self, wanted: Sequence[int], method: Callable[[Sequence[int]], None]) -> None:
        """Close in on the one that does not end."""
        if len(wanted) == 1:
            self.answers[wanted[0]] = Answer(None, HANGS, skipped=True)
            return
        middle = len(wanted) // 2
        method(wanted[:middle])
        method(wanted[middle:])

    def _render_once(self, wanted: Sequence[int]) -> str:
        chart = self._chart("render", wanted)
        output = self._run("template", "test-release", str(chart), "-n", "ns")
        if output.startswith("Error:"):
            return output.strip()
        for name, text in _ENTRY.findall(output):
            self.answers[int(name[1:])] = Answer(base64.b64decode(text).decode(errors="surrogateescape"))
        return ""

    def _run(self, *arguments: str) -> str:
        """Stdout, or what begins with "Error:"."""
        try:
            done = subprocess.run(
                [self.helm, *arguments], capture_output=True, check=False, timeout=_SECONDS, preexec_fn=_confine
            )
        except subprocess.TimeoutExpired as problem:
            raise _DidNotEnd from problem
        if done.returncode not in (0, 1):
            raise _DidNotEnd
        shown = done.stdout if done.returncode == 0 or arguments[0] == "lint" else done.stderr
        return shown.decode(errors="surrogateescape")

    def _chart(self, name: str, wanted: Sequence[int]) -> Path:
        """A chart whose one manifest holds every answer."""
        folder = self.folder / name
        templates = folder / "templates"
        shutil.rmtree(templates, ignore_errors=True)
        templates.mkdir(parents=True)
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
        (folder / "values.yaml").write_text(self.values)
        (templates / "_helpers.tpl").write_text(HELPERS)
        lines = ["apiVersion: v1", "kind: ConfigMap", "metadata: {name: x}", "data:"]
        for index in wanted:
            text = _template(index, self.expressions[index])
            (templates / f"_e{index}.tpl").write_bytes(text.encode(errors="surrogateescape"))
            lines.append(f'  e{index}: {{{{ include "e{index}" {_CONTEXT} | b64enc }}}}')
        (templates / "run.yaml").write_text("\n".join(lines) + "\n")
        return folder


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _culprit(error: str) -> int:
    match = _FAILED.search(error)
    assert match is not None, error
    return int(next(name for name in match.groups() if name)[1:])
