"""What `helm lint` says of a chart: errors that keep it from being installed, warnings and hints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final
from urllib.parse import urlsplit

from engine import yaml
from engine.errors import EngineError
from engine.helm.capabilities import Capabilities
from engine.helm.chart import File, load_files
from engine.helm.chart import metadata as meta
from engine.helm.chart.metadata import Metadata
from engine.helm.chart.model import Chart
from engine.helm.chart.versions import is_compatible, is_strict_version, is_version
from engine.helm.deprecations import deprecation
from engine.helm.gotext import SPACE, trim_space
from engine.helm.render import Options, Release, execute, prepare
from engine.helm.values.coalesce import coalesce_tables
from engine.helm.values.files import Values, copy_values, load_values
from engine.helm.values.schema import check


class Severity(IntEnum):
    """How bad it is."""

    INFO = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one file."""

    severity: Severity
    path: str
    message: str

    def __str__(self) -> str:
        return f"[{self.severity.name}] {self.path}: {self.message}"


def lint(files: Iterable[File], values: Mapping[str, Any], options: Options) -> list[Finding]:
    """Everything that is to be said of a chart's files, in helm's order."""
    by_name = {file.name: file for file in files}
    linter = _Linter(by_name, dict(values), options)
    linter.chart_file()
    linter.values_file()
    linter.templates()
    linter.dependencies()
    linter.crds()
    return linter.found


class _Linter:
    def __init__(self, files: Mapping[str, File], values: Values, options: Options) -> None:
        self.found: list[Finding] = []
        self._files = files
        self._values = values
        release = replace(options.release, name="test-release", revision=0, is_install=False)
        self._options = replace(options, release=release, lint=True)
        self._chart: Chart | None = None
        self._problem = ""
        try:
            self._chart = load_files(files.values())
        except EngineError as error:
            self._problem = error.message

    def _say(self, severity: Severity, path: str, message: str) -> None:
        self.found.append(Finding(severity, path, message))

    # --- Chart.yaml ---

    def chart_file(self) -> None:
        """Its form, then its fields."""
        name = "Chart.yaml"
        try:
            content = yaml.load(self._files[name].data, unique_keys=False, name=name) if name in self._files else None
            metadata = meta.read(content)
        except EngineError as error:
            self._say(Severity.ERROR, name, f"unable to parse YAML\n\t{error.message}")
            return
        for unknown in meta.unknown_fields(content):
            message = (
                f'failed to strictly parse chart metadata file\n\terror unmarshaling JSON: unknown field "{unknown}"'
            )
            self._say(Severity.WARNING, name, message)
        for severity, judge in _CHART_RULES:
            for message in judge(metadata, content or {}):
                self._say(severity, name, message)

    # --- values.yaml ---

    def values_file(self) -> None:
        """Whether it can be read, and meets the chart's schema with the given values on top."""
        name = "values.yaml"
        if name not in self._files:
            self._say(Severity.INFO, name, "file does not exist")
            return
        try:
            values = coalesce_tables(copy_values(self._values), load_values(self._files[name].data))
            schema = self._files.get("values.schema.json")
            if schema is not None and not self._options.skip_schema_validation:
                for problem in check(name, schema.data, values):
                    self._say(Severity.ERROR, name, problem)
        except EngineError as error:
            self._say(Severity.ERROR, name, f"unable to parse YAML: {error.message}")

    # --- templates/ ---

    def templates(self) -> None:
        """Whether the chart renders, and each rendered file is what it should be."""
        if not any(name.startswith("templates/") for name in self._files):
            self._say(Severity.WARNING, "templates/", "directory does not exist")
            return
        if self._chart is None:
            self._say(Severity.ERROR, "templates/", self._problem)
            return
        try:
            prepared = prepare(self._chart, self._values, self._options)
            rendered = execute(prepared, self._options)
        except EngineError as error:
            self._say(Severity.ERROR, "templates/", error.message)
            return
        for file in self._chart.templates:
            if not file.name.endswith((".yaml", ".yml", ".tpl", ".txt")):
                ending = re.search(r"\.[^./]*$", file.name)
                shown = ending.group() if ending else ""
                self._say(
                    Severity.ERROR,
                    file.name,
                    f"file extension '{shown}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt",
                )
            if file.name.lower().endswith((".yaml", ".yml")):
                text = rendered.get(f"{prepared.chart.name}/{file.name}", "")
                if trim_space(text) and not self._manifests(file.name, text):
                    return

    def _manifests(self, name: str, text: str) -> bool:
        first = next(line for line in text.splitlines() if trim_space(line))
        if first.startswith((" ", "\t")):
            self._say(
                Severity.WARNING,
                name,
                f'document starts with an illegal indent: "{first}", which may cause parsing problems',
            )
        try:
            documents = yaml.load_all(text, unique_keys=False)
        except EngineError as error:
            self._say(Severity.ERROR, name, f"unable to parse YAML: {error.message}")
            return False
        for document in documents:
            if not isinstance(document, dict):
                self._say(Severity.ERROR, name, "unable to parse YAML: the document is not a mapping")
                return False
            for severity, message in self._object(document, text):
                self._say(severity, name, message)
        return True

    def _object(self, document: Mapping[str, Any], text: str) -> Iterator[tuple[Severity, str]]:
        kind, api_version = str(document.get("kind") or ""), str(document.get("apiVersion") or "")
        metadata = document.get("metadata")
        name = str(metadata.get("name") or "") if isinstance(metadata, dict) else ""
        for problem in _name_problems(kind, name):
            yield (
                Severity.WARNING,
                f'{_NAMING}: "{name}": metadata.name: Invalid value: "{name}": {problem}',
            )
        minor = int(self._options.capabilities.kube_version.minor)
        if old := deprecation(api_version, kind, minor):
            yield Severity.WARNING, old.sentence(api_version, kind)
        selects = "matchLabels" in text or "matchExpressions" in text
        if kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet") and not selects:
            yield Severity.ERROR, f'a {kind} must contain matchLabels or matchExpressions, and "{name}" does not'
        items = document.get("items")
        if kind == "List" and isinstance(items, list) and any(map(_keeps, items)):
            yield Severity.ERROR, "annotation 'helm.sh/resource-policy' within List objects are ignored"

    # --- charts/ and crds/ ---

    def dependencies(self) -> None:
        """Chart.yaml and charts/ name the same."""
        if self._chart is None:
            self._say(Severity.ERROR, "", f"unable to load chart\n\t{self._problem}")
            return
        here = [child.name for child in self._chart.dependencies]
        declared = [each.name for each in self._chart.metadata.required]
        if undeclared := [name for name in here if name not in declared]:
            message = f"chart metadata is missing these dependencies: {','.join(undeclared)}"
            self._say(Severity.ERROR, self._chart.name, message)
        if missing := [name for name in declared if name not in here]:
            message = f"chart directory is missing these dependencies: {','.join(missing)}"
            self._say(Severity.WARNING, self._chart.name, message)

    def crds(self) -> None:
        """Files in crds/ are CustomResourceDefinitions and no templates."""
        for crd in self._chart.crds() if self._chart is not None else ():
            try:
                documents = yaml.load_all(crd.data, unique_keys=False)
            except EngineError as error:
                self._say(Severity.ERROR, crd.name, f"unable to parse YAML: {error.message}")
                return
            for document in documents:
                content = document if isinstance(document, dict) else {}
                if not str(content.get("apiVersion") or "").startswith("apiextensions.k8s.io"):
                    self._say(Severity.ERROR, crd.name, "apiVersion is not in 'apiextensions.k8s.io'")
                if content.get("kind") != "CustomResourceDefinition":
                    self._say(Severity.ERROR, crd.name, "object kind is not 'CustomResourceDefinition'")


# --- the rules of Chart.yaml -----------------------------------------------------------------------------------

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def _is_url(text: str) -> bool:
    """Whether it names a scheme and a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and not any(char in SPACE for char in text)


def _name(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.name:
        yield "name is required"
    elif "/" in metadata.name:
        yield f'chart name "{metadata.name}" is invalid'


def _api_version(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.api_version:
        yield 'apiVersion is required. The value must be either "v1" or "v2"'
    elif metadata.api_version not in ("v1", "v2"):
        yield f'apiVersion \'{metadata.api_version}\' is not valid. The value must be either "v1" or "v2"'


def _strings(_metadata: Metadata, content: Mapping[str, Any]) -> Iterator[str]:
    for key in ("version", "appVersion"):
        if key in content and not isinstance(content[key], str):
            kind = {bool: "bool", type(None): "<nil>"}.get(type(content[key]), "float64")
            yield f"{key} should be of type string but it's of type {kind}"


def _version(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.version:
        yield "version is required"
    elif not is_version(metadata.version):
        yield f"version '{metadata.version}' is not a valid SemVer"
    elif not is_compatible(">0.0.0-0", metadata.version):
        yield f"version {metadata.version} is less than or equal to 0.0.0-0"


def _strict_version(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not is_strict_version(metadata.version):
        yield f"version '{metadata.version}' is not a valid SemVerV2"


def _maintainers(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    for each in metadata.maintainers:
        if each is None:
            yield "a maintainer entry is empty"
        elif not each.name:
            yield "each maintainer requires a name"
        elif each.email and not _EMAIL.fullmatch(each.email):
            yield f"invalid email '{each.email}' for maintainer '{each.name}'"
        elif each.url and not _is_url(each.url):
            yield f"invalid url '{each.url}' for maintainer '{each.name}'"
        else:
            continue
        return


def _sources(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    for url in metadata.sources:
        if not _is_url(url):
            yield f"invalid source URL '{url}'"
            return


def _icon(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.icon:
        yield "icon is recommended"


def _icon_url(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if metadata.icon and not _is_url(metadata.icon):
        yield f"invalid icon URL '{metadata.icon}'"


def _only_v2(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    version = metadata.api_version
    if metadata.type and version != "v2":
        yield f"chart type is not valid in apiVersion '{version}'. It is valid in apiVersion 'v2'"
    if metadata.dependencies and version != "v2":
        yield (
            f"dependencies are not valid in the Chart file with apiVersion '{version}'. "
            "They are valid in apiVersion 'v2'"
        )


_CHART_RULES: Final[tuple[tuple[Severity, Callable[[Metadata, Mapping[str, Any]], Iterator[str]]], ...]] = (
    (Severity.ERROR, _name),
    (Severity.ERROR, _api_version),
    (Severity.ERROR, _strings),
    (Severity.ERROR, _version),
    (Severity.ERROR, _maintainers),
    (Severity.ERROR, _sources),
    (Severity.INFO, _icon),
    (Severity.ERROR, _icon_url),
    (Severity.ERROR, _only_v2),
    (Severity.WARNING, _strict_version),
)

# --- the rules of objects --------------------------------------------------------------------------------------

_NAMING: Final = "object name does not conform to Kubernetes naming requirements"
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character"
)
_LABEL_1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)


def _name_problems(kind: str, name: str) -> Iterator[str]:
    kind = kind.lower()
    if kind == "certificatesigningrequest":
        return
    if kind in ("role", "clusterrole", "rolebinding", "clusterrolebinding"):
        if name in (".", ".."):
            yield f"may not be '{name}'"
        for char in "/%":
            if char in name:
                yield f"may not contain '{char}'"
        return
    pattern, text, longest = {
        "service": (_LABEL_1035, _LABEL_1035_TEXT, 63),
        "namespace": (_LABEL, _LABEL_TEXT, 63),
    }.get(kind, (_SUBDOMAIN, _SUBDOMAIN_TEXT, 253))
    if len(name) > longest:
        yield f"must be no more than {longest} bytes"
    if not pattern.fullmatch(name):
        yield text


def _keeps(item: Any) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and "helm.sh/resource-policy" in annotations


def options_for(namespace: str, kube_version: str, *, skip_schema_validation: bool) -> Options:
    """The options of a lint; Malformed for a version that is none."""
    return Options(
        release=Release(namespace=namespace),
        capabilities=Capabilities.assumed(kube_version),
        skip_schema_validation=skip_schema_validation,
    )
