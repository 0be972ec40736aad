"""`fluxtui kustomize`: what `kubectl kustomize` prints, of one directory or of many in a row (`--batch`)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from engine import errors, yaml
from engine.kustomize import DirectoryTree, build
from engine.programs.paths import from_here

RESTRICTORS: Final[Mapping[str, Literal["root", "none"]]] = {
    "LoadRestrictionsRootOnly": "root",
    "LoadRestrictionsNone": "none",
}
REORDERS: Final[Mapping[str, Literal["legacy", "none"]]] = {"legacy": "legacy", "none": "none"}
_T = TypeVar("_T")
#: The longest request of a batch, in characters.
LONGEST: Final = 1_000_000


def main(options: Mapping[str, Any]) -> int:
    """Print the objects of a directory, or write them; errors are for the caller."""
    if options.get("enable_helm"):
        raise errors.Unsupported(
            "Helm charts are not inflated inside kustomize, as Flux does not", fix="use a HelmRelease"
        )
    if options.get("batch"):
        if options.get("dir") or options.get("output"):
            raise errors.Refused("--batch takes its directories from stdin", fix="give neither DIR nor --output")
        return _batch()
    objects = built(
        options.get("dir") or ".",
        options.get("load_restrictor") or "LoadRestrictionsRootOnly",
        options.get("reorder") or "legacy",
    )
    _put(objects, options.get("output") or "")
    return 0


def built(folder: str, load_restrictor: str, reorder: str) -> list[dict[str, Any]]:
    """The objects of a directory anywhere on this machine; errors name files as seen from the working directory.

    Bases may lie anywhere, as for kubectl, so the whole file system is the tree.
    """
    path = Path(folder).absolute()
    if not path.is_dir():
        raise errors.NotFound(f"{folder} is no directory", fix="name a directory with a kustomization file")
    try:
        return build(
            DirectoryTree(Path(path.anchor)),
            path.resolve().relative_to(path.anchor).as_posix(),
            load_restrictor=_choice(load_restrictor, RESTRICTORS, "load restrictor"),
            reorder=_choice(reorder, REORDERS, "order"),
        )
    except errors.EngineError as error:
        error.message = from_here(error.message, path.resolve())
        raise


def _choice(given: str, known: Mapping[str, _T], what: str) -> _T:
    if given not in known:
        raise errors.Refused(f'"{given}" is no {what}', fix=f"one of: {', '.join(known)}")
    return known[given]


def _put(objects: list[dict[str, Any]], output: str) -> None:
    """To stdout, into a file, or as one file an object into a directory that is there, named as kubectl names them."""
    if not output:
        for number, obj in enumerate(objects):
            sys.stdout.write(("---\n" if number else "") + yaml.dump(obj))
        return
    place = Path(output)
    try:
        if not place.is_dir():
            place.write_text(yaml.dump_all(objects), encoding="utf-8")
            return
        for name, obj in _files(objects):
            (place / name).write_text(yaml.dump(obj), encoding="utf-8")
    except OSError as error:
        raise errors.Refused(f"{output} cannot be written: {error.strerror}") from error


def _files(objects: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """group_version_kind_name.yaml; the namespace goes before when there are several."""
    from engine.kustomize.ids import id_of

    ids = [id_of(obj) for obj in objects]
    several = len({known.effective_namespace for known in ids if not known.cluster}) > 1
    named = []
    for known, obj in zip(ids, objects, strict=True):
        parts = [known.effective_namespace] if several and not known.cluster else []
        parts += [part for part in known.gvk if part]
        name = "_".join((*parts, known.name)).lower() + ".yaml"
        if os.sep in name:
            raise errors.Malformed(f"{known} cannot be a file of its own: its name has a slash in it")
        named.append((name, obj))
    return named


def _batch() -> int:
    """One JSON object a line in, one out, in order; a request that fails does not end the batch."""
    while line := sys.stdin.readline(LONGEST + 1):
        if line.strip():
            sys.stdout.write(json.dumps(_answer(line)) + "\n")
            sys.stdout.flush()
    return 0


def _answer(line: str) -> dict[str, Any]:
    try:
        request = _request(line)
        objects = built(
            request["dir"],
            request.get("load_restrictor", "LoadRestrictionsRootOnly"),
            request.get("reorder", "legacy"),
        )
        return {"ok": True, "yaml": yaml.dump_all(objects)}
    except errors.EngineError as error:
        return {"ok": False, "error": str(error)}


def _request(line: str) -> dict[str, str]:
    if len(line) > LONGEST:
        raise errors.LimitExceeded(f"a request is longer than {LONGEST} characters")
    try:
        request = json.loads(line)
    except ValueError as error:
        raise errors.Malformed(f"a request is not JSON: {error}") from error
    if not isinstance(request, dict) or "dir" not in request or not all(isinstance(v, str) for v in request.values()):
        raise errors.Malformed('a request is an object like {"dir": "apps"}', fix="its values are strings")
    unknown = request.keys() - {"dir", "load_restrictor", "reorder"}
    if unknown:
        raise errors.Malformed(f"a request has the unknown field {min(unknown)}")
    return request
