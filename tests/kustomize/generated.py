"""Trees made from a seed: bases, components, diamonds and overlays with every field of a kustomization."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.kustomize.objects import IMAGES, Object, make, name, some, strings
from tests.kustomize.values import Raw, Writer, scalar, text

Fields = dict[str, Any]
_COMPONENT: Final = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
_SCALABLE: Final = ("Deployment", "StatefulSet")


def tree(seed: int) -> dict[str, bytes]:
    """The files of a tree; `over` is what is built."""
    return _Tree(Random(seed)).make()


def _key(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace", "")


class _Tree:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.files: dict[str, bytes] = {}
        self.objects: list[Object] = []
        self.layers = 0
        #: Names of generated objects.
        self.generated: list[str] = []
        self.vars = 0

    def make(self) -> dict[str, bytes]:
        """A few bases, what lies between, and the root."""
        rng = self.rng
        bases = [self._base(f"base{n}") for n in range(rng.choice((1, 1, 1, 2)))]
        components = [self._component(f"comp{n}") for n in range(rng.choice((0, 0, 1, 2)))]
        middle = [self._layer(f"mid{n}", bases, components[:1], 0.1) for n in range(rng.choice((0, 0, 1, 2)))]
        self._layer("over", middle or bases, components[len(middle[:1]) :], 0.14)
        return self.files

    def _base(self, folder: str) -> str:
        rng = self.rng
        known = {_key(obj) for obj in self.objects}
        objects = []
        for _ in range(rng.randint(1, 7)):
            obj = make(rng)
            if _key(obj) not in known:
                known.add(_key(obj))
                objects.append(obj)
        before, self.objects = self.objects, objects
        cut = rng.randint(0, len(objects))
        resources = []
        for file, part in (("a.yaml", objects[:cut]), ("b.yaml", objects[cut:])):
            if part:
                resources.append(file)
                self._put(folder, file, part)
        self._kustomization(folder, {"resources": resources, **self._features(folder, 0.06)})
        self.objects = before + objects
        return folder

    def _component(self, folder: str) -> str:
        self._kustomization(folder, {**_COMPONENT, **(self._features(folder, 0.15) or {"namePrefix": "c-"})})
        return folder

    def _layer(self, folder: str, below: list[str], components: list[str], chance: float) -> str:
        rng = self.rng
        fields: Fields = {rng.choice(("resources", "resources", "bases")): [f"../{base}" for base in below]}
        if rng.random() < 0.25:
            self.layers += 1
            own = make(rng)
            own["metadata"]["name"] += f"-own{self.layers}"
            self.objects.append(own)
            self._put(folder, "own.yaml", [own])
            fields.setdefault("resources", []).append("own.yaml")
        if components and rng.random() < 0.7:
            fields["components"] = [f"../{component}" for component in components]
        fields.update(self._features(folder, chance))
        if folder.startswith("mid") and rng.random() < 0.95:
            fields["nameSuffix"] = f"-{folder}"
        self._kustomization(folder, fields)
        return folder

    def _kustomization(self, folder: str, fields: Fields) -> None:
        items = list(fields.items())
        self.rng.shuffle(items)
        file = self.rng.choice(("kustomization.yaml",) * 4 + ("kustomization.yml", "Kustomization"))
        self._put(folder, file, [dict(items)])

    def _put(self, folder: str, file: str, values: list[Any]) -> str:
        self.files[f"{folder}/{file}"] = Writer(self.rng).documents(values)
        return file

    def _features(self, folder: str, chance: float) -> Fields:
        fields: Fields = {}
        for field, feature in _FEATURES.items():
            if self.rng.random() < chance:
                fields[field] = feature(self, folder)
        return fields

    # --- fields ---------------------------------------------------------------------------------------

    def _labels(self, folder: str) -> Any:
        del folder
        flags = some(self.rng, 0.4, includeSelectors=lambda: True, includeTemplates=lambda: True)
        fields = [{"path": "spec/custom/labels", "kind": "Thing", "create": True}]
        return [{"pairs": strings(self.rng), **flags, **some(self.rng, 0.15, fields=lambda: fields)}]

    def _images(self, folder: str) -> Any:
        del folder
        image = self.rng.choice((*IMAGES, "nginx", "registry.example.com:5000/team/app", "team/app", "redis", ".*"))
        change = some(
            self.rng,
            0.5,
            newName=lambda: "other.example.com/x",
            newTag=lambda: text(self.rng) if self.rng.random() < 0.2 else Raw('"2.0"'),
            digest=lambda: "sha256:fff",
            tagSuffix=lambda: "-x",
        )
        return [{"name": image, **change}]

    def _replicas(self, folder: str) -> Any:
        del folder
        if self.rng.random() < 0.95 and not any(obj["kind"] in _SCALABLE for obj in self.objects):
            return []
        return [{"name": self._target(*_SCALABLE)["metadata"]["name"], "count": self.rng.choice((0, 2, 5))}]

    def _target(self, *kinds: str) -> Object:
        found = [obj for obj in self.objects if not kinds or obj["kind"] in kinds]
        return self.rng.choice(found or self.objects or [make(self.rng)])

    def _identity(self, obj: Object) -> Object:
        namespace = obj["metadata"].get("namespace")
        metadata = {"name": obj["metadata"]["name"], **({"namespace": namespace} if namespace else {})}
        return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}

    def _strategic(self) -> Object:
        obj = self._target()
        patch = self._identity(obj)
        if self.rng.random() < 0.08:
            return {**patch, "$patch": self.rng.choice(("delete", "replace"))}
        if self.rng.random() < 0.4:
            patch["metadata"].update(
                some(self.rng, 0.6, labels=lambda: strings(self.rng), annotations=lambda: strings(self.rng))
            )
        rest = [key for key in obj if key not in patch]
        for key in rest[: self.rng.randint(0, len(rest))]:
            patch[key] = self._changed(obj[key])
        return patch

    def _changed(self, value: Any) -> Any:
        """Part of a value with other leaves, nulls and directives."""
        rng = self.rng
        if rng.random() < 0.05:
            return None
        if isinstance(value, dict):
            changed = {key: self._changed(child) for key, child in value.items() if rng.random() < 0.6}
            if rng.random() < 0.15:
                changed[rng.choice(("new", "env", "labels"))] = text(rng)
            if rng.random() < 0.03:
                changed["$patch"] = rng.choice(("delete", "replace", "merge"))
            for key in ("name", "containerPort", "port", "mountPath", "topologyKey", "whenUnsatisfiable"):
                if key in value and rng.random() < 0.9:
                    changed[key] = value[key]
            return changed
        if isinstance(value, list):
            items = [self._changed(child) for child in value if rng.random() < 0.7]
            if rng.random() < 0.25:
                items.append(
                    {"name": "added", "value": text(rng)} if value and isinstance(value[0], dict) else text(rng)
                )
            if rng.random() < 0.05:
                items.append({"$patch": rng.choice(("delete", "replace"))})
            return [item for item in items if item is not None]
        return value if rng.random() < 0.3 else scalar(rng)

    def _operations(self, obj: Object) -> list[Object]:
        rng = self.rng
        operations = []
        for _ in range(rng.randint(1, 3)):
            path, value = self._place(obj)
            op = rng.choice(("add",) * 5 + ("replace",) * 5 + ("remove", "remove", "test", "copy", "move"))
            operation: Object = {"op": op, "path": path}
            if op == "test":
                operation["value"] = value if rng.random() < 0.8 else scalar(rng)
            elif op in ("copy", "move"):
                operation |= {"from": path, "path": rng.choice(("/copied", "/metadata/copied"))}
            elif op != "remove":
                operation["value"] = rng.choice((scalar(rng), text(rng), {"k": scalar(rng)}))
            if op == "add" and rng.random() < 0.6:
                ends = (
                    ("/-", "/0", "/-1")
                    if isinstance(value, list)
                    else ("/new", "/a~1b")
                    if isinstance(value, dict)
                    else ("x",)
                )
                operation["path"] += rng.choice(ends)
            operations.append(operation)
        return operations

    def _place(self, obj: Object) -> tuple[str, Any]:
        """A JSON pointer into an object, and what is there."""
        node: Any = obj
        pointer = ""
        while isinstance(node, (dict, list)) and node and (not pointer or self.rng.random() < 0.75):
            key: Any = self.rng.choice(list(node)) if isinstance(node, dict) else self.rng.randrange(len(node))
            pointer += "/" + str(key).replace("~", "~0").replace("/", "~1")
            node = node[key]
        return pointer, node

    def _selector(self) -> Object:
        obj = self._target()
        metadata = obj["metadata"]
        found = some(
            self.rng,
            0.5,
            kind=lambda: self.rng.choice((obj["kind"], obj["kind"], "Deployment|Service", ".*Set")),
            name=lambda: self.rng.choice((metadata["name"], metadata["name"], "w.*", "web|api", "we", "(web|db)(-1)?")),
            version=lambda: "v1",
            labelSelector=lambda: self.rng.choice(("app", "app=a", "app in (a,web)", "!tier", "app!=b,tier notin (a)")),
            annotationSelector=lambda: self.rng.choice(("app", "yes=a", "!Z")),
            namespace=lambda: self.rng.choice(("one", "default", "t.*")),
        )
        return found or {"kind": obj["kind"]}

    def _inline_or_file(self, folder: str, value: list[Any]) -> Object:
        content = Writer(self.rng).documents(value)
        if self.rng.random() < 0.5:
            file = f"p{len(self.files)}.yaml"
            self.files[f"{folder}/{file}"] = content
            return {"path": file}
        return {"patch": Raw("|-\n" + content.decode().rstrip("\n"))}

    def _patches(self, folder: str) -> Any:
        patches = []
        for _ in range(self.rng.randint(1, 2)):
            kind = self.rng.random()
            if kind < 0.45:
                patches.append(self._inline_or_file(folder, [self._strategic()]))
            elif kind < 0.7:
                strategic = {**self._strategic(), "metadata": {"name": "ignored", "labels": strings(self.rng)}}
                options = some(
                    self.rng, 0.2, options=lambda: {self.rng.choice(("allowNameChange", "allowKindChange")): True}
                )
                patches.append({**self._inline_or_file(folder, [strategic]), "target": self._selector(), **options})
            else:
                obj = self._target()
                target = (
                    {"kind": obj["kind"], "name": obj["metadata"]["name"]}
                    if self.rng.random() < 0.8
                    else self._selector()
                )
                patches.append({**self._inline_or_file(folder, [self._operations(obj)]), "target": target})
        return patches

    def _patches_strategic_merge(self, folder: str) -> Any:
        value = self._inline_or_file(folder, [self._strategic()])
        return [next(iter(value.values()))]

    def _patches_json(self, folder: str) -> Any:
        obj = self._target()
        group, _, version = obj["apiVersion"].rpartition("/")
        target = {"group": group, "version": version, "kind": obj["kind"], "name": obj["metadata"]["name"]}
        return [{**self._inline_or_file(folder, [self._operations(obj)]), "target": target}]

    def _generator(self, folder: str) -> Any:
        rng = self.rng
        generator: Fields = {"name": name(rng) if rng.random() < 0.2 else f"gen{len(self.files)}"}
        if self.generated and rng.random() < 0.5:
            generator |= {"name": rng.choice(self.generated), "behavior": rng.choice(("merge", "replace"))}
        self.generated.append(generator["name"])
        if rng.random() < 0.7:
            generator["literals"] = [
                Raw("'a=" + rng.choice(("1", "x y", '"quoted"', "é", "a=b", "")) + "'"),
                f"{rng.choice('bcd')}=2",
            ]
        if rng.random() < 0.4:
            self.files[f"{folder}/data.txt"] = rng.choice(
                (b"text\n", b"\xff\xfe\x00", b"", "é\n".encode(), b"a: b\n  c\n", b"x" * 200, b"tab\t\n \n")
            )
            generator["files"] = [rng.choice(("data.txt", "key.x=data.txt"))]
        if rng.random() < 0.3:
            self.files[f"{folder}/data.env"] = b'# comment\nENV_A=1\n\n ENV_B= two words \nENV_C="q"\n'
            generator[rng.choice(("envs", "env"))] = "data.env"
            if "envs" in generator:
                generator["envs"] = ["data.env"]
        generator.update(
            some(rng, 0.08, behavior=lambda: rng.choice(("create", "merge", "replace")), namespace=lambda: "one")
        )
        generator.update(some(rng, 0.2, options=lambda: self._options(folder)))
        return [generator]

    def _options(self, folder: str) -> Any:
        del folder
        rng = self.rng
        return some(
            rng,
            0.4,
            labels=lambda: strings(rng),
            annotations=lambda: strings(rng),
            disableNameSuffixHash=lambda: True,
            immutable=lambda: True,
        )

    def _replacements(self, folder: str) -> Any:
        source, target = self._target(), self._target()
        into = some(self.rng, 0.35, create=lambda: True, delimiter=lambda: self.rng.choice((":", "/", "-")))
        if "delimiter" in into:
            into |= some(self.rng, 0.7, index=lambda: self.rng.choice((0, 1, -1, 5)))
        replacement = {
            "source": {
                "kind": source["kind"],
                "name": source["metadata"]["name"],
                "fieldPath": self._field_path(source),
                **some(self.rng, 0.1, options=lambda: {"delimiter": ":", "index": self.rng.choice((0, 1))}),
            },
            "targets": [
                {
                    "select": {"kind": target["kind"], **some(self.rng, 0.6, name=lambda: target["metadata"]["name"])},
                    "fieldPaths": [self._field_path(target) + self.rng.choice(("", "", "", ".added"))],
                    **some(self.rng, 0.9 if into else 0.0, options=lambda: into),
                    **some(self.rng, 0.1, reject=lambda: [{"name": "web"}]),
                }
            ],
        }
        if self.rng.random() < 0.2:
            return [{"path": self._put(folder, "replacement.yaml", [replacement])}]
        return [replacement]

    def _field_path(self, obj: Object) -> str:
        node: Any = obj
        parts: list[str] = []
        while isinstance(node, (dict, list)) and node and (not parts or self.rng.random() < 0.85):
            if isinstance(node, dict):
                key = self.rng.choice(list(node))
                parts.append(f"[{key}]" if "." in key else key)
                node = node[key]
            else:
                at = self.rng.randrange(len(node))
                named = isinstance(node[at], dict) and "name" in node[at] and self.rng.random() < 0.6
                parts.append(f"[name={node[at]['name']}]" if named else self.rng.choice((str(at), str(at), "*")))
                node = node[at]
        return ".".join(parts)

    def _vars(self, folder: str) -> Any:
        del folder
        obj = self._target()
        ref = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": obj["metadata"]["name"]}
        field = self.rng.choice(
            ({}, {"fieldref": {"fieldpath": self.rng.choice(("metadata.name", "metadata.namespace", "spec.replicas"))}})
        )
        self.vars += 1
        return [{"name": "VAR" if self.vars == 1 else f"X{self.vars}", "objref": ref, **field}]

    def _transformers(self, folder: str) -> Any:
        rng = self.rng
        labels = [{"path": "metadata/labels", "create": True}]
        plugins: list[tuple[str, Fields]] = [
            ("LabelTransformer", {"labels": strings(rng), "fieldSpecs": labels}),
            (
                "AnnotationsTransformer",
                {"annotations": strings(rng), "fieldSpecs": [{"path": "metadata/annotations", "create": True}]},
            ),
            ("PrefixTransformer", {"prefix": "t-", "fieldSpecs": [{"path": "metadata/name"}]}),
            ("SuffixTransformer", {"suffix": "-t", "fieldSpecs": [{"path": "metadata/name"}]}),
            (
                "PrefixSuffixTransformer",
                {"prefix": "t-", "suffix": "-u", "fieldSpecs": [{"path": "metadata/name", "kind": "Deployment"}]},
            ),
            (
                "NamespaceTransformer",
                {"unsetOnly": rng.random() < 0.5, "fieldSpecs": [{"path": "metadata/namespace", "create": True}]},
            ),
            ("ImageTagTransformer", {"imageTag": {"name": "busybox", "newTag": "v9"}}),
            (
                "ReplicaCountTransformer",
                {
                    "replica": {"name": self._target(*_SCALABLE)["metadata"]["name"], "count": 9},
                    "fieldSpecs": [{"path": "spec/replicas", "kind": "Deployment", "create": True}],
                },
            ),
            (
                "PatchTransformer",
                {
                    "patch": '[{"op": "add", "path": "/metadata/labels", "value": {"p": "q"}}]',
                    "target": self._selector(),
                },
            ),
            ("HashTransformer", {}),
        ]
        kind, config = rng.choice(plugins)
        namespace = {"namespace": "three"} if kind == "NamespaceTransformer" else {}
        plugin = {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "plugin", **namespace}, **config}
        if rng.random() < 0.5:
            return [self._put(folder, f"t{len(self.files)}.yaml", [plugin])]
        return [Raw("|-\n" + Writer(rng).documents([plugin]).decode().rstrip("\n"))]

    def _generators(self, folder: str) -> Any:
        kind = self.rng.choice(("ConfigMapGenerator", "SecretGenerator"))
        config = {"literals": ["a=1"], **some(self.rng, 0.5, options=lambda: self._options(folder))}
        plugin = {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "made"}, "name": "made", **config}
        return [self._put(folder, f"g{len(self.files)}.yaml", [plugin])]

    def _configurations(self, folder: str) -> Any:
        rng = self.rng
        config: Fields = some(
            rng,
            0.5,
            nameReference=lambda: [
                {"kind": "ConfigMap", "version": "v1", "fieldSpecs": [{"kind": "Thing", "path": "spec/configRef/name"}]}
            ],
            images=lambda: [{"kind": "Thing", "path": "spec/items/image"}],
            commonLabels=lambda: [{"kind": "Thing", "path": "spec/labels", "create": True}],
            commonAnnotations=lambda: [{"kind": "Thing", "path": "spec/annotations", "create": True}],
            namespace=lambda: [{"kind": "Thing", "path": "spec/space", "create": True}],
            namePrefix=lambda: [{"kind": "Thing", "path": "spec/value"}],
            varReference=lambda: [{"kind": "Thing", "path": "spec/list"}],
            replicas=lambda: [{"kind": "Thing", "path": "spec/replicas", "create": True}],
        )
        return [self._put(folder, "config.yaml", [config])]

    def _crds(self, folder: str) -> Any:
        reference = {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"}
        spec = {"Schema": {"properties": {"configRef": {"type": "object", **reference}}}}
        properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
        thing = {"Schema": {"properties": {**properties, "spec": {"$ref": "x.ThingSpec"}}}}
        return [self._put(folder, "crds.yaml", [{"x.Thing": thing, "x.ThingSpec": spec}])]

    def _sort(self, folder: str) -> Any:
        del folder
        order = self.rng.choice(("fifo", "legacy", "legacy"))
        custom = {"orderFirst": ["Service", "Deployment"], "orderLast": ["ConfigMap", "Thing"]}
        return {"order": order, **(some(self.rng, 0.5, legacySortOptions=lambda: custom) if order == "legacy" else {})}

    def _metadata(self, folder: str) -> Any:
        del folder
        known = ("originAnnotations", "transformerAnnotations", "managedByLabel")
        return self.rng.sample(known, self.rng.randint(1, 3))

    def _openapi(self, folder: str) -> Any:
        if self.rng.random() < 0.3:
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
        return {"path": self._put(folder, "schema.yaml", [{"definitions": {"com.example.v1.Thing": thing}}])}


def _fixed(*values: Any) -> Callable[[_Tree, str], Any]:
    return lambda tree, folder: tree.rng.choice(values)


_FEATURES: Final[dict[str, Callable[[_Tree, str], Any]]] = {
    "namePrefix": _fixed("p-", "x.", Raw("'1-'")),
    "nameSuffix": _fixed("-s", "-v1"),
    "namespace": _fixed("one", "three", "default"),
    "labels": _Tree._labels,
    "commonLabels": lambda tree, folder: strings(tree.rng),
    "commonAnnotations": lambda tree, folder: strings(tree.rng),
    "images": _Tree._images,
    "imageTags": _Tree._images,
    "replicas": _Tree._replicas,
    "patches": _Tree._patches,
    "patchesStrategicMerge": _Tree._patches_strategic_merge,
    "patchesJson6902": _Tree._patches_json,
    "configMapGenerator": _Tree._generator,
    "secretGenerator": _Tree._generator,
    "generatorOptions": _Tree._options,
    "replacements": _Tree._replacements,
    "vars": _Tree._vars,
    "transformers": _Tree._transformers,
    "generators": _Tree._generators,
    "configurations": _Tree._configurations,
    "crds": _Tree._crds,
    "sortOptions": _Tree._sort,
    "buildMetadata": _Tree._metadata,
    "openapi": _Tree._openapi,
    "metadata": lambda tree, folder: {"name": "x", "annotations": {"config.kubernetes.io/local-config": Raw("'true'")}},
}
