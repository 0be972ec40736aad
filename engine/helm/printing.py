"""What `helm template` prints, and the files that it writes with --output-dir."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.errors import NotFound
from engine.helm.chart.gomatch import BadPattern, path_match
from engine.helm.errors import ChartError
from engine.helm.gotext import decode, trim_space
from engine.helm.render import Rendered, source
from engine.helm.split import Hook, split_documents

_SOURCE: Final = re.compile("# Source: [^/\n]+/(.+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a rendered chart is printed."""

    include_crds: bool = False
    hooks: bool = True
    tests: bool = True
    show_only: tuple[str, ...] = ()

    def chosen(self, hooks: Iterable[Hook]) -> list[Hook]:
        """The hooks that are printed."""
        return [hook for hook in hooks if self.hooks and (self.tests or not hook.is_test)]


def template_text(rendered: Rendered, shown: Shown = Shown()) -> str:
    """The whole output, byte for byte; NotFound when --show-only names a template that printed nothing."""
    body = trim_space(rendered.manifest(include_crds=shown.include_crds))
    text = body + "\n" + "".join(source(hook.path, hook.manifest) for hook in shown.chosen(rendered.hooks))
    return "".join(f"---\n{document}\n" for document in _only(text, shown.show_only)) if shown.show_only else text


def _only(text: str, patterns: Iterable[str]) -> list[str]:
    """The documents of the templates that these patterns name, in the patterns' order."""
    named = [(match.group(1), document) for document in split_documents(text) if (match := _SOURCE.search(document))]
    found = []
    for pattern in patterns:
        matches = _matcher(pattern)
        chosen = [document for name, document in named if matches(name)]
        if not chosen:
            raise NotFound(f"could not find template {pattern} in chart", fix="name it as templates/deployment.yaml")
        found += chosen
    return found


def _matcher(pattern: str) -> Callable[[str], bool]:
    try:
        return path_match(pattern)
    except BadPattern:
        return lambda _name: False


@dataclass(frozen=True, slots=True)
class Output:
    """One document that --output-dir writes; `path` starts with the root chart's name."""

    path: str
    text: str
    is_crd: bool = False


def output_documents(rendered: Rendered, shown: Shown) -> Iterator[Output]:
    """What --output-dir writes, in the order of writing; several documents of a file come one by one."""
    for crd in rendered.crds if shown.include_crds else ():
        yield Output(_inside(crd.filename), source(crd.filename, decode(crd.data)), is_crd=True)
    for manifest in rendered.manifests:
        yield Output(_inside(manifest.path), source(manifest.path, manifest.content))
    for hook in shown.chosen(rendered.hooks):
        yield Output(_inside(hook.path), source(hook.path, hook.manifest))


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ChartError(f"the template {path} would be written outside the folder", path=path)
    return path
