"""The rules of templates/: whether the chart renders, and each rendered file is what it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from engine import yaml
from engine.errors import EngineError
from engine.helm.chart.model import Chart
from engine.helm.dependencies import process_dependencies
from engine.helm.gotext import trim_space
from engine.helm.lint.deprecations import deprecation
from engine.helm.lint.documents import Document, decode
from engine.helm.lint.finding import Finding, Severity
from engine.helm.lint.names import complaint
from engine.helm.lint.place import Subject
from engine.helm.render import Options, Prepared, execute
from engine.helm.template.quote import quote
from engine.helm.values.coalesce import coalesce_values
from engine.helm.values.schema import validate

FOLDER: Final = "templates"
POLICY: Final = "helm.sh/resource-policy"
_ENDINGS: Final = (".yaml", ".yml", ".tpl", ".txt")
_WORKLOADS: Final = frozenset(("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"))


def rules(subject: Subject, values: Mapping[str, Any], options: Options) -> Iterator[Finding]:
    """Render for a release of lint's own, where `required` and `fail` let pass."""
    place, where = subject.place, f"{FOLDER}/"
    if not place.is_dir(FOLDER):
        yield (
            Finding(Severity.ERROR, where, "not a directory")
            if place.is_file(FOLDER)
            else Finding(Severity.WARNING, where, "directory does not exist")
        )
        return
    if subject.chart is None:
        yield Finding(Severity.ERROR, where, subject.problem)
        return
    try:
        prepared = _prepared(subject.chart, values)
    except EngineError:
        # Helm is silent about values that do not fit the chart's tables.
        return
    release = replace(options.release, name="test-release", revision=0, is_install=False)
    try:
        if not options.skip_schema_validation:
            validate(prepared.chart, prepared.values)
        rendered = execute(prepared, replace(options, release=release, lint=True))
    except EngineError as error:
        yield Finding(Severity.ERROR, where, error.message)
        return
    minor = int(options.capabilities.kube_version.minor)
    for file in prepared.chart.templates:
        if not file.name.endswith(_ENDINGS):
            yield Finding(Severity.ERROR, file.name, _bad_ending(file.name))
        if file.name.lower().endswith((".yaml", ".yml")):
            text = rendered.get(f"{prepared.chart.name}/{file.name}", "")
            try:
                yield from _manifests(file.name, text, minor)
            except EngineError as error:
                yield Finding(Severity.ERROR, file.name, f"unable to parse YAML: {error.message}")
                return


def _prepared(chart: Chart, values: Mapping[str, Any]) -> Prepared:
    """Helm's lint coalesces twice, so that a default whose null was carried out once comes back."""
    chart = process_dependencies(chart, values, _unheard)
    once = coalesce_values(chart, values)
    return Prepared(chart, coalesce_values(chart, once), ())


def _unheard(_warning: str) -> None:
    """A lint does not repeat what a render warns of."""


def _bad_ending(name: str) -> str:
    ending = re.search(r"\.[^./]*$", name)
    shown = ending.group() if ending else ""
    return f"file extension '{shown}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"


def _manifests(path: str, text: str, minor: int) -> Iterator[Finding]:
    if not trim_space(text):
        return
    top = next(line for line in text.split("\n") if trim_space(line)).removesuffix("\r")
    if top.startswith((" ", "\t")):
        message = f"document starts with an illegal indent: {quote(top)}, which may cause parsing problems"
        yield Finding(Severity.WARNING, path, message)
    for document in decode(text):
        for severity, message in _object(document, text, minor):
            yield Finding(severity, path, message)


def _object(document: Document, text: str, minor: int) -> Iterator[tuple[Severity, str]]:
    kind, api_version = document.kind, document.api_version
    if bad_name := complaint(kind, document.name):
        yield Severity.WARNING, bad_name
    if old := deprecation(api_version, kind, minor):
        yield Severity.WARNING, old.sentence(api_version, kind)
    if kind in _WORKLOADS and "matchLabels" not in text and "matchExpressions" not in text:
        named = quote(document.name)
        yield Severity.ERROR, f"a {kind} must contain matchLabels or matchExpressions, and {named} does not"
    # Helm looks at the items of the file's first document, whichever this one is.
    if kind == "List" and any(map(_keeps, _items(yaml.load_first(text)))):
        yield Severity.ERROR, f"annotation '{POLICY}' within List objects are ignored"


def _items(content: Any) -> list[Any]:
    items = content.get("items") if isinstance(content, dict) else None
    return items if isinstance(items, list) else []


def _keeps(item: Any) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and POLICY in annotations
