"""What the makers of a generated tree share: its files, and what is known of its objects."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.kustomize.objects import Object, make
from tests.kustomize.values import Raw, Writer

Fields = dict[str, Any]


class Tree:
    """A tree while it is made."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.files: dict[str, bytes] = {}
        #: The objects that are known so far.
        self.objects: list[Object] = []
        self.layers = 0
        #: Kind and name of generated objects.
        self.generated: list[tuple[str, str]] = []
        self.vars = 0


class Folder:
    """One directory of a tree."""

    def __init__(self, tree: Tree, path: str) -> None:
        self.tree = tree
        self.path = path

    @property
    def rng(self) -> Random:
        """Where chance comes from."""
        return self.tree.rng

    def write(self, file: str, content: bytes) -> str:
        """A file as it stands; its name."""
        self.tree.files[f"{self.path}/{file}"] = content
        return file

    def put(self, file: str, values: list[Any]) -> str:
        """A file of YAML documents; its name."""
        content = Writer(self.rng).documents(values)
        if self.rng.random() < 0.03:
            content = content.replace(b"\n", b"\r\n")
        return self.write(file, content)

    def new(self, name: str, values: list[Any]) -> str:
        """The same under a name that is not taken yet."""
        return self.put(f"{name}{len(self.tree.files)}.yaml", values)

    def kustomization(self, fields: Fields) -> None:
        """The folder's kustomization, its fields in any order."""
        items = list(fields.items())
        self.rng.shuffle(items)
        file = self.rng.choice(("kustomization.yaml",) * 4 + ("kustomization.yml", "Kustomization"))
        self.put(file, [dict(items)])

    def inline(self, values: list[Any]) -> Raw:
        """Documents as one text."""
        return Raw("|-\n" + Writer(self.rng).documents(values).decode().rstrip("\n"))

    def inline_or_file(self, values: list[Any], name: str = "p") -> Fields:
        """A patch, under the field that says where it is."""
        return {"path": self.new(name, values)} if self.rng.random() < 0.5 else {"patch": self.inline(values)}

    def target(self, *kinds: str) -> Object:
        """One of the objects known, of these kinds if there is one."""
        known = self.tree.objects
        found = [obj for obj in known if not kinds or obj["kind"] in kinds]
        return self.rng.choice(found or known or [make(self.rng)])


def identity(obj: Object) -> Object:
    """An object's apiVersion, kind, name and namespace."""
    namespace = obj["metadata"].get("namespace")
    metadata = {"name": obj["metadata"]["name"], **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}


def group_version(obj: Object) -> tuple[str, str]:
    """An object's group and version."""
    group, _, version = obj["apiVersion"].rpartition("/")
    return group, version
