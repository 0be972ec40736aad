"""`fluxtui build kustomization NAME`: the objects that a Kustomization makes of a local directory (flux.md B.5)."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine import errors, yaml
from engine.apply import build, objects
from engine.controllers.kustomization_build import order_of, variables_of
from engine.flux import kinds
from engine.kube.client import Client
from engine.kube.types import Object
from engine.programs.common import Options, asynchronously, client, kind_of, namespace
from engine.programs.local import folder_below, folder_of, is_kustomization, listed, sources_of, tree_of
from engine.programs.masking import masked
from engine.programs.paths import from_here

MOST: Final = 1_000
"""Kustomizations that one recursive build may meet."""


def main(options: Options) -> int:
    """Print the objects as a YAML stream."""
    return asynchronously(lambda: _run(options))


async def _run(options: Options) -> int:
    name = named(options)
    if options.get("dry_run") and not options.get("kustomization_file"):
        raise errors.Refused("--dry-run asks no cluster", fix="name the Kustomization's file: --kustomization-file")
    if options.get("dry_run"):
        return await _print(LocalBuild(None, options), read(options, name), options)
    async with client(options) as api:
        obj = read(options, name) if options.get("kustomization_file") else await live(api, namespace(options), name)
        return await _print(LocalBuild(api, options), obj, options)


async def _print(local: LocalBuild, obj: Object, options: Options) -> int:
    folder = folder_of(options, str((obj.get("spec") or {}).get("path") or ""))
    made = await (local.everything(obj, folder) if options.get("recursive") else local.objects(obj, folder))
    for item in made:
        # As the flux CLI prints them: the separator behind each.
        sys.stdout.write(yaml.dump(item) + "---\n")
    return 0


class LocalBuild:
    """Builds Kustomizations of local directories; without a client nothing is read from a cluster."""

    def __init__(self, api: Client | None, options: Options) -> None:
        self._api = api
        self._ignored = listed(options.get("ignore_paths"))
        self._strict = bool(options.get("strict_substitute"))
        self._sources = sources_of(options)
        self._met = 0

    async def objects(self, obj: Object, folder: Path) -> list[Object]:
        """What a Kustomization makes of a directory: labelled, with its common metadata, and masked."""
        order = order_of(obj, await variables_of(self._api, obj), strict=self._strict)
        try:
            tree, path = tree_of(folder, self._ignored)
            built = build.run(tree, dataclasses.replace(order, path=path))
        except errors.EngineError as error:
            error.message = from_here(error.message, folder)
            raise
        return [masked(_with_metadata(item, obj)) for item in built.objects]

    async def everything(self, obj: Object, folder: Path, above: Sequence[str] = ()) -> list[Object]:
        """The same, and behind it what the Kustomizations among it make; errors.Malformed when they go in a circle."""
        own = key_of(obj)
        if own in above:
            steps = " -> ".join((*above[above.index(own) :], own))
            raise errors.Malformed(f"Kustomizations make one another: {steps}", fix="remove one of the steps")
        self._met += 1
        if self._met > MOST:
            raise errors.LimitExceeded(f"a recursive build may not meet more than {MOST} Kustomizations")
        made = await self.objects(obj, folder)
        for item in list(filter(is_kustomization, made)):
            if key_of(item) != own:
                below = await self._as_in_cluster(item)
                made += await self.everything(below, folder_below(self._sources, below), (*above, own))
        return made

    async def _as_in_cluster(self, obj: Object) -> Object:
        """The Kustomization that the cluster has under this name, else the one that was built, as flux has it."""
        if self._api is None:
            return obj
        try:
            return await live(self._api, str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))
        except errors.NotFound:
            return obj


def key_of(obj: Mapping[str, Any]) -> str:
    """Namespace and name."""
    metadata = obj["metadata"]
    return f"{metadata.get('namespace') or ''}/{metadata.get('name')}"


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
    """The Kustomization of this name, in the namespace that was asked for or in none, in --kustomization-file."""
    path = Path(options["kustomization_file"])
    try:
        documents = yaml.load_all(path.read_bytes(), name=str(path))
    except OSError as error:
        raise errors.NotFound(f"{path} cannot be read: {error.strerror}") from error
    place = namespace(options)
    for document in documents:
        if not isinstance(document, dict) or not is_kustomization(document):
            continue
        metadata = document.get("metadata") or {}
        if metadata.get("name") == name and (metadata.get("namespace") or place) == place:
            metadata["namespace"] = place
            return document
    raise errors.NotFound(
        f"{path} holds no Kustomization {name} of Flux in namespace {place}", fix="name another namespace with -n"
    )


def _with_metadata(item: Object, obj: Object) -> Object:
    metadata = obj["metadata"]
    owner = objects.owner_labels(str(metadata["name"]), str(metadata.get("namespace") or ""))
    common = (obj.get("spec") or {}).get("commonMetadata") or {}
    labels = {**objects.labels_of(item), **owner, **(common.get("labels") or {})}
    annotations = {**objects.annotations_of(item), **(common.get("annotations") or {})}
    fields = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    return {**item, "metadata": {**item["metadata"], **fields}}
