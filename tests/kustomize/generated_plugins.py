"""`transformers`, `generators` and `validators`: every builtin plugin, inline, in files and folders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.kustomize.generated_fields import SCALABLE, generator, image, options
from tests.kustomize.generated_patches import operations, selector, strategic
from tests.kustomize.generated_replacements import replacement
from tests.kustomize.generated_tree import Fields, Folder, group_version
from tests.kustomize.objects import some, strings

_NAME: Final = [{"path": "metadata/name"}]


def _namespace(folder: Folder) -> Fields:
    mode = lambda: folder.rng.choice(("defaultOnly", "allServiceAccounts", "none"))  # noqa: E731
    return {
        "unsetOnly": folder.rng.random() < 0.5,
        "fieldSpecs": [{"path": "metadata/namespace", "create": True}],
        **some(folder.rng, 0.4, setRoleBindingSubjects=mode),
    }


def _json_6902(folder: Folder) -> Fields:
    obj = folder.target()
    group, version = group_version(obj)
    target = {"group": group, "version": version, "kind": obj["kind"], "name": obj["metadata"]["name"]}
    return {"target": target, "jsonOp": folder.inline([operations(folder, obj)])}


def _value_add(folder: Folder) -> Fields:
    rng = folder.rng
    paths = ("metadata/namespace", "metadata/labels/added", "metadata/annotations/a~1b", "spec/value", "metadata/name")
    target = {
        "fieldPath": rng.choice(paths),
        **some(rng, 0.5, selector=lambda: selector(folder), filePathPosition=lambda: rng.randint(0, 3)),
    }
    return {**some(rng, 0.7, value=lambda: rng.choice(("one", "x/y", "5"))), "targets": [target]}


_TRANSFORMERS: Final[dict[str, Callable[[Folder], Fields]]] = {
    "LabelTransformer": lambda folder: {
        "labels": strings(folder.rng),
        "fieldSpecs": [{"path": "metadata/labels", "create": True}],
    },
    "AnnotationsTransformer": lambda folder: {
        "annotations": strings(folder.rng),
        "fieldSpecs": [{"path": "metadata/annotations", "create": True}],
    },
    "PrefixTransformer": lambda _: {"prefix": "t-", "fieldSpecs": _NAME},
    "SuffixTransformer": lambda _: {"suffix": "-t", "fieldSpecs": _NAME},
    "PrefixSuffixTransformer": lambda _: {
        "prefix": "t-",
        "suffix": "-u",
        "fieldSpecs": [{"path": "metadata/name", "kind": "Deployment"}],
    },
    "NamespaceTransformer": _namespace,
    "ImageTagTransformer": lambda folder: {"imageTag": image(folder), "fieldSpecs": [{"path": "spec/items/image"}]},
    "ReplicaCountTransformer": lambda folder: {
        "replica": {"name": folder.target(*SCALABLE)["metadata"]["name"], "count": 9},
        "fieldSpecs": [{"path": "spec/replicas", "kind": kind, "create": True} for kind in SCALABLE],
    },
    "PatchTransformer": lambda folder: {
        "patch": '[{"op": "add", "path": "/metadata/labels", "value": {"p": "q"}}]',
        "target": selector(folder),
    },
    "PatchStrategicMergeTransformer": lambda folder: {"patches": folder.inline([strategic(folder)])},
    "PatchJson6902Transformer": _json_6902,
    "ReplacementTransformer": lambda folder: {"replacements": [replacement(folder)]},
    "ValueAddTransformer": _value_add,
    "HashTransformer": lambda _: {},
}


def _plugin(kind: str, fields: Fields) -> Fields:
    namespace = {"namespace": "three"} if kind == "NamespaceTransformer" else {}
    return {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "plugin", **namespace}, **fields}


def _placed(folder: Folder, plugins: list[Fields], name: str) -> Any:
    """Where plugins stand: inline, in a file, or built by a kustomization of their own."""
    where = folder.rng.random()
    if where < 0.45:
        return [folder.inline(plugins)]
    file = folder.new(name, plugins)
    if where < 0.9:
        return [file]
    below = Folder(folder.tree, f"{folder.path}/plugins{len(folder.tree.files)}")
    folder.tree.files[f"{below.path}/{file}"] = folder.tree.files.pop(f"{folder.path}/{file}")
    below.kustomization({"resources": [file]})
    return [below.path.rpartition("/")[2]]


def transformers(folder: Folder) -> Any:
    """One transformer, or two of different kinds."""
    kinds = folder.rng.sample(list(_TRANSFORMERS), folder.rng.choice((1, 1, 2)))
    made = [_plugin(kind, _TRANSFORMERS[kind](folder)) for kind in kinds]
    for number, plugin in enumerate(made):
        plugin["metadata"]["name"] += str(number)
    return _placed(folder, made, "t")


def validators(folder: Folder) -> Any:
    """A transformer that mostly changes nothing: its labels are those that objects may not have."""
    rng = folder.rng
    if rng.random() < 0.1:
        return transformers(folder)
    nothing = {"labels": {"never": "set"}, "fieldSpecs": [{"path": "spec/absent/labels"}]}
    return _placed(folder, [_plugin("LabelTransformer", nothing)], "v")


def generators(folder: Folder) -> Any:
    """A ConfigMap, a Secret, or a service account that is bound to one of Google's."""
    rng = folder.rng
    kind = rng.choice(("ConfigMapGenerator", "SecretGenerator", "ConfigMapGenerator", "IAMPolicyGenerator"))
    if kind == "IAMPolicyGenerator":
        account = {"name": "robot", "projectId": "project"}
        service = {"name": f"robot{len(folder.tree.files)}", **some(rng, 0.5, namespace=lambda: "one")}
        return _placed(
            folder, [_plugin(kind, {"cloud": "gke", "kubernetesService": service, "serviceAccount": account})], "g"
        )
    (fields,) = generator(kind.removesuffix("Generator"))(folder)
    return _placed(folder, [_plugin(kind, {**fields, **some(rng, 0.3, options=lambda: options(folder))})], "g")


PLUGIN_FEATURES: Final[dict[str, Callable[[Folder], Any]]] = {
    "transformers": transformers,
    "generators": generators,
    "validators": validators,
}
