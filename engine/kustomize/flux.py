"""Flux's way to a build: a kustomization made where there is none, and a Kustomization's spec laid over it.

flux.md 4.4 and 4.5. Nothing is written into the source: the result is the source with one file laid over it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from engine import yaml
from engine.errors import LimitExceeded
from engine.kustomize.errors import BuildError
from engine.kustomize.kustomization import FILE_NAMES, KUSTOMIZATION
from engine.kustomize.limits import Limits
from engine.kustomize.tree import OverlayTree, Tree, normal

_API: Final = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
#: A namespace that a kustomization without resources gets, so that it builds to nothing and is not empty.
_PLACEHOLDER: Final = "_placeholder"
_MANIFEST: Final = (".yaml", ".yml")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*:|.*[@?]", re.IGNORECASE)
_LIMITS: Final = Limits()


#: Whether a path below the directory of a kustomization is left out; the flag says that it is a directory.
Ignored = Callable[[str, bool], bool]


def generate(
    tree: Tree, path: str, spec: Mapping[str, Any], *, ignored: Ignored | None = None, limits: Limits = _LIMITS
) -> OverlayTree:
    """The tree with the kustomization file that Flux builds `path` with.

    `path` is spec.path ("./" and "/" mean the root); `spec` is a Kustomization's: targetNamespace, namePrefix,
    nameSuffix, patches, components, ignoreMissingComponents, images and buildMetadata are read from it. What is
    `ignored` is no resource, no component and no CRD, also where a kustomization names it, as in the flux CLI.
    """
    directory = normal(posixpath.join(".", path.strip().lstrip("/")))
    if not tree.is_dir(directory):
        raise BuildError(f"kustomization path not found: {directory}", path=directory, fix="correct spec.path")
    tree.real(directory)
    found = next((name for name in FILE_NAMES if tree.is_file(posixpath.join(directory, name))), None)
    if found is None:
        found = FILE_NAMES[0]
        fields = _generated(tree, directory, ignored, limits)
    else:
        fields = _read(tree.read(posixpath.join(directory, found)), posixpath.join(directory, found), limits)
        if not fields.get("resources") and fields.get("namespace") != _PLACEHOLDER:
            fields["buildMetadata"] = ["originAnnotations"]
    if ignored is not None:
        _leave_out(fields, ignored, tree, directory)
    _lay_over(fields, spec, tree, directory)
    content = yaml.dump(fields).encode()
    return OverlayTree(tree, {posixpath.normpath(posixpath.join(directory, found)): content})


def _generated(tree: Tree, directory: str, ignored: Ignored | None, limits: Limits) -> dict[str, Any]:
    resources: list[str] = []
    _walk(tree, directory, "", resources, ignored or _nothing, limits)
    fields: dict[str, Any] = {**_API, "resources": resources}
    return fields if resources else {**_API, "namespace": _PLACEHOLDER}


def _nothing(path: str, is_dir: bool) -> bool:
    """The controller ignores nothing here: its artifact has been filtered."""
    del path, is_dir
    return False


def _leave_out(fields: dict[str, Any], ignored: Ignored, tree: Tree, directory: str) -> None:
    for field in ("resources", "components", "crds"):
        if fields.get(field):
            fields[field] = [name for name in fields[field] if not _is_left_out(name, ignored, tree, directory)]


def _is_left_out(name: Any, ignored: Ignored, tree: Tree, directory: str) -> bool:
    """Whether a name of the kustomization means something below its directory that is ignored."""
    relative = posixpath.normpath(str(name))
    if "://" in str(name) or relative.startswith(("/", "..")) or relative == ".":
        return False
    return ignored(relative, tree.is_dir(posixpath.join(directory, relative)))


def _walk(tree: Tree, root: str, below: str, resources: list[str], ignored: Ignored, limits: Limits) -> None:
    """Every manifest below the root, in lexical order; a directory with its own kustomization is one resource."""
    if below.count("/") > limits.max_depth:
        raise LimitExceeded(f"{root}/{below}: directories are nested deeper than {limits.max_depth} levels")
    for name in tree.list(posixpath.normpath(posixpath.join(root, below))):
        relative = posixpath.join(below, name)
        full = posixpath.normpath(posixpath.join(root, relative))
        if tree.is_dir(full):
            # A link to a directory is not followed: what it holds is reached where it is.
            if tree.real(full) != posixpath.normpath(posixpath.join(tree.real(posixpath.dirname(full) or "."), name)):
                continue
            if any(tree.is_file(posixpath.join(full, file)) for file in FILE_NAMES):
                resources.append(f"./{relative}")
            else:
                _walk(tree, root, relative, resources, ignored, limits)
        elif name.endswith(_MANIFEST) and tree.is_file(full) and not ignored(relative, False):
            _check_manifest(tree.read(full), relative, limits)
            resources.append(f"./{relative}")
        if len(resources) > limits.max_files:
            raise LimitExceeded(f"{root}: more than {limits.max_files} manifests")


def _check_manifest(content: bytes, path: str, limits: Limits) -> None:
    try:
        documents = yaml.load_all(content, name=path, limits=limits.yaml)
    except yaml.YAMLError as error:
        raise BuildError(f"failed to decode Kubernetes YAML from {path}: {error.message}") from error
    for document in documents:
        if not isinstance(document, dict) or not document.get("kind"):
            raise BuildError(
                f"failed to decode Kubernetes YAML from {path}: an object without kind",
                fix="move what is no manifest out of spec.path, or ignore it in .sourceignore",
            )


def _read(content: bytes, path: str, limits: Limits) -> dict[str, Any]:
    """The fields of the file that kustomize knows; others vanish here, as in Flux."""
    try:
        raw = next(iter(yaml.load_all(content, name=path, limits=limits.yaml, unique_keys=False)), None)
    except yaml.YAMLError as error:
        raise BuildError.of_yaml(error) from error
    if raw is None:
        return dict(_API)
    if not isinstance(raw, dict):
        raise BuildError("a kustomization must be a mapping", path=path)
    by_lower = {name.lower(): name for name in KUSTOMIZATION.fields}
    return {by_lower[key.lower()]: value for key, value in raw.items() if key.lower() in by_lower and value is not None}


def _lay_over(fields: dict[str, Any], spec: Mapping[str, Any], tree: Tree, directory: str) -> None:
    for source, field in (("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(source):
            fields[field] = spec[source]
    if spec.get("patches"):
        added = [{key: patch[key] for key in ("patch", "target") if patch.get(key)} for patch in spec["patches"]]
        fields["patches"] = [*fields.get("patches", ()), *added]
    components = _components(spec, tree, directory)
    if components:
        fields["components"] = [*fields.get("components", ()), *components]
    if spec.get("images"):
        fields["images"] = _images(fields.get("images", ()), spec["images"])
    if spec.get("buildMetadata"):
        fields["buildMetadata"] = list(spec["buildMetadata"])


def _components(spec: Mapping[str, Any], tree: Tree, directory: str) -> list[str]:
    kept = []
    for component in spec.get("components", ()):
        if not component or component.startswith("/") or _URL.match(component):
            raise BuildError(f"component path '{component}' must be local and relative", field="spec.components")
        joined = posixpath.normpath(posixpath.join(directory, component))
        inside = joined != ".." and not joined.startswith("../")
        if spec.get("ignoreMissingComponents") and not (inside and tree.is_dir(joined)):
            continue
        kept.append(component)
    return kept


def _images(present: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Images of the same name are merged; newTag and digest are replaced together."""
    images = [dict(image) for image in present]
    for image in wanted:
        known = next((found for found in images if found.get("name") == image.get("name")), None)
        if known is None:
            images.append({key: value for key, value in image.items() if value})
            continue
        if image.get("newName"):
            known["newName"] = image["newName"]
        if image.get("newTag") or image.get("digest"):
            for key in ("newTag", "digest"):
                known.pop(key, None)
                if image.get(key):
                    known[key] = image[key]
    return images
