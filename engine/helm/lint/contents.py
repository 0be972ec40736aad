"""The rules of values.yaml, of charts/ and of crds/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.errors import EngineError
from engine.helm.gotext import decode as as_text
from engine.helm.lint.documents import decode
from engine.helm.lint.finding import Finding, Severity
from engine.helm.lint.place import Subject
from engine.helm.values.coalesce import coalesce_tables
from engine.helm.values.files import copy_values, read_values
from engine.helm.values.schema import FILE as SCHEMA
from engine.helm.values.schema import check

VALUES: Final = "values.yaml"
CRDS: Final = "crds"


def values_rules(subject: Subject, values: Mapping[str, Any], *, skip_schema: bool) -> Iterator[Finding]:
    """Whether values.yaml can be read, and meets the chart's own schema with the given values on top."""
    place = subject.place
    if not place.is_file(VALUES) and not place.is_dir(VALUES):
        yield Finding(Severity.INFO, VALUES, "file does not exist")
        return
    try:
        effective = coalesce_tables(copy_values(dict(values)), read_values(place.read(VALUES)))
    except EngineError as error:
        yield Finding(Severity.ERROR, VALUES, f"unable to parse YAML: {error.message}")
        return
    if skip_schema or not place.is_file(SCHEMA):
        return
    schema = place.read(SCHEMA)
    try:
        problems = check(place.name, schema, effective) if schema else []
    except EngineError as error:
        problems = [error.message]
    if problems:
        yield Finding(Severity.ERROR, VALUES, "\n".join(problems))


def dependency_rules(subject: Subject) -> Iterator[Finding]:
    """Chart.yaml and charts/ name the same."""
    chart = subject.chart
    if chart is None:
        yield Finding(Severity.ERROR, "", f"unable to load chart\n\t{subject.problem}")
        return
    here = [child.name for child in chart.dependencies]
    declared = [each.name for each in chart.metadata.required]
    if undeclared := [name for name in here if name not in declared]:
        message = f"chart metadata is missing these dependencies: {','.join(undeclared)}"
        yield Finding(Severity.ERROR, subject.place.name, message)
    if missing := [name for name in declared if name not in here]:
        message = f"chart directory is missing these dependencies: {','.join(missing)}"
        yield Finding(Severity.WARNING, subject.place.name, message)


def crd_rules(subject: Subject) -> Iterator[Finding]:
    """Files in crds/ are CustomResourceDefinitions and no templates; one that cannot be read ends it."""
    place, where = subject.place, f"{CRDS}/"
    if not place.is_dir(CRDS):
        if place.is_file(CRDS):
            yield Finding(Severity.ERROR, where, "not a directory")
        return
    if subject.chart is None:
        yield Finding(Severity.ERROR, where, subject.problem)
        return
    for crd in subject.chart.crds():
        try:
            for document in decode(as_text(crd.data)):
                if not document.api_version.startswith("apiextensions.k8s.io"):
                    yield Finding(Severity.ERROR, crd.name, "apiVersion is not in 'apiextensions.k8s.io'")
                if document.kind != "CustomResourceDefinition":
                    yield Finding(Severity.ERROR, crd.name, "object kind is not 'CustomResourceDefinition'")
        except EngineError as error:
            yield Finding(Severity.ERROR, crd.name, f"unable to parse YAML: {error.message}")
            return
