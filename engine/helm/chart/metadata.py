"""Chart.yaml and requirements.yaml: read as Go reads them into structs, and judged as Helm judges them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from engine.errors import Malformed
from engine.helm.chart import versions
from engine.helm.chart.structs import as_text, by_field, kind_of
from engine.helm.errors import ChartError
from engine.helm.gotext import SPACE

V1: Final = "v1"
V2: Final = "v2"
_TYPES: Final = ("", "application", "library")
_ALIAS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@dataclass(frozen=True, slots=True)
class Maintainer:
    """Who looks after a chart."""

    name: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A chart that another one asks for; `enabled` is decided by conditions and tags."""

    name: str = ""
    version: str = ""
    repository: str = ""
    condition: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = False
    import_values: tuple[Any, ...] = ()
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Chart.yaml. `dependencies` is None when it says nothing of any, which is not the same as none."""

    name: str = ""
    home: str = ""
    sources: tuple[str, ...] = ()
    version: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    maintainers: tuple[Maintainer | None, ...] = ()
    icon: str = ""
    api_version: str = ""
    condition: str = ""
    tags: str = ""
    app_version: str = ""
    deprecated: bool = False
    annotations: Mapping[str, str] | None = None
    kube_version: str = ""
    dependencies: tuple[Dependency | None, ...] | None = None
    type: str = ""

    @property
    def required(self) -> tuple[Dependency, ...]:
        """The dependencies without empty entries (`validated` refuses those)."""
        return tuple(dependency for dependency in self.dependencies or () if dependency is not None)


#: YAML's names where they are not the attribute's own.
_YAML_NAMES: Final = {
    "api_version": "apiVersion",
    "app_version": "appVersion",
    "kube_version": "kubeVersion",
    "import_values": "import-values",
}


def read(content: Any, *, onto: Metadata | None = None, file: str = "Chart.yaml") -> Metadata:
    """Metadata from what the YAML says, laid over what is there; ChartError names file and field."""
    if content is None:
        return onto or Metadata()
    if not isinstance(content, dict):
        raise ChartError(f"cannot load {file}: it is {kind_of(content)} where fields are expected", path=file)
    metadata: Metadata = _struct(onto or Metadata(), content, file, "")
    return metadata


def unknown_field(content: Any) -> str:
    """The first key, in order of bytes, that Helm has no field for, nested ones included; "" when there is none."""
    return next(_unknown(Metadata(), content), "")


_INSIDE: Final = {"maintainers": Maintainer(), "dependencies": Dependency()}


def _unknown(into: Any, content: Any) -> Iterator[str]:
    if not isinstance(content, dict):
        return
    folded = {name.lower(): attribute for name, attribute in _names(into).items()}
    for key in sorted(content):
        attribute = folded.get(key.lower())
        if attribute is None:
            yield key
        elif attribute in _INSIDE:
            for item in content[key] or ():
                yield from _unknown(_INSIDE[attribute], item)


def _names(into: Any) -> dict[str, str]:
    """The attributes of a struct by their names in YAML."""
    return {_YAML_NAMES.get(each.name, each.name): each.name for each in fields(into)}


def _struct(into: Any, content: Mapping[str, Any], file: str, where: str) -> Any:
    names = _names(into)
    found = {
        names[name]: _READERS[names[name]](value, file, f"{where}{key}")
        for name, (key, value) in by_field(content, names).items()
    }
    return replace(into, **found)


def _text(value: Any, file: str, where: str) -> str:
    text = as_text(value)
    if text is None:
        raise _wrong(value, "a string", file, where)
    return text


def _texts(value: Any, file: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(value, "a list of strings", file, where)
    return tuple("" if item is None else _text(item, file, where) for item in value)


def _flag(value: Any, file: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, "a boolean", file, where)
    return value


def _anything(value: Any, file: str, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(value, "a list", file, where)
    return tuple(value)


def _annotations(value: Any, file: str, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(value, "a mapping of strings", file, where)
    return {key: "" if item is None else _text(item, file, f"{where}.{key}") for key, item in value.items()}


def _structs(empty: Any) -> Callable[[Any, str, str], tuple[Any, ...]]:
    def read_all(value: Any, file: str, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or any(item is not None and not isinstance(item, dict) for item in value):
            raise _wrong(value, "a list of mappings", file, where)
        return tuple(None if item is None else _struct(empty, item, file, f"{where}.") for item in value)

    return read_all


def _tags(value: Any, file: str, where: str) -> Any:
    # A chart's own tags are one string, a dependency's are a list.
    return _texts(value, file, where) if where.startswith("dependencies") else _text(value, file, where)


_READERS: Final[dict[str, Callable[[Any, str, str], Any]]] = {
    **dict.fromkeys(
        ("name", "home", "version", "description", "icon", "api_version", "condition", "app_version", "kube_version",
         "type", "email", "url", "repository", "alias"), _text),
    "sources": _texts,
    "keywords": _texts,
    "maintainers": _structs(Maintainer()),
    "tags": _tags,
    "deprecated": _flag,
    "enabled": _flag,
    "annotations": _annotations,
    "dependencies": _structs(Dependency()),
    "import_values": _anything,
}  # fmt: skip


def _wrong(value: Any, wanted: str, file: str, where: str) -> ChartError:
    return ChartError(f"cannot load {file}: {where} is {kind_of(value)} where {wanted} is expected", path=file)


# --- judging -----------------------------------------------------------------------------------------------

_CLEANED: Final = ("name", "description", "home", "icon", "condition", "tags", "app_version", "kube_version")


def validated(metadata: Metadata) -> Metadata:
    """The metadata with strings made printable; ChartError (validation: …) when Helm would refuse it."""
    cleaned: dict[str, Any] = {name: _printable(getattr(metadata, name)) for name in _CLEANED}
    clean = replace(
        metadata,
        **cleaned,
        sources=tuple(map(_printable, metadata.sources)),
        keywords=tuple(map(_printable, metadata.keywords)),
    )
    _check(clean)
    maintainers = []
    for maintainer in clean.maintainers:
        if maintainer is None:
            raise _invalid("maintainers must not contain empty or null nodes", clean)
        maintainers.append(
            Maintainer(_printable(maintainer.name), _printable(maintainer.email), _printable(maintainer.url))
        )
    if clean.dependencies is None:
        return replace(clean, maintainers=tuple(maintainers))
    return replace(clean, maintainers=tuple(maintainers), dependencies=_dependencies(clean))


def _check(metadata: Metadata) -> None:
    if not metadata.api_version:
        raise _invalid("chart.metadata.apiVersion is required", metadata)
    if not metadata.name:
        raise _invalid("chart.metadata.name is required", metadata)
    if metadata.name in (".", ".."):
        raise _invalid(f'chart.metadata.name "{metadata.name}" is not allowed', metadata)
    if "/" in metadata.name:
        raise _invalid(f'chart.metadata.name "{metadata.name}" is invalid', metadata)
    if not metadata.version:
        raise _invalid("chart.metadata.version is required", metadata)
    if not versions.is_version(metadata.version):
        raise _invalid(f'chart.metadata.version "{metadata.version}" is invalid', metadata)
    if metadata.type not in _TYPES:
        raise _invalid("chart.metadata.type must be application or library", metadata)


def _dependencies(metadata: Metadata) -> tuple[Dependency, ...]:
    seen: set[str] = set()
    clean = []
    for dependency in metadata.dependencies or ():
        if dependency is None:
            raise _invalid("dependencies must not contain empty or null nodes", metadata)
        if not _ALIAS.issuperset(dependency.alias):
            raise _invalid(f'dependency "{dependency.name}" has disallowed characters in the alias', metadata)
        dependency = replace(
            dependency,
            name=_printable(dependency.name),
            version=_printable(dependency.version),
            repository=_printable(dependency.repository),
            condition=_printable(dependency.condition),
            tags=tuple(map(_printable, dependency.tags)),
        )
        key = dependency.alias or dependency.name
        if key in seen:
            raise _invalid(f'more than one dependency with name or alias "{key}"', metadata)
        seen.add(key)
        clean.append(dependency)
    return tuple(clean)


def _invalid(message: str, metadata: Metadata) -> Malformed:
    return ChartError(f"validation: {message}", chart=metadata.name, path="Chart.yaml", fix="correct Chart.yaml")


def _printable(text: str) -> str:
    """Every kind of space becomes a blank, what cannot be printed goes."""
    if text.isascii() and text.isprintable():
        return text
    out = []
    for char in text:
        if char in SPACE:
            out.append(" ")
        elif unicodedata.category(char)[0] in "LMNPS":
            out.append(char)
    return "".join(out)
