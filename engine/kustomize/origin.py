"""Where an object came from, as `buildMetadata` writes it into annotations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any, NamedTuple

from engine import yaml
from engine.kustomize.nodes import written
from engine.kustomize.resource import Resource

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"


class Origin(NamedTuple):
    """A file, or the kustomization file and plugin that made or changed an object."""

    path: str = ""
    configured_in: str = ""
    api_version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""

    def joined(self, path: str) -> Origin:
        """This place and a path below it."""
        return self._replace(path=posixpath.normpath(posixpath.join(self.path, path)))

    def configured(self, file: str, kind: str) -> Origin:
        """A builtin that the kustomization file here configures."""
        return Origin(
            configured_in=posixpath.normpath(posixpath.join(self.path, file)), api_version="builtin", kind=kind
        )

    def text(self) -> str:
        """The YAML of one origin, fields in kustomize's order."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> list[str]:
        lines = []
        if self.path:
            lines.append(f"path: {_scalar(self.path)}")
        if self.configured_in:
            lines.append(f"configuredIn: {_scalar(self.configured_in)}")
        by: dict[str, Any] = {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "name": self.name,
            "namespace": self.namespace,
        }
        if any(by.values()):
            lines.append("configuredBy:")
            lines.extend(f"  {key}: {_scalar(value)}" for key, value in by.items() if value)
        return lines


def set_origin(resource: Resource, origin: Origin) -> None:
    """Note where an object came from."""
    resource.set_strings("annotations", {**resource.strings("annotations"), ORIGIN: origin.text()})


def origin_path(resource: Resource) -> str:
    """The file that an object came from, or ""."""
    noted = yaml.load(written(resource.annotations.get(ORIGIN)))
    return str(noted.get("path", "")) if isinstance(noted, dict) else ""


def record(resources: Iterable[Resource], origin: Origin) -> None:
    """Note on every resource that a transformer has run; one without origin counts as made by it."""
    item = "- " + origin.text().removesuffix("\n").replace("\n", "\n  ") + "\n"
    for resource in resources:
        annotations = resource.strings("annotations")
        if ORIGIN in annotations:
            annotations[TRANSFORMATIONS] = annotations.get(TRANSFORMATIONS, "") + item
            resource.set_strings("annotations", annotations)
        else:
            set_origin(resource, origin)


def _scalar(value: str) -> str:
    return yaml.dump(value).removesuffix("\n")
