"""A rendered file becomes documents, and documents become manifests and hooks (engines.md C4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine import yaml
from engine.helm.chart.structs import as_text, by_field
from engine.helm.errors import ChartError
from engine.helm.gotext import trim_left, trim_space
from engine.helm.order import install_order

HOOK: Final = "helm.sh/hook"
WEIGHT: Final = "helm.sh/hook-weight"
DELETE_POLICY: Final = "helm.sh/hook-delete-policy"
OUTPUT_LOG_POLICY: Final = "helm.sh/hook-output-log-policy"
_EVENTS: Final = frozenset(
    ("pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback",
     "post-rollback", "test")
)  # fmt: skip
_ALSO: Final = {"test-success": "test"}
#: RE2's \s, which is less than Python's.
_BLANK: Final = "\t\n\f\r "
_WEIGHT: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document of a template: an object to install."""

    path: str
    """The template's name, from the root chart's name on: what `# Source:` says."""
    content: str
    api_version: str = ""
    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """One document that runs at certain moments of a release instead of being part of it."""

    name: str
    kind: str
    path: str
    manifest: str
    events: tuple[str, ...]
    weight: int = 0
    delete_policies: tuple[str, ...] = ()
    output_log_policies: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether `helm test` runs it."""
        return "test" in self.events


def split_documents(text: str) -> Iterator[str]:
    """The documents between lines that start with `---`, whatever follows on that line; blank ones are dropped."""
    text = trim_left(text)
    at = _content(text, 3) if text.startswith("---") else 0
    while True:
        end = text.find("\n---", at)
        document = text[at:] if end < 0 else text[at:end].rstrip(_BLANK)
        if document := trim_left(document):
            yield document
        if end < 0:
            return
        at = _content(text, end + 4)


def _content(text: str, at: int) -> int:
    """Where content starts behind a separator: after all blanks, so that a second `---` right there is content."""
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def sort_manifests(files: Mapping[str, str]) -> tuple[list[Manifest], list[Hook]]:
    """Rendered templates as manifests and hooks, each in the order of installation; ChartError names the file."""
    manifests: list[Manifest] = []
    hooks: list[Hook] = []
    for path in sorted(files):
        if path.rpartition("/")[2].startswith("_") or not trim_space(files[path]):
            continue
        for document in split_documents(files[path]):
            head = _head(path, document)
            events = head.annotations.get(HOOK)
            if events is None:
                manifests.append(Manifest(path, document, head.api_version, head.kind, head.name))
            else:
                hooks += _hook(path, document, head, events)
    manifests.sort(key=lambda manifest: install_order(manifest.kind))
    hooks.sort(key=lambda hook: install_order(hook.kind))
    return manifests, hooks


@dataclass(frozen=True, slots=True)
class _Head:
    api_version: str = ""
    kind: str = ""
    name: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def _hook(path: str, document: str, head: _Head, events: str) -> Iterator[Hook]:
    """The hook, unless it is for an event that nobody knows: Helm drops it then."""
    named = [_ALSO.get(event, event) for event in _words(events)]
    if _EVENTS.issuperset(named):
        yield Hook(
            head.name,
            head.kind,
            path,
            document,
            tuple(named),
            _weight(head.annotations.get(WEIGHT, "")),
            tuple(_words(head.annotations.get(DELETE_POLICY))),
            tuple(_words(head.annotations.get(OUTPUT_LOG_POLICY))),
        )


def _words(text: str | None) -> list[str]:
    return [] if text is None else [trim_space(word).lower() for word in text.split(",")]


def _weight(text: str) -> int:
    """A weight that is no number counts as 0."""
    return int(text) if _WEIGHT.fullmatch(text) and int(text) in _INT64 else 0


def _head(path: str, document: str) -> _Head:
    try:
        content = yaml.load_first(document)
    except yaml.YAMLError as error:
        raise ChartError(f"YAML parse error on {path}: {error.problem}{_at(error)}", path=path) from error
    if content is None:
        return _Head()
    head = _fields(path, "the document", content, ("apiVersion", "kind", "metadata"))
    metadata = _fields(path, "metadata", head.get("metadata", {}), ("name", "annotations"))
    annotations = metadata.get("annotations", {})
    if not isinstance(annotations, dict):
        raise _unexpected(path, "annotations", "a mapping")
    return _Head(
        _string(path, head, "apiVersion"),
        _string(path, head, "kind"),
        _string(path, metadata, "name"),
        {key: _string(path, annotations, key) for key in annotations},
    )


def _at(error: yaml.YAMLError) -> str:
    return f" (line {error.line} of the rendered document)" if error.line else ""


def _fields(path: str, what: str, content: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise _unexpected(path, what, "a mapping")
    return {name: value for name, (_key, value) in by_field(content, names).items()}


def _string(path: str, content: Mapping[str, Any], key: str) -> str:
    """A string field; numbers and booleans are taken as they are written."""
    value = content.get(key)
    text = "" if value is None else as_text(value)
    if text is None:
        raise _unexpected(path, key, "a string")
    return text


def _unexpected(path: str, what: str, wanted: str) -> ChartError:
    return ChartError(f"YAML parse error on {path}: {what} is not {wanted}", path=path)
