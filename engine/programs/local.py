"""Local directories that stand for a Kustomization's source: which one, and which of its files count (flux.md B.5)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine import errors
from engine.kube.types import Object
from engine.kustomize import DirectoryTree, OverlayTree, Tree, generate
from engine.programs.common import Options
from engine.source.ignore import CI, EXTENSIONS, EXTRA, IGNORE_FILE, MAX_PATTERNS, VCS, Pattern, Rules, parse

MAX_FILES: Final = 50_000
MAX_BYTES: Final = 256 * 2**20


def folder_of(options: Options, spec_path: str) -> Path:
    """--path, else the Kustomization's path below the working directory."""
    given = options.get("path")
    folder = Path(given) if given else Path(spec_path.lstrip("/") or ".")
    if not folder.is_dir():
        raise errors.NotFound(f"{folder} is no directory", fix="say where the files are: --path DIR")
    return folder.resolve()


def sources_of(options: Options) -> dict[str, Path]:
    """--local-sources: a directory by `Kind/namespace/name`."""
    found = {}
    for entry in listed(options.get("local_sources")):
        source, equals, folder = entry.partition("=")
        if not equals or source.count("/") not in (1, 2) or not folder:
            raise errors.Refused(
                f'--local-sources "{entry}" names no source', fix="write Kind/namespace/name=DIR, separated by commas"
            )
        if not Path(folder).is_dir():
            raise errors.NotFound(f"--local-sources {source}: {folder} is no directory")
        found[source] = Path(folder).resolve()
    return found


def listed(values: Sequence[str] | None) -> list[str]:
    """A flag that may be repeated and takes commas."""
    return [part for value in values or () for part in value.split(",") if part]


def folder_below(sources: Mapping[str, Path], obj: Object) -> Path:
    """Where the files of a Kustomization lie that another one made."""
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    reference = spec.get("sourceRef") or {}
    namespace = reference.get("namespace") or metadata.get("namespace")
    source = "/".join(str(part) for part in (reference.get("kind"), namespace, reference.get("name")) if part)
    if source not in sources:
        raise errors.NotFound(
            f"cannot get local path for {source} of kustomization {metadata.get('name')}",
            fix=f"say where it is: --local-sources {source}=DIR",
        )
    folder = sources[source] / str(spec.get("path") or "").lstrip("/")
    if not folder.resolve().is_relative_to(sources[source]):
        raise errors.Malformed(f"spec.path of kustomization {metadata.get('name')} leaves {sources[source]}")
    if not folder.is_dir():
        raise errors.NotFound(f"{folder} is no directory", fix=f"correct spec.path of {metadata.get('name')}")
    return folder.resolve()


def tree_of(folder: Path, ignored: Sequence[str]) -> tuple[Tree, str]:
    """The whole file system (bases may lie anywhere) and the directory in it, without what is ignored there."""
    tree = DirectoryTree(Path(folder.anchor))
    path = folder.relative_to(folder.anchor).as_posix()
    return OverlayTree(tree, _kept(tree, path, folder, ignored)), path


def files_of(folder: Path, ignored: Sequence[str]) -> tuple[dict[str, bytes], str]:
    """The files of the repository that a directory is in (else of the directory), and the directory's path in them."""
    root = next((up for up in (folder, *folder.parents) if (up / ".git").exists()), folder)
    files: dict[str, bytes] = {}
    size = 0
    for path in _regular(root):
        content = path.read_bytes()
        size += len(content)
        files[path.relative_to(root).as_posix()] = content
        if len(files) > MAX_FILES or size > MAX_BYTES:
            raise errors.LimitExceeded(f"{root} holds more than {MAX_FILES} files or {MAX_BYTES} bytes")
    path_inside = folder.relative_to(root).as_posix()
    return files | _kept(DirectoryTree(root), path_inside, folder, ignored), path_inside


def _kept(tree: Tree, path: str, folder: Path, ignored: Sequence[str]) -> dict[str, bytes]:
    """The kustomization file that names only what is not ignored."""
    return dict(generate(tree, path, {}, ignored=_ignores(folder, ignored)).files)


def _ignores(folder: Path, ignored: Sequence[str]) -> Callable[[str, bool], bool]:
    """Whether a path below the folder is ignored: by .sourceignore files in it, by --ignore-paths, by default."""
    patterns: list[Pattern] = parse("\n".join(VCS + EXTENSIONS + CI + EXTRA))
    for place, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != ".git")
        if IGNORE_FILE in files:
            scope = Path(place).relative_to(folder).parts
            patterns += parse((Path(place) / IGNORE_FILE).read_text(encoding="utf-8", errors="replace"), scope)
    patterns += parse("\n".join(ignored))
    if len(patterns) > MAX_PATTERNS:
        raise errors.LimitExceeded(f"{len(patterns)} ignore patterns, {MAX_PATTERNS} are the most")
    rules = Rules(tuple(patterns))
    return lambda path, is_dir: rules.excludes(path.split("/"), is_dir)


def _regular(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.name == ".git" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _regular(path)
        elif path.is_file():
            yield path


def is_kustomization(obj: Mapping[str, Any]) -> bool:
    """Whether it is one of Flux's, and not one of kustomize's."""
    return obj.get("kind") == "Kustomization" and str(obj.get("apiVersion")).startswith("kustomize.toolkit.fluxcd.io/")
