"""Builds a tree: the root kustomization, then what is done once to everything (engines.md B1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from engine.errors import LimitExceeded
from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldSpec
from engine.kustomize.files import Files, Remote
from engine.kustomize.json_values import json_object
from engine.kustomize.limits import Budget, Limits, check_size
from engine.kustomize.nodes import text
from engine.kustomize.openapi_field import Schemas
from engine.kustomize.origin import ORIGIN, TRANSFORMATIONS
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import BUILD_ANNOTATIONS, Object, Resource
from engine.kustomize.target import Target
from engine.kustomize.transform.hashes import AddHashes
from engine.kustomize.transform.labels import SetEntries
from engine.kustomize.transform.name_references import NameReferences
from engine.kustomize.transform.sort_order import LegacyOrder, sort_transformer
from engine.kustomize.tree import Tree, normal

_LOCAL_CONFIG: Final = "config.kubernetes.io/local-config"
_MANAGED_BY: Final = {"app.kubernetes.io/managed-by": "kustomize-v5.8.1"}
_DEFAULT_LIMITS: Final = Limits()


def build(
    tree: Tree,
    path: str = ".",
    *,
    reorder: Literal["none", "legacy"] = "none",
    load_restrictor: Literal["root", "none"] = "root",
    remote: Remote | None = None,
    preloaded: bool = False,
    limits: Limits = _DEFAULT_LIMITS,
) -> list[dict[str, Any]]:
    """The objects that the kustomization in `path` makes, in output order.

    `load_restrictor="root"` confines each kustomization's files to its own directory, as the kustomize
    command does; Flux builds with "none", and then the tree's root is the fence. `preloaded`, as in Flux from 2.9.2 on,
    lets an `openapi` file add to the built-in types where the command lets it take their place. Raises BuildError for
    a tree that cannot be built, Unsupported for what is not done here, LimitExceeded past a limit.
    """
    path = normal(path)
    if not tree.is_dir(path):
        raise BuildError("not a directory", path=path, fix="name a directory with a kustomization file")
    try:
        return _built(
            Target(Files(tree, path, load_restrictor == "root", Budget(limits), Schemas(preloaded=preloaded), remote)),
            reorder,
        )
    except RecursionError as error:
        raise LimitExceeded(f"{path}: nested too deeply to be built") from error


def _built(target: Target, reorder: str) -> list[Object]:
    gathered = target.accumulate()
    resources = gathered.resources
    AddHashes().apply(resources)
    try:
        NameReferences(gathered.config.name_reference).apply(resources)
        gathered.vars.resolve(resources, gathered.config.var_reference)
        for resource in resources:
            resource.check_identity()
    except BuildError as error:
        raise error.inside(target.file) from error
    resources.ensure_unique()
    resources.keep(_is_wanted)
    if "sortOptions" in target.fields:
        sort_transformer(target.fields["sortOptions"], target.file).apply(resources)
    elif reorder == "legacy":
        LegacyOrder().apply(resources)
    if "managedByLabel" in target.build_metadata:
        SetEntries(_MANAGED_BY, [FieldSpec("metadata/labels", create=True)]).apply(resources)
    return finished(resources, target.build_metadata, target.file)


def _is_wanted(resource: Resource) -> bool:
    return text(resource.annotations.get(_LOCAL_CONFIG, "false")) == "false"


def finished(resources: ResMap, build_metadata: Sequence[str], path: str) -> list[Object]:
    """The objects as JSON, without what kustomize has noted on them for itself."""
    removed = set(BUILD_ANNOTATIONS)
    for option, name in (("originAnnotations", ORIGIN), ("transformerAnnotations", TRANSFORMATIONS)):
        if option not in build_metadata:
            removed.add(name)
    objects = []
    for resource in resources:
        annotations = resource.strings("annotations")
        if annotations or len(removed) > len(BUILD_ANNOTATIONS):
            # kustomize writes every annotation as a string, whatever it was in the file.
            kept = {name: value for name, value in annotations.items() if name not in removed}
            resource.set_strings("annotations", kept)
        resources.budget.finish(check_size(resource.obj, resource.id))
        try:
            objects.append(json_object(resource.obj))
            # Nobody needs the nodes any more: what they take is there for the next object.
            resource.obj = {}
        except BuildError as error:
            raise resource.build_error(error.problem, fix=error.fix).inside(path) from error
    return objects
