"""A kustomization file: its fields, their legacy spellings, and what is refused in it."""

from __future__ import annotations

from typing import Any, Final

from engine import yaml
from engine.kustomize.errors import BuildError
from engine.kustomize.shapes import BOOL, INT, STRING, STRING_MAP, STRINGS, ListOf, Place, Shape, Struct
from engine.kustomize.tree import Tree

#: The names of a kustomization file; a directory may hold one of them.
FILE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_API_FIELDS: Final = ("apiVersion", "kind")
_API_VERSIONS: Final = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}
BUILD_METADATA: Final = ("originAnnotations", "transformerAnnotations", "managedByLabel")

_GVK: Final[dict[str, Shape]] = {"group": STRING, "version": STRING, "kind": STRING}
_FIELD_SPECS: Final = ListOf(Struct({**_GVK, "path": STRING, "create": BOOL}))
_RES_ID: Final[dict[str, Shape]] = {**_GVK, "name": STRING, "namespace": STRING}
_SELECTOR: Final = Struct({**_RES_ID, "annotationSelector": STRING, "labelSelector": STRING})
_PATCH: Final = Struct(
    {
        "path": STRING,
        "patch": STRING,
        "target": _SELECTOR,
        "options": Struct({"allowNameChange": BOOL, "allowKindChange": BOOL}),
    }
)
_OPTIONS: Final = Struct(
    {"labels": STRING_MAP, "annotations": STRING_MAP, "disableNameSuffixHash": BOOL, "immutable": BOOL}
)
_GENERATOR: Final[dict[str, Shape]] = {
    "name": STRING,
    "namespace": STRING,
    "behavior": STRING,
    "literals": STRINGS,
    "files": STRINGS,
    "envs": STRINGS,
    "env": STRING,
    "options": _OPTIONS,
}
_IMAGE: Final = Struct({"name": STRING, "newName": STRING, "tagSuffix": STRING, "newTag": STRING, "digest": STRING})
_REPLICA: Final = Struct({"name": STRING, "count": INT})
_FIELD_OPTIONS: Final = Struct({"delimiter": STRING, "index": INT, "encoding": STRING, "create": BOOL})
REPLACEMENT: Final = Struct(
    {
        "path": STRING,
        "source": Struct({**_RES_ID, "fieldPath": STRING, "options": _FIELD_OPTIONS}),
        "sourceValue": STRING,
        "targets": ListOf(
            Struct(
                {
                    "select": _SELECTOR,
                    "reject": ListOf(_SELECTOR),
                    "fieldPaths": STRINGS,
                    "options": _FIELD_OPTIONS,
                }
            )
        ),
    }
)
_SORT_OPTIONS: Final = Struct(
    {"order": STRING, "legacySortOptions": Struct({"orderFirst": STRINGS, "orderLast": STRINGS})}
)
_METADATA: Final = Struct({"name": STRING, "namespace": STRING, "labels": STRING_MAP, "annotations": STRING_MAP})
_VAR: Final = Struct(
    {
        "name": STRING,
        "objref": Struct({**_RES_ID, "apiVersion": STRING}),
        "fieldref": Struct({"fieldpath": STRING, "fieldPath": STRING}),
    }
)


class _Raw:
    """Kept as it is."""

    def read(self, raw: Any, place: Place) -> Any:
        """The value itself."""
        del place
        return raw


KUSTOMIZATION: Final = Struct(
    {
        "apiVersion": STRING,
        "kind": STRING,
        "metadata": _METADATA,
        "openapi": STRING_MAP,
        "namePrefix": STRING,
        "nameSuffix": STRING,
        "namespace": STRING,
        "commonLabels": STRING_MAP,
        "labels": ListOf(
            Struct(
                {
                    "pairs": STRING_MAP,
                    "includeSelectors": BOOL,
                    "includeTemplates": BOOL,
                    "fields": _FIELD_SPECS,
                }
            )
        ),
        "commonAnnotations": STRING_MAP,
        "patchesStrategicMerge": STRINGS,
        "patchesJson6902": ListOf(_PATCH),
        "patches": ListOf(_PATCH),
        "images": ListOf(_IMAGE),
        "imageTags": ListOf(_IMAGE),
        "replacements": ListOf(REPLACEMENT),
        "replicas": ListOf(_REPLICA),
        "vars": ListOf(_VAR),
        "sortOptions": _SORT_OPTIONS,
        "resources": STRINGS,
        "components": STRINGS,
        "crds": STRINGS,
        "bases": STRINGS,
        "configMapGenerator": ListOf(Struct(_GENERATOR)),
        "secretGenerator": ListOf(Struct({**_GENERATOR, "type": STRING})),
        "helmGlobals": _Raw(),
        "helmCharts": _Raw(),
        "helmChartInflationGenerator": _Raw(),
        "generatorOptions": _OPTIONS,
        "configurations": STRINGS,
        "generators": STRINGS,
        "transformers": STRINGS,
        "validators": STRINGS,
        "buildMetadata": STRINGS,
    }
)

_PLUGIN_FIELDS: Final[dict[str, dict[str, Shape]]] = {
    "AnnotationsTransformer": {"annotations": STRING_MAP, "fieldSpecs": _FIELD_SPECS},
    "ConfigMapGenerator": _GENERATOR,
    "HashTransformer": {},
    "IAMPolicyGenerator": {
        "cloud": STRING,
        "kubernetesService": Struct({"name": STRING, "namespace": STRING}),
        "serviceAccount": Struct({"name": STRING, "projectId": STRING}),
    },
    "ImageTagTransformer": {"imageTag": _IMAGE, "fieldSpecs": _FIELD_SPECS},
    "LabelTransformer": {"labels": STRING_MAP, "fieldSpecs": _FIELD_SPECS},
    "NamespaceTransformer": {
        "fieldSpecs": _FIELD_SPECS,
        "unsetOnly": BOOL,
        "setRoleBindingSubjects": STRING,
    },
    "PatchJson6902Transformer": {"target": _SELECTOR, "path": STRING, "jsonOp": STRING},
    "PatchStrategicMergeTransformer": {"paths": STRINGS, "patches": STRING},
    "PatchTransformer": dict(_PATCH.fields),
    "PrefixTransformer": {"prefix": STRING, "fieldSpecs": _FIELD_SPECS},
    "PrefixSuffixTransformer": {"prefix": STRING, "suffix": STRING, "fieldSpecs": _FIELD_SPECS},
    "ReplacementTransformer": {"replacements": ListOf(REPLACEMENT)},
    "ReplicaCountTransformer": {"replica": _REPLICA, "fieldSpecs": _FIELD_SPECS},
    "SecretGenerator": {**_GENERATOR, "type": STRING},
    "SuffixTransformer": {"suffix": STRING, "fieldSpecs": _FIELD_SPECS},
    "ValueAddTransformer": {
        "value": STRING,
        "targets": ListOf(Struct({"selector": _SELECTOR, "fieldPath": STRING, "filePathPosition": INT})),
        "targetFilePath": STRING,
    },
}

#: What each builtin plugin's configuration may hold, beside apiVersion and kind.
PLUGINS: Final = {kind: Struct({"metadata": _METADATA, **fields}) for kind, fields in _PLUGIN_FIELDS.items()}


def find_file(tree: Tree, directory: str) -> str:
    """The kustomization file of a directory; a BuildError when there is none or more than one."""
    found = [path for name in FILE_NAMES if tree.is_file(path := _join(directory, name))]
    if not found:
        raise BuildError(
            f"unable to find one of {', '.join(FILE_NAMES)} in this directory",
            path=directory,
            fix="add a kustomization.yaml",
        )
    if len(found) > 1:
        raise BuildError(
            f"found multiple kustomization files: {', '.join(found)}", path=directory, fix="keep one of them"
        )
    return found[0]


def _join(directory: str, name: str) -> str:
    return name if directory == "." else f"{directory}/{name}"


def parse_kustomization(content: bytes | str, path: str, limits: yaml.Limits) -> dict[str, Any]:
    """The fields of a kustomization file, legacy spellings folded into the present ones."""
    try:
        # The first document counts, and the last of equal keys, as kustomize reads this file.
        raw = next(iter(yaml.load_all(content, name=path, limits=limits, unique_keys=False)), None)
    except yaml.YAMLError as error:
        raise BuildError.of_yaml(error) from error
    fields = fix_legacy(KUSTOMIZATION.read(raw, Place(path)))
    # An empty list or mapping counts as something.
    if not any(value or isinstance(value, (list, dict)) for key, value in fields.items() if key not in _API_FIELDS):
        raise BuildError("kustomization.yaml is empty", path=path, fix="list resources in it")
    kind = fields["kind"]
    if kind not in _API_VERSIONS:
        raise BuildError("kind should be Kustomization or Component", path=path, field="kind")
    if fields["apiVersion"] != _API_VERSIONS[kind]:
        raise BuildError(f"apiVersion for {kind} should be {_API_VERSIONS[kind]}", path=path, field="apiVersion")
    unknown = [option for option in fields.get("buildMetadata", ()) if option not in BUILD_METADATA]
    if unknown:
        raise BuildError(f'"{unknown[0]}" is none of {", ".join(BUILD_METADATA)}', path=path, field="buildMetadata")
    return fields


def fix_legacy(fields: dict[str, Any]) -> dict[str, Any]:
    """Fill in kind and apiVersion; fold bases, imageTags and env into resources, images and envs."""
    fixed = dict(fields)
    kind = fixed.get("kind") or "Kustomization"
    fixed["kind"] = kind
    fixed["apiVersion"] = fixed.get("apiVersion") or _API_VERSIONS.get(kind, _API_VERSIONS["Kustomization"])
    for old, new in (("bases", "resources"), ("imageTags", "images")):
        if old in fixed:
            fixed[new] = [*fixed.get(new, ()), *fixed.pop(old)]
    for field in ("configMapGenerator", "secretGenerator"):
        if field in fixed:
            fixed[field] = [fix_env(generator) for generator in fixed[field]]
    return fixed


def fix_env(generator: dict[str, Any]) -> dict[str, Any]:
    """A generator with its one `env` among its `envs`."""
    fixed = dict(generator)
    env = fixed.pop("env", "")
    if env:
        fixed["envs"] = [*fixed.get("envs", ()), env]
    return fixed
