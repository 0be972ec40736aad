"""`fluxtui build kustomization NAME`: the objects that a Kustomization makes of a local directory (flux.md B.5)."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from engine import errors, yaml
from engine.apply import build, objects
from engine.controllers.kustomization_build import order_of, variables_of
from engine.flux import kinds
from engine.kube.client import Client
from engine.kube.types import Object
from engine.kustomize import DirectoryTree
from engine.programs.common import Options, asynchronously, client, kind_of, namespace

MASK: Final = "**SOPS**"
MAX_FILES: Final = 50_000
MAX_BYTES: Final = 256 * 2**20


def main(options: Options) -> int:
    """Print the objects as a YAML stream."""
    return asynchronously(lambda: _run(options))


async def _run(options: Options) -> int:
    name = named(options)
    if options.get("dry_run") and not options.get("kustomization_file"):
        raise errors.Refused("--dry-run asks no cluster", fix="name the Kustomization's file: --kustomization-file")
    if options.get("dry_run"):
        return await _build(read(options, name), None, options)
    async with client(options) as api:
        obj = read(options, name) if options.get("kustomization_file") else await live(api, namespace(options), name)
        return await _build(obj, api, options)


async def _build(obj: Object, api: Client | None, options: Options) -> int:
    order = order_of(obj, await variables_of(api, obj), strict=bool(options.get("strict_substitute")))
    _print(build.run(*_local(order, options)), obj)
    return 0


def named(options: Options) -> str:
    """The name in `kustomization NAME`; errors.Unsupported for other kinds."""
    words = [*options["what"]]
    kind = kind_of(words[:-1])
    if kind is not kinds.KUSTOMIZATION:
        raise errors.Unsupported(f"{kind.kind} objects are not built", fix="name a kustomization")
    return str(words[-1])


async def live(api: Client, place: str, name: str) -> Object:
    """The Kustomization in the cluster; errors.NotFound."""
    res = await api.discovery.resource(kinds.KUSTOMIZATION.group, "", kinds.KUSTOMIZATION.kind)
    try:
        return await api.get(res, place, name)
    except errors.NotFound:
        raise errors.NotFound(
            f"there is no Kustomization {place}/{name}", fix="build its file with --kustomization-file"
        ) from None


def read(options: Options, name: str) -> Object:
    """The Kustomization of this name in --kustomization-file."""
    path = Path(options["kustomization_file"])
    try:
        documents = yaml.load_all(path.read_bytes(), name=str(path))
    except OSError as error:
        raise errors.NotFound(f"{path} cannot be read: {error.strerror}") from error
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "Kustomization" and _is_flux(document):
            metadata = document.get("metadata")
            if isinstance(metadata, dict) and metadata.get("name") == name:
                metadata.setdefault("namespace", namespace(options))
                return document
    raise errors.NotFound(f"{path} holds no Kustomization {name} of Flux")


def _is_flux(document: Mapping[str, Any]) -> bool:
    return str(document.get("apiVersion")).startswith(f"{kinds.KUSTOMIZATION.group}/")


def folder_of(options: Options, spec_path: str) -> Path:
    """--path, else the Kustomization's path below the working directory."""
    given = options.get("path")
    folder = Path(given) if given else Path(spec_path.lstrip("/") or ".")
    if not folder.is_dir():
        raise errors.NotFound(f"{folder} is no directory", fix="say where the files are: --path DIR")
    return folder.resolve()


def _local(order: build.Order, options: Options) -> tuple[DirectoryTree, build.Order]:
    """The order for a directory of this machine; bases may lie beside it."""
    folder = folder_of(options, order.path)
    path = folder.relative_to(folder.anchor).as_posix()
    return DirectoryTree(Path(folder.anchor)), dataclasses.replace(order, path=path)


def _print(built: build.Built, obj: Object) -> None:
    metadata = obj["metadata"]
    owner = objects.owner_labels(str(metadata["name"]), str(metadata.get("namespace") or ""))
    common = (obj.get("spec") or {}).get("commonMetadata") or {}
    for item in built.objects:
        labels = {**(objects.labels_of(item)), **owner, **(common.get("labels") or {})}
        annotations = {**(objects.annotations_of(item)), **(common.get("annotations") or {})}
        fields = {"labels": labels, **({"annotations": annotations} if annotations else {})}
        sys.stdout.write("---\n" + yaml.dump(_masked({**item, "metadata": {**item["metadata"], **fields}})))


def _masked(obj: Object) -> Object:
    """What SOPS has encrypted stays out of the terminal, whatever its bytes are."""
    if "sops" not in obj:
        return obj
    masked = {key: value for key, value in obj.items() if key != "sops"}
    for field in ("data", "stringData"):
        values = masked.get(field)
        if isinstance(values, Mapping):
            masked[field] = dict.fromkeys(values, MASK)
    return masked


def files_around(folder: Path) -> tuple[dict[str, bytes], str]:
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
    return files, folder.relative_to(root).as_posix()


def _regular(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.name == ".git" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _regular(path)
        elif path.is_file():
            yield path
