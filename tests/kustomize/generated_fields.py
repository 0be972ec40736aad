"""The plain fields of generated kustomizations, one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.kustomize.generated_patches import patches, patches_json, patches_strategic_merge
from tests.kustomize.generated_replacements import replacements, variables
from tests.kustomize.generated_tree import Fields, Folder
from tests.kustomize.objects import IMAGES, name, some, strings
from tests.kustomize.values import Raw, text

Feature = Callable[[Folder], Any]
SCALABLE: Final = ("Deployment", "StatefulSet")
_CONTENTS: Final = (
    b"text\n", b"\xff\xfe\x00", b"", "é\n".encode(), b"a: b\n  c\n", b"x" * 200, b"tab\t\n \n", b"\ttab first\nmore\n",
    b"one\r\ntwo\r\n", b"no end", "\ufeffmark\n".encode(), b'{"a": {"b": 1}}\n',
)  # fmt: skip


def _fixed(*values: Any) -> Feature:
    return lambda folder: folder.rng.choice(values)


def _labels(folder: Folder) -> Any:
    rng = folder.rng
    flags = some(rng, 0.4, includeSelectors=lambda: True, includeTemplates=lambda: True)
    fields = [
        {"path": "spec/custom/labels", "kind": "Thing", "create": True},
        {"path": "spec/selector", "version": "v1"},
    ]
    return [
        {"pairs": strings(rng), **flags, **some(rng, 0.15, fields=lambda: fields[: rng.randint(1, 2)])}
        for _ in range(rng.choice((1, 1, 2)))
    ]


def image(folder: Folder) -> Fields:
    """What happens to an image."""
    rng = folder.rng
    found = rng.choice((*IMAGES, "nginx", "registry.example.com:5000/team/app", "team/app", "redis", "busybox", ".*"))
    return {
        "name": found,
        **some(
            rng,
            0.5,
            newName=lambda: "other.example.com/x",
            newTag=lambda: text(rng) if rng.random() < 0.2 else Raw('"2.0"'),
            digest=lambda: "sha256:fff",
            tagSuffix=lambda: "-x",
        ),
    }


def _images(folder: Folder) -> Any:
    return [image(folder) for _ in range(folder.rng.choice((1, 1, 2)))]


def _replicas(folder: Folder) -> Any:
    if folder.rng.random() < 0.97 and not any(obj["kind"] in SCALABLE for obj in folder.tree.objects):
        return []
    return [{"name": folder.target(*SCALABLE)["metadata"]["name"], "count": folder.rng.choice((0, 2, 5))}]


def options(folder: Folder) -> Any:
    """`options` of a generator, or `generatorOptions`."""
    rng = folder.rng
    return some(
        rng,
        0.4,
        labels=lambda: strings(rng),
        annotations=lambda: strings(rng),
        disableNameSuffixHash=lambda: True,
        immutable=lambda: True,
    )


def generator(kind: str) -> Feature:
    """configMapGenerator or secretGenerator."""

    def make(folder: Folder) -> Any:
        rng, tree = folder.rng, folder.tree
        made: Fields = {"name": name(rng) if rng.random() < 0.1 else f"gen{len(tree.files)}"}
        known = [earlier for earlier_kind, earlier in tree.generated if earlier_kind == kind]
        if known and not folder.path.startswith("base") and rng.random() < 0.4:
            made |= {"name": rng.choice(known), "behavior": rng.choice(("merge", "replace"))}
        elif folder.path.startswith("base"):
            tree.generated.append((kind, made["name"]))
        if kind == "Secret":
            made |= some(rng, 0.2, type=lambda: "kubernetes.io/tls")
        return [{**made, **_data(folder), **some(rng, 0.2, options=lambda: options(folder))}]

    return make


def _data(folder: Folder) -> Fields:
    rng = folder.rng
    made: Fields = some(rng, 0.05, behavior=lambda: "create", namespace=lambda: "one")
    if rng.random() < 0.7:
        first = rng.choice(("1", "x y", '"quoted"', "é", "a=b", ""))
        made["literals"] = [Raw(f"'a={first}'"), f"{rng.choice('bcd')}=2"]
    if rng.random() < 0.4:
        folder.write("data.txt", rng.choice(_CONTENTS))
        made["files"] = [rng.choice(("data.txt", "key.x=data.txt"))]
    if rng.random() < 0.3:
        folder.write("data.env", b'# comment\nENV_A=1\n\n ENV_B= two words \nENV_C="q"\n')
        if rng.random() < 0.5:
            made["env"] = "data.env"
        else:
            made["envs"] = ["data.env"]
    return made


def _configurations(folder: Folder) -> Any:
    thing: Fields = {"kind": "Thing", "create": True}
    reference = {"kind": "ConfigMap", "version": "v1", "fieldSpecs": [{"kind": "Thing", "path": "spec/configRef/name"}]}
    config: Fields = some(
        folder.rng,
        0.5,
        nameReference=lambda: [reference],
        images=lambda: [{"kind": "Thing", "path": "spec/items/image"}],
        commonLabels=lambda: [{**thing, "path": "spec/labels"}],
        commonAnnotations=lambda: [{**thing, "path": "spec/annotations"}],
        labels=lambda: [{**thing, "path": "spec/moreLabels"}],
        templateLabels=lambda: [{**thing, "path": "spec/templateLabels"}],
        namespace=lambda: [{**thing, "path": "spec/space"}],
        namePrefix=lambda: [{"kind": "Thing", "path": "spec/value"}],
        nameSuffix=lambda: [{"kind": "Thing", "path": "spec/nested/deep/none"}],
        varReference=lambda: [{"kind": "Thing", "path": "spec/list"}],
        replicas=lambda: [{**thing, "path": "spec/replicas"}],
    )
    return [folder.put("config.yaml", [config])]


def _crds(folder: Folder) -> Any:
    reference = {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"}
    marked = some(
        folder.rng,
        0.4,
        value=lambda: {"type": "string", "x-kubernetes-identity": ""},
        labels=lambda: {"type": "object", "x-kubernetes-label-selector": ""},
        annotations=lambda: {"type": "object", "x-kubernetes-annotation": ""},
    )
    spec = {"Schema": {"properties": {"configRef": {"type": "object", **reference}, **marked}}}
    properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    thing = {"Schema": {"properties": {**properties, "spec": {"$ref": "x.ThingSpec"}}}}
    return [folder.put("crds.yaml", [{"x.Thing": thing, "x.ThingSpec": spec}])]


def _sort(folder: Folder) -> Any:
    rng = folder.rng
    order = rng.choice(("fifo", "legacy", "legacy"))
    kinds = ["Service", "Deployment", "ConfigMap", "Thing", "Secret", "Namespace"]
    rng.shuffle(kinds)
    custom = {"orderFirst": kinds[:2], "orderLast": kinds[2 : rng.randint(2, 5)]}
    return {"order": order, **(some(rng, 0.5, legacySortOptions=lambda: custom) if order == "legacy" else {})}


def _metadata(folder: Folder) -> Any:
    known = ("originAnnotations", "transformerAnnotations", "managedByLabel")
    return folder.rng.sample(known, folder.rng.randint(1, 3))


def _openapi(folder: Folder) -> Any:
    if folder.rng.random() < 0.3:
        return {"version": "v1.21.2"}
    items = {
        "type": "array",
        "items": {"type": "object"},
        "x-kubernetes-patch-merge-key": "name",
        "x-kubernetes-patch-strategy": "merge",
    }
    thing = {
        "properties": {"spec": {"type": "object", "properties": {"items": items}}},
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
    }
    return {"path": folder.put("schema.yaml", [{"definitions": {"com.example.v1.Thing": thing}}])}


_LOCAL: Final = {"name": "x", "annotations": {"config.kubernetes.io/local-config": Raw("'true'")}}

FEATURES: Final[dict[str, Feature]] = {
    "namePrefix": _fixed("p-", "x.", Raw("'1-'")),
    "nameSuffix": _fixed("-s", "-v1", Raw("'-1'")),
    "namespace": _fixed("one", "three", "default"),
    "labels": _labels,
    "commonLabels": lambda folder: strings(folder.rng),
    "commonAnnotations": lambda folder: strings(folder.rng),
    "images": _images,
    "imageTags": _images,
    "replicas": _replicas,
    "patches": patches,
    "patchesStrategicMerge": patches_strategic_merge,
    "patchesJson6902": patches_json,
    "configMapGenerator": generator("ConfigMap"),
    "secretGenerator": generator("Secret"),
    "generatorOptions": options,
    "replacements": replacements,
    "vars": variables,
    "configurations": _configurations,
    "crds": _crds,
    "sortOptions": _sort,
    "buildMetadata": _metadata,
    "openapi": _openapi,
    "metadata": _fixed(_LOCAL),
}
