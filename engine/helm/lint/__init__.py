"""What `helm lint` says of a chart: errors that keep it from being installed, warnings and hints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.helm.capabilities import Capabilities
from engine.helm.lint import chartfile, contents, templates
from engine.helm.lint.finding import Finding, Severity
from engine.helm.lint.place import Folder, Place, Subject, Unpacked
from engine.helm.render import Options, Release

__all__ = ["Finding", "Folder", "Place", "Severity", "Unpacked", "lint", "options_for"]


def lint(place: Place, values: Mapping[str, Any], options: Options) -> list[Finding]:
    """Everything that is to be said of the chart in a place, in helm's order."""
    subject = Subject.at(place)
    return [
        *chartfile.rules(subject),
        *contents.values_rules(subject, values, skip_schema=options.skip_schema_validation),
        *templates.rules(subject, values, options),
        *contents.dependency_rules(subject),
        *contents.crd_rules(subject),
    ]


def options_for(namespace: str, kube_version: str, *, skip_schema_validation: bool) -> Options:
    """The options of a lint; Malformed for a version that is none."""
    return Options(
        release=Release(namespace=namespace),
        capabilities=Capabilities.assumed(kube_version),
        skip_schema_validation=skip_schema_validation,
    )
