"""A chart and values in; manifests, hooks, CRDs and notes out, as Helm 4.2 renders them. Pure.

Steps: dependencies enabled and imported, values coalesced and checked, every template parsed (deepest first, so that
the outer definitions win), every one executed, the output split, sorted and parted into manifests and hooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.errors import Malformed
from engine.helm.capabilities import Capabilities
from engine.helm.chart.metadata import V1, V2
from engine.helm.chart.model import CRD, Chart
from engine.helm.chart.versions import is_compatible
from engine.helm.context import template_data
from engine.helm.dependencies import missing_dependencies, process_dependencies
from engine.helm.errors import ChartError
from engine.helm.functions import Environment, functions
from engine.helm.gotext import decode
from engine.helm.split import Hook, Manifest, sort_manifests
from engine.helm.template import Budget, Cache, Limits, TemplateLimit, Templates
from engine.helm.values.coalesce import coalesce_values
from engine.helm.values.files import Values
from engine.helm.values.schema import validate

NOTES: Final = "NOTES.txt"
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME: Final = 53
"""So that the names that Helm and charts make of it fit into 63."""
Lookup = Callable[[str, str, str, str], dict[str, Any]]
"""apiVersion, kind, namespace, name → the object, a list, or {}."""


@dataclass(frozen=True, slots=True)
class Release:
    """`.Release`."""

    name: str = "release-name"
    namespace: str = "default"
    revision: int = 1
    is_install: bool = True
    is_upgrade: bool = False
    service: str = "Helm"

    def data(self) -> dict[str, Any]:
        """As templates see it."""
        return {
            "Name": self.name,
            "Namespace": self.namespace,
            "IsUpgrade": self.is_upgrade,
            "IsInstall": self.is_install,
            "Revision": self.revision,
            "Service": self.service,
        }


def _nothing(_api_version: str, _kind: str, _namespace: str, _name: str) -> dict[str, Any]:
    """`lookup` without a cluster finds nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class Options:
    """How to render."""

    release: Release = field(default_factory=Release)
    capabilities: Capabilities = field(default_factory=Capabilities)
    lookup: Lookup = _nothing
    skip_schema_validation: bool = False
    sub_notes: bool = False
    """Notes of subcharts as well."""
    lint: bool = False
    """`required` and `fail` let pass what they would refuse."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a chart becomes. Manifests and hooks are in the order of installation."""

    chart: Chart
    values: Values
    """The coalesced values: they may hold secrets."""
    manifests: tuple[Manifest, ...] = ()
    hooks: tuple[Hook, ...] = ()
    crds: tuple[CRD, ...] = ()
    notes: str = ""
    warnings: tuple[str, ...] = field(default=())

    def manifest(self, *, include_crds: bool = False) -> str:
        """The release's manifest as Helm stores it."""
        crds = self.crds if include_crds else ()
        return "".join(
            [
                *(source(crd.filename, decode(crd.data)) for crd in crds),
                *(source(manifest.path, manifest.content) for manifest in self.manifests),
            ]
        )


def source(path: str, content: str) -> str:
    """One document as Helm prints it."""
    return f"---\n# Source: {path}\n{content}\n"


def render(
    chart: Chart, values: Mapping[str, Any], options: Options | None = None, *, cache: Cache | None = None
) -> Rendered:
    """Render a chart that is to be installed; ChartError, ValuesError, TemplateError, LimitExceeded, Unsupported.

    `cache` keeps compiled templates for the next render of this chart or one that shares files with it.
    """
    options = options or Options()
    _check_name(options.release.name)
    _check_installable(chart)
    prepared = prepare(chart, values, options)
    _check_kubernetes(prepared.chart, options.capabilities)
    files = execute(prepared, options, cache=cache)
    notes = _take_notes(files, prepared.chart, options)
    manifests, hooks = sort_manifests(files)
    return Rendered(
        prepared.chart,
        prepared.values,
        tuple(manifests),
        tuple(hooks),
        tuple(prepared.chart.crds()),
        notes,
        prepared.warnings,
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chart with the subcharts that take part, and the values its templates see."""

    chart: Chart
    values: Values
    warnings: tuple[str, ...]


def prepare(chart: Chart, values: Mapping[str, Any], options: Options) -> Prepared:
    """Everything before the first template."""
    warnings: list[str] = []
    chart = process_dependencies(chart, values, warnings.append)
    effective = coalesce_values(chart, values, warn=warnings.append)
    if not options.skip_schema_validation:
        validate(chart, effective)
    return Prepared(chart, effective, tuple(dict.fromkeys(warnings)))


def execute(prepared: Prepared, options: Options, *, cache: Cache | None = None) -> dict[str, str]:
    """The output of every template by its name; partials are not among them."""
    texts: dict[str, str] = {}
    dots: dict[str, tuple[dict[str, Any], str]] = {}
    release = options.release.data()
    for chart, path, dot in template_data(prepared.chart, prepared.values, release, options.capabilities):
        for file in chart.templates:
            if not chart.is_library or _is_partial(file.name):
                name = f"{path}/{file.name}"
                texts[name] = decode(file.data)
                dots[name] = (dot, f"{path}/templates")
    environment = Environment(lookup=options.lookup, lint=options.lint)
    order = sorted(texts, key=lambda name: (name.count("/"), name), reverse=True)
    try:
        templates = Templates(functions(environment), budget=Budget(options.limits), cache=cache)
        for name in order:
            templates.parse(name, texts[name])
        rendered: dict[str, str] = {}
        for name in order:
            if not _is_partial(name):
                dot, base = dots[name]
                dot["Template"] = {"Name": name, "BasePath": base}
                rendered[name] = templates.execute(name, dot)
    except TemplateLimit as problem:
        message = f"chart {prepared.chart.name}: {problem.message}"
        raise TemplateLimit(message, place=problem.place) from problem
    return rendered


def _is_partial(name: str) -> bool:
    return name.rpartition("/")[2].startswith("_")


def _check_name(name: str) -> None:
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise Malformed(
            f'release name "{name[: _LONGEST_NAME + 1]}" is no name of a release',
            fix=f"use lower case letters, digits, dashes and dots, at most {_LONGEST_NAME} of them",
        )


def _check_installable(chart: Chart) -> None:
    if chart.metadata.api_version not in (V1, V2):
        raise ChartError(
            f"chart {chart.name}: apiVersion {chart.metadata.api_version} is not one that can be installed",
            chart=chart.name,
            fix="v1 and v2 are",
        )
    if chart.metadata.type not in ("", "application"):
        raise ChartError(f"{chart.metadata.type} charts are not installable", chart=chart.name)
    missing = missing_dependencies(chart)
    if missing:
        raise ChartError(
            f"chart {chart.name}: found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}",
            chart=chart.name,
            fix="put them there, as `helm dependency build` does",
        )


def _check_kubernetes(chart: Chart, capabilities: Capabilities) -> None:
    wanted, have = chart.metadata.kube_version, capabilities.kube_version
    if wanted and not is_compatible(wanted, have.normalized):
        raise ChartError(
            f"chart {chart.name} requires kubeVersion: {wanted} which is incompatible with Kubernetes {have.version}",
            chart=chart.name,
        )


def _take_notes(files: dict[str, str], chart: Chart, options: Options) -> str:
    """The notes, taken out of the rendered files."""
    own = f"{chart.name}/templates/{NOTES}"
    found = {name: files.pop(name) for name in sorted(files) if name.endswith(NOTES)}
    return "\n".join(text for name, text in found.items() if text and (options.sub_notes or name == own))
