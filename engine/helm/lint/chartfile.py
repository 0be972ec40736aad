"""The rules of Chart.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from engine import yaml
from engine.errors import EngineError
from engine.helm.chart import metadata as meta
from engine.helm.chart.metadata import Metadata
from engine.helm.chart.versions import is_compatible, is_strict_version, is_version
from engine.helm.lint.addresses import is_email, is_request_url, is_url
from engine.helm.lint.finding import Finding, Severity
from engine.helm.lint.place import Subject
from engine.helm.template.quote import quote

NAME: Final = "Chart.yaml"
_STRICTLY: Final = "failed to strictly parse chart metadata file\n\t"


def rules(subject: Subject) -> Iterator[Finding]:
    """Its form, then its fields."""
    place = subject.place
    if place.is_dir(NAME):
        yield Finding(Severity.ERROR, NAME, "should be a file, not a directory")
    try:
        text = place.read(NAME)
        content = yaml.load_first(text)
        metadata = meta.read(content)
    except EngineError as error:
        yield Finding(Severity.ERROR, NAME, f"unable to parse YAML\n\t{error.message}")
        return
    if problem := _strictly(text, content):
        yield Finding(Severity.WARNING, NAME, _STRICTLY + problem)
    for severity, judge in _RULES:
        for message in judge(metadata, content or {}):
            yield Finding(severity, NAME, message)


def _strictly(text: bytes, content: Any) -> str:
    """What a strict reader refuses: a key twice, else the first key that is no field."""
    try:
        yaml.load_all(text, name=NAME)
    except EngineError as error:
        return f"error converting YAML to JSON: {error.message}"
    unknown = meta.unknown_field(content)
    return f'error unmarshaling JSON: while decoding JSON: json: unknown field "{unknown}"' if unknown else ""


def _name(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.name:
        yield "name is required"
    elif "/" in metadata.name:
        yield f"chart name {quote(metadata.name)} is invalid"


def _api_version(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    either = 'The value must be either "v1" or "v2"'
    if not metadata.api_version:
        yield f"apiVersion is required. {either}"
    elif metadata.api_version not in (meta.V1, meta.V2):
        yield f"apiVersion '{metadata.api_version}' is not valid. {either}"


def _is_string(key: str) -> Callable[[Metadata, Mapping[str, Any]], Iterator[str]]:
    def judge(_metadata: Metadata, content: Mapping[str, Any]) -> Iterator[str]:
        if key in content and not isinstance(content[key], str):
            kind = {bool: "bool", type(None): "<nil>"}.get(type(content[key]), "float64")
            yield f"{key} should be of type string but it's of type {kind}"

    return judge


def _version(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.version:
        yield "version is required"
    elif not is_version(metadata.version):
        yield f"version '{metadata.version}' is not a valid SemVer"
    elif not is_compatible(">0.0.0-0", metadata.version):
        yield f'version {quote(metadata.version)} is less than or equal to "0.0.0-0"'


def _strict_version(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not is_strict_version(metadata.version):
        yield f"version '{metadata.version}' is not a valid SemVerV2"


def _maintainers(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    """The first thing that is wrong with any of them."""
    for each in metadata.maintainers:
        if each is None:
            yield "a maintainer entry is empty"
        elif not each.name:
            yield "each maintainer requires a name"
        elif each.email and not is_email(each.email):
            yield f"invalid email '{each.email}' for maintainer '{each.name}'"
        elif each.url and not is_url(each.url):
            yield f"invalid url '{each.url}' for maintainer '{each.name}'"
        else:
            continue
        return


def _sources(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    wrong = [url for url in metadata.sources if not is_request_url(url)]
    yield from (f"invalid source URL '{url}'" for url in wrong[:1])


def _icon(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if not metadata.icon:
        yield "icon is recommended"


def _icon_url(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    if metadata.icon and not is_request_url(metadata.icon):
        yield f"invalid icon URL '{metadata.icon}'"


def _type(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    version = metadata.api_version
    if metadata.type and version != meta.V2:
        yield f"chart type is not valid in apiVersion '{version}'. It is valid in apiVersion 'v2'"


def _dependencies(metadata: Metadata, _content: Mapping[str, Any]) -> Iterator[str]:
    version = metadata.api_version
    if metadata.dependencies and version != meta.V2:
        where = f"dependencies are not valid in the Chart file with apiVersion '{version}'"
        yield f"{where}. They are valid in apiVersion 'v2'"


_RULES: Final[tuple[tuple[Severity, Callable[[Metadata, Mapping[str, Any]], Iterator[str]]], ...]] = (
    (Severity.ERROR, _name),
    (Severity.ERROR, _api_version),
    (Severity.ERROR, _is_string("version")),
    (Severity.ERROR, _version),
    (Severity.ERROR, _is_string("appVersion")),
    (Severity.ERROR, _maintainers),
    (Severity.ERROR, _sources),
    (Severity.INFO, _icon),
    (Severity.ERROR, _icon_url),
    (Severity.ERROR, _type),
    (Severity.ERROR, _dependencies),
    (Severity.WARNING, _strict_version),
)
